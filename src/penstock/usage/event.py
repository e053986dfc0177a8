"""What a node tells of each request it answered ↔ lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.errors import ManagementError

MEDIA_TYPE: Final = "application/x-ndjson"


class UsageUnreadableError(ManagementError):
    """Lines that are not usage events."""

    code = "INVALID_USAGE"
    title = "These are not usage events"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which node of which deployment tells it; empty where nobody said."""

    api: str = ""
    environment: str = ""
    version: str = ""
    deployment: str = ""
    colour: str = ""
    node: str = ""


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request that has ended, at `time` in epoch seconds.

    `id` is unique for ever, and sorts by time. `subject` is who asked: the key's id if `credential`
    is `apikey`, a token's subject if `jwt`; None if nobody was recognised. `whole` is false for an
    answer that broke off; its `status` is 0 where none was sent. `bytes` are those of the body.
    `seconds` is all the time it took, of which `engine_ms` in the database and `queue_ms` waiting
    for a place. `trace` is the `traceparent` that the response carried.
    """

    id: str
    time: float
    source: Source
    method: str
    route: str
    status: int
    whole: bool = True
    code: str | None = None
    subject: str | None = None
    credential: str | None = None
    saved_query: str | None = None
    table: str | None = None
    cache: str | None = None
    rows: int | None = None
    bytes: int = 0
    seconds: float = 0.0
    engine_ms: float = 0.0
    queue_ms: float = 0.0
    trace: str | None = None


def encode_events(events: Iterable[UsageEvent]) -> bytes:
    """Return one line of JSON for each event."""
    return _ENCODER.encode_lines(events)


def decode_events(lines: bytes) -> tuple[UsageEvent, ...]:
    """Read lines of JSON; empty ones are skipped. Raises UsageUnreadableError."""
    try:
        return tuple(_DECODER.decode_lines(lines))
    except msgspec.DecodeError as error:
        raise UsageUnreadableError(f"A usage event cannot be read: {error}.") from error


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(UsageEvent)
