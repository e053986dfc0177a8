"""The audit log, page by page, as far as somebody may see it."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from penstock.store.chain import AuditRow, ChainedEntry, chained
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`resource` and `actor` are ids; times are in epoch seconds, `until` is not part of it."""

    actor: str | None = None
    resource: str | None = None
    api: str | None = None
    since: float | None = None
    until: float | None = None


def page(look: Look, reach: Reach, span: Span, wanted: AuditFilter) -> Page[ChainedEntry]:
    """Return the newest first; what is of no project is for who may see everything."""
    query = select(AuditRow).where(reach.holds(AuditRow.project, AuditRow.api))
    if span.after is not None:
        query = query.where(AuditRow.sequence < int(span.after[0]))
    if wanted.actor is not None:
        query = query.where(AuditRow.actor == wanted.actor)
    if wanted.resource is not None:
        query = query.where(AuditRow.resource == wanted.resource)
    if wanted.api is not None:
        query = query.where(AuditRow.api == wanted.api)
    if wanted.since is not None:
        query = query.where(AuditRow.time >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.time < wanted.until)
    ordered = query.order_by(AuditRow.sequence.desc()).limit(span.limit + 1)
    found = [chained(row) for row in look.session.scalars(ordered)]
    items = tuple(found[: span.limit])
    more = len(found) > span.limit
    return Page(items=items, next=(float(items[-1].sequence), "") if more else None)
