"""The audit log and the sums of usage, over HTTP."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from penstock.errors import ManagementError
from penstock.manager.forms import whole
from penstock.manager.routes import Call, Download, Downloads, Lists, Reads, Route
from penstock.store import audit, usage
from penstock.store.audit import AuditFilter
from penstock.store.chain import ChainedEntry, Verdict, entries, verify
from penstock.store.failures import translated
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, looking
from penstock.store.usage import UsageCount, UsageFilter


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it was once exported; both or none."""

    sequence: Annotated[int, Meta(ge=1)] | None = None
    hash: Annotated[str, Meta(pattern=whole(r"[0-9a-f]{64}"))] | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[UsageCount, ...]


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, AuditFilter, from_attributes=True)
    found = audit.page(look, reach, span, wanted)
    return Page(items=found.items, next=found.next)


def _verify(look: Look, call: Call) -> Verdict:
    wanted = msgspec.convert(call.query, Anchor, from_attributes=True)
    if (wanted.sequence is None) is not (wanted.hash is None):
        raise ManagementError("sequence and hash go together.", pointer="?sequence")
    if wanted.sequence is None or wanted.hash is None:
        return verify(look.session)
    return verify(look.session, (wanted.sequence, wanted.hash))


def _export(call: Call) -> Download:
    folder = call.context.contents.folder
    encode = msgspec.json.Encoder().encode
    with translated(str(folder)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(prefix=".audit-", dir=folder, delete=False)  # noqa: SIM115 closed below
        with file, looking(call.context.database) as look:
            for entry in entries(look.session):
                file.write(encode(entry) + b"\n")
    return Download(Path(file.name), "audit.ndjson", "application/x-ndjson")


def _usage(look: Look, call: Call) -> Usage:
    wanted = msgspec.convert(call.query, UsageFilter, from_attributes=True)
    reach = call.caller.grants.reach("usage:events:read")
    return Usage(items=usage.counted(look, reach, wanted))


ROUTES: Final = (
    Route(
        method="GET",
        path="/audit",
        permission="audit:entries:read",
        summary="List who did what, the newest first",
        handler=Lists(_list),
        query=AuditFilter,
        gives=ChainedEntry,
    ),
    Route(
        method="GET",
        path="/audit/verify",
        permission="audit:entries:verify",
        summary="Find the first entry of the audit log that was tampered with",
        handler=Reads(_verify),
        query=Anchor,
        gives=Verdict,
    ),
    Route(
        method="GET",
        path="/audit/export",
        permission="audit:entries:export",
        summary="Download the audit log, a line of JSON for each entry",
        handler=Downloads(_export),
        gives=Path,
    ),
    Route(
        method="GET",
        path="/usage",
        permission="usage:events:read",
        summary="Count what was asked of each version",
        handler=Reads(_usage, narrowed=True),
        query=UsageFilter,
        gives=Usage,
    ),
)
