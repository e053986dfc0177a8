"""One line of JSON for each request that came to the gateway, and how to read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.gateway.envoy import Tree, extension

ACCESS_LOG: Final = "./access.log"

# The path is without its query: arguments may be personal, and the node's usage record has them.
_FIELDS: Final = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%PATH(NQ:ORIG)%",
    "route": "%ROUTE_NAME%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "node": "%UPSTREAM_METADATA(penstock:node)%",
    "upstream": "%UPSTREAM_HOST%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "request": "%REQ(X-REQUEST-ID)%",
    "trace": "%RESP(TRACEPARENT)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "certificate": "%DOWNSTREAM_PEER_SUBJECT%",
}


class AccessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the gateway saw it. Sizes are of bodies, in bytes.

    `trace` is the `traceparent` of the node's answer: the node's log line and its usage record of
    the same request have it too. It is None where no node answered; `flags` then say why, in
    Envoy's letters. `route` is `<API id>@<environment>`.
    """

    time: datetime
    method: str | None
    host: str | None
    path: str | None
    route: str | None
    status: int
    flags: str | None
    received: int
    sent: int
    milliseconds: int | None
    attempts: int | None
    node: str | None
    upstream: str | None
    request: str | None
    trace: str | None
    client: str | None
    certificate: str | None


def access_log() -> Tree:
    return extension(
        "envoy.access_loggers.file",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=ACCESS_LOG,
        log_format={"json_format": _FIELDS},
    )


def access_records(path: Path, *, after: datetime | None = None) -> Iterator[AccessRecord]:
    """Yield the requests of a log that came after a moment, in the order in which they ended.

    A line that is not whole (yet) is left out.
    """
    decoder = msgspec.json.Decoder(AccessRecord)
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = decoder.decode(line)
            except msgspec.MsgspecError:
                continue
            if after is None or record.time > after:
                yield record
