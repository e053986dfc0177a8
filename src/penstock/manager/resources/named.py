"""What is kept under names of the caller's -> its four routes: list, show, set and remove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Generic, TypeVar

from penstock.manager.routes import Call, Changes, Reads, Route, taking
from penstock.store.unit import Look, Work

Form = TypeVar("Form")


@dataclass(frozen=True, slots=True)
class Named(Generic[Form]):
    """`path` is that of the list, `permission` without its action, `record` what one of them is.

    `says` are the summaries of the four, in order.
    """

    path: str
    permission: str
    _: KW_ONLY
    every: Callable[[Look, Call], object]
    show: Callable[[Look, Call], object]
    put: Callable[[Work, Call, Form], object]
    remove: Callable[[Work, Call, object], None]
    listing: type
    record: type
    form: type[Form]
    says: tuple[str, str, str, str]
    codes: tuple[str, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        one = f"{self.path}/{{name}}"
        return (
            Route(
                method="GET",
                path=self.path,
                permission=f"{self.permission}:read",
                summary=self.says[0],
                handler=Reads(self.every),
                gives=self.listing,
            ),
            Route(
                method="GET",
                path=one,
                permission=f"{self.permission}:read",
                summary=self.says[1],
                handler=Reads(self.show),
                gives=self.record,
            ),
            Route(
                method="PUT",
                path=one,
                permission=f"{self.permission}:write",
                summary=self.says[2],
                handler=Changes(taking(self.form, self.put), self.show, makes=True),
                takes=self.form,
                gives=self.record,
                codes=self.codes,
            ),
            Route(
                method="DELETE",
                path=one,
                permission=f"{self.permission}:delete",
                summary=self.says[3],
                handler=Changes(self.remove, self.show),
            ),
        )
