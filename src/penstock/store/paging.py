"""A part of a list: what stands after a place in its order, up to so many; and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar, TypeVarTuple

import msgspec
from sqlalchemy import Select, and_, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

Item = TypeVar("Item")
Columns = TypeVarTuple("Columns")

LONGEST: Final = 1000


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """`after` is the creation time and the id of the last item that was seen."""

    after: tuple[float, str] | None = None
    limit: int = 100


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """`next` is where the next page begins, None at the end."""

    items: tuple[Item, ...]
    next: tuple[float, str] | None = None


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What of everything a caller may see: all, or that of some projects and APIs, by id."""

    everywhere: bool = False
    projects: frozenset[str] = frozenset()
    apis: frozenset[str] = frozenset()

    def holds(
        self,
        project: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | None,
        api: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | None,
    ) -> ColumnElement[bool]:
        """Return the condition that a row is in reach; without its column, nothing is."""
        if self.everywhere:
            return true()
        tests: list[ColumnElement[bool]] = [false()]
        if project is not None:
            tests.append(project.in_(sorted(self.projects)))
        if api is not None:
            tests.append(api.in_(sorted(self.apis)))
        return or_(*tests)


ALL: Final = Reach(everywhere=True)


def spanned(
    query: Select[*Columns],
    created: InstrumentedAttribute[float],
    identifier: InstrumentedAttribute[str],
    span: Span,
) -> Select[*Columns]:
    """Return the oldest first after a place, one more than wanted: it tells that there is more."""
    if span.after is not None:
        time, last = span.after
        query = query.where(or_(created > time, and_(created == time, identifier > last)))
    return query.order_by(created, identifier).limit(span.limit + 1)


def newest(
    query: Select[*Columns],
    created: InstrumentedAttribute[float],
    identifier: InstrumentedAttribute[str],
    span: Span,
) -> Select[*Columns]:
    """Return the newest first after a place, one more than wanted."""
    if span.after is not None:
        time, last = span.after
        query = query.where(or_(created < time, and_(created == time, identifier < last)))
    return query.order_by(created.desc(), identifier.desc()).limit(span.limit + 1)


def paged(
    found: Sequence[Item], span: Span, place: Callable[[Item], tuple[float, str]]
) -> Page[Item]:
    """Cut what `spanned` found to the page that was asked for."""
    items = tuple(found[: span.limit])
    return Page(items=items, next=place(items[-1]) if len(found) > span.limit else None)
