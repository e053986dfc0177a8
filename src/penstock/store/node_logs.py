"""The end of the log of a node that failed, kept after the node itself is gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, defer, mapped_column

from penstock.errors import NotFoundError
from penstock.store import apis
from penstock.store.apis import ApiRow
from penstock.store.database import Row
from penstock.store.desk import KeptLog
from penstock.store.paging import Page, Reach, Span, newest, paged
from penstock.store.unit import Look, Work

KEPT: Final = 20  # logs of each API: the newest
LARGEST: Final = 64 << 10  # bytes of each: the last


class NodeLogRow(Row):
    __tablename__ = "node_logs"

    node: Mapped[str] = mapped_column(String, primary_key=True)
    api: Mapped[str] = mapped_column(String, index=True)
    environment: Mapped[str]
    deployment: Mapped[str]
    reason: Mapped[str]
    created: Mapped[float]
    size: Mapped[int]
    text: Mapped[bytes] = mapped_column(LargeBinary)


class KeptLogFilter(msgspec.Struct, frozen=True, kw_only=True):
    api: str | None = None
    environment: str | None = None
    deployment: str | None = None


def last_part(lines: Iterable[bytes]) -> bytes:
    """Return the last lines that fit, each with its end; of one that is longer, its last part."""
    kept: deque[bytes] = deque()
    size = 0
    for line in lines:
        kept.append(line[1 - LARGEST :] + b"\n")
        size += len(kept[-1])
        while size > LARGEST:
            size -= len(kept.popleft())
    return b"".join(kept)


def keep(work: Work, log: KeptLog, text: bytes) -> None:
    """Keep a log, in place of one of the same node, and only the newest of its API.

    Raises NotFoundError for an API that is gone.
    """
    apis.get(work, log.api)
    work.session.merge(NodeLogRow(**msgspec.structs.asdict(log), text=text))
    work.session.flush()
    newer = select(NodeLogRow.node).where(NodeLogRow.api == log.api)
    newer = newer.order_by(NodeLogRow.created.desc(), NodeLogRow.node.desc()).limit(KEPT)
    surplus = NodeLogRow.node.not_in(newer.scalar_subquery())
    work.session.execute(delete(NodeLogRow).where(NodeLogRow.api == log.api, surplus))


def get(look: Look, node: str) -> KeptLog:
    """Raise NotFoundError for a node of which nothing is kept."""
    return _record(_row(look, node))


def lines(look: Look, node: str) -> list[bytes]:
    """Return what is kept, without the lines' ends. Raises NotFoundError."""
    return _row(look, node).text.split(b"\n")[:-1]


def page(look: Look, reach: Reach, span: Span, wanted: KeptLogFilter) -> Page[KeptLog]:
    query = select(NodeLogRow).options(defer(NodeLogRow.text))
    query = query.join(ApiRow, ApiRow.id == NodeLogRow.api)
    query = query.where(reach.holds(ApiRow.project, NodeLogRow.api))
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(NodeLogRow, name) == value)
    rows = look.session.scalars(newest(query, NodeLogRow.created, NodeLogRow.node, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.node))


def remove_all(work: Work, api: str) -> None:
    """Forget what is kept of an API's nodes."""
    work.session.execute(delete(NodeLogRow).where(NodeLogRow.api == api))


def _row(look: Look, node: str) -> NodeLogRow:
    row = look.session.get(NodeLogRow, node)
    if row is None:
        raise NotFoundError(f"There is no node {node!r}, and no log of it was kept.")
    return row


def _record(row: NodeLogRow) -> KeptLog:
    return KeptLog(**{name: getattr(row, name) for name in KeptLog.__struct_fields__})
