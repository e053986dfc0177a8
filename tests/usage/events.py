"""Usage events that tests make."""

from __future__ import annotations

from penstock.usage.event import Source, UsageEvent, encode_events

SOURCE = Source(api="api_1", environment="production", node="n-1")


def usage(name: str) -> UsageEvent:
    return UsageEvent(
        id=name, time=1.5, source=SOURCE, method="GET", route="/query", status=200, rows=3
    )


def line(name: str) -> bytes:
    return encode_events([usage(name)]).rstrip(b"\n")
