from __future__ import annotations

from pathlib import Path

from penstock.events import Answered, Event, Interrupted, Stopping
from penstock.usage.event import UsageEvent, decode_events
from penstock.usage.meter import Identifiers, Meter
from penstock.usage.spool import Spool
from usage.events import SOURCE

ANSWERED = Answered(
    method="POST",
    path="/query",
    route="/query",
    status=200,
    seconds=0.25,
    bytes=900,
    rows=12,
    subject="key-1",
    credential="apikey",
    cache="miss",
    table="flights",
    saved_query="delays/by-origin",
    trace="00-a-b-01",
    stages={"database": 0.2, "queue": 0.01},
)


def metered(folder: Path, *events: Event) -> tuple[UsageEvent, ...]:
    spool = Spool(folder)
    spool.open()
    meter = Meter(SOURCE, spool, clock=lambda: 1_700_000_000.0)
    for event in events:
        meter(event)
    batch = spool.oldest()
    spool.close()
    return () if batch is None else decode_events(batch.body)


def test_a_request_becomes_one_usage_event(tmp_path: Path) -> None:
    (event,) = metered(tmp_path, ANSWERED)

    assert event == UsageEvent(
        id=event.id,
        time=1_700_000_000.0,
        source=SOURCE,
        method="POST",
        route="/query",
        status=200,
        subject="key-1",
        credential="apikey",
        saved_query="delays/by-origin",
        table="flights",
        cache="miss",
        rows=12,
        bytes=900,
        seconds=0.25,
        engine_ms=200.0,
        queue_ms=10.0,
        trace="00-a-b-01",
    )


def test_an_answer_that_broke_off_is_metered_as_such(tmp_path: Path) -> None:
    broken = Interrupted(
        method="GET", path="/query", route="/query", status=200, reason="left", seconds=1, bytes=5
    )
    (event,) = metered(tmp_path, broken)

    assert (event.whole, event.bytes, event.status) == (False, 5, 200)


def test_what_operators_ask_and_what_is_no_request_is_not_metered(tmp_path: Path) -> None:
    probes = [
        Answered(method="GET", path=path, route=path, status=200, seconds=0, bytes=1)
        for path in ("/livez", "/readyz", "/metrics")
    ]

    assert metered(tmp_path, Stopping(project="flights"), *probes) == ()


def test_ids_are_unique_and_sort_by_time_whatever_the_clock_does() -> None:
    one, two = Identifiers(), Identifiers()
    same = [each.next(1_700_000_000.0) for each in (one, two) for _ in range(100)]

    assert len({*same}) == 200
    assert one.next(1_700_000_001.0) > max(same)
    assert one.next(0.0) not in same
    assert {len(name) for name in same} == {36}
