"""What the manager answers: each route says its permission, or it cannot be written down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import msgspec

from penstock.deploy.types import Place
from penstock.manager.callers import Caller
from penstock.manager.context import ManagerContext
from penstock.manager.waiting import Wakeful
from penstock.store.grants import Scope, is_permission
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, Resource, Work

Form = TypeVar("Form")

ROOT: Final = "/api/v1"


class Open(Enum):
    """Instead of a permission: routes that need none."""

    ANYBODY = "anybody"
    KNOWN = "whoever has a valid token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request whose caller is known and may. `ids` are those of its path, all in `scope`."""

    context: ManagerContext
    caller: Caller
    now: float
    ids: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    query: object = None
    last_event: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.ids["api_id"], self.ids["environment"])


@dataclass(frozen=True, slots=True)
class Download:
    """A file to send and then to remove, under a name."""

    path: Path
    name: str
    media_type: str


Prepare: TypeAlias = Callable[[Call, object], object]


@dataclass(frozen=True, slots=True)
class Reads:
    """Answers from one consistent look; `narrowed` to what is in the caller's reach."""

    run: Callable[[Look, Call], object]
    narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Lists:
    """Answers with a page of what is in the caller's reach; not `narrowed`, of everything."""

    run: Callable[[Look, Call, Reach, Span], Page[object]]
    narrowed: bool = True


@dataclass(frozen=True, slots=True)
class Makes:
    """Does something in one unit of work; `prepare` comes before it, outside of any transaction."""

    run: Callable[[Work, Call, object], object]
    prepare: Prepare | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes what `current` shows, if it still is what the caller means by If-Match.

    `current` raises NotFoundError for what is not there; with `makes`, a PUT may then make it.
    """

    run: Callable[[Work, Call, object], object]
    current: Callable[[Look, Call], object]
    prepare: Prepare | None = None
    makes: bool = False


@dataclass(frozen=True, slots=True)
class Acts:
    """Asks the desk; that it was asked is in the audit log before. `check` may refuse first."""

    run: Callable[[Call, object], object]
    about: Callable[[Call], Resource]
    check: Callable[[Look, Call, object], None] | None = None


@dataclass(frozen=True, slots=True)
class Downloads:
    """Answers with a file that `run` writes."""

    run: Callable[[Call], Download]


@dataclass(frozen=True, slots=True)
class Streams:
    """Answers piece by piece: server-sent events, or lines."""

    run: Callable[[Call, Wakeful], AsyncIterator[bytes]]
    check: Callable[[Look, Call], None]
    media_type: str = "text/event-stream"


def taking(
    form: type[Form], run: Callable[[Work, Call, Form], object]
) -> Callable[[Work, Call, object], object]:
    """Let a handler take what it was made for."""

    def typed(work: Work, call: Call, given: object) -> object:
        return run(work, call, _checked(form, given))

    return typed


def asking(
    form: type[Form], run: Callable[[Call, Form], object]
) -> Callable[[Call, object], object]:
    """Let what is done outside of a unit of work take what it was made for."""

    def typed(call: Call, given: object) -> object:
        return run(call, _checked(form, given))

    return typed


def _checked(form: type[Form], given: object) -> Form:
    if not isinstance(given, form):
        raise TypeError(f"{form.__name__} was expected, not {type(given).__name__}")
    return given


Handler: TypeAlias = Reads | Lists | Makes | Changes | Acts | Downloads | Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `takes` is the form of its body (Path: a file), `gives` that of its answer.

    `codes` are of the errors beyond those that any operation of its kind has.
    """

    method: str
    path: str
    permission: str | Open
    summary: str
    handler: Handler
    takes: type | None = None
    gives: type | None = None
    query: type[msgspec.Struct] | None = None
    status: int = 200
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.permission, Open) and not is_permission(self.permission):
            raise ValueError(f"{self.method} {self.path}: {self.permission!r} is no permission")
        if self.method == "GET" and not isinstance(
            self.handler, Reads | Lists | Downloads | Streams
        ):
            raise ValueError(f"GET {self.path} would change something")
        conditional = self.method in {"PUT", "PATCH", "DELETE"}
        if conditional is not isinstance(self.handler, Changes):
            raise ValueError(f"{self.method} {self.path} is not of the kind that its method needs")

    @property
    def address(self) -> str:
        return ROOT + self.path
