"""What the gateway writes down of a request, and how it is found again."""

from __future__ import annotations

from datetime import timedelta

from deploy.gateway.site import Site, eventually
from penstock.deploy.gateway import AccessRecord, access_records

PATH = "/flights/api/"


def _records(opened: Site, number: int) -> list[AccessRecord]:
    """Return the log once so many requests are in it."""
    found: list[AccessRecord] = []

    def look() -> bool:
        found[:] = access_records(opened.gateway.access_log)
        return len(found) >= number

    eventually(look, f"{number} lines")
    return found


def test_a_record_is_joined_with_the_node_s_by_its_trace(two: Site) -> None:
    two.publish(two.config(live="blue"))
    reply = two.ask(f"{PATH}query?month=2", method="POST", body=b"{}")
    (record,) = _records(two, 1)

    assert record.trace == reply.headers["traceparent"]
    assert record.request == reply.headers["x-request-id"]
    assert (record.method, record.path, record.status) == ("POST", f"{PATH}query", 200)
    assert (record.node, record.route) == ("blue", "api_flights@production")
    assert (record.received, record.sent, record.attempts) == (2, len(reply.body), 1)
    assert record.milliseconds is not None
    assert record.client == "127.0.0.1"


def test_what_no_node_answered_has_no_trace_and_says_why(two: Site) -> None:
    two.publish(two.config())
    two.ask(f"{PATH}x")
    two.ask("/nowhere")
    none, nowhere = _records(two, 2)

    assert (none.status, none.flags, none.node, none.trace) == (503, "UH", None, None)
    assert (nowhere.status, nowhere.flags, nowhere.route) == (404, "NR", None)


def test_arguments_and_credentials_are_not_written_down(two: Site) -> None:
    two.publish(two.config(live="blue"))
    two.ask(f"{PATH}x?name=hidden", {"X-API-Key": "hidden", "Cookie": "hidden"})
    _records(two, 1)

    assert "hidden" not in two.gateway.access_log.read_text()


def test_only_what_came_after_is_read(two: Site) -> None:
    two.publish(two.config(live="blue"))
    for number in range(3):
        two.ask(f"{PATH}{number}")
    records = _records(two, 3)
    early = records[0].time - timedelta(seconds=1)

    log = two.gateway.access_log
    assert [*access_records(log, after=early)] == records
    assert [*access_records(log, after=records[-1].time)] == []
    with log.open("a") as unfinished:
        unfinished.write('{"time":"2026-')
    assert [*access_records(log)] == records


def test_a_long_log_is_put_aside_and_nothing_is_lost(two: Site) -> None:
    two.publish(two.config(live="blue"))
    two.ask(f"{PATH}before")
    _records(two, 1)
    two.gateway.rotate_logs(limit=10)
    two.ask(f"{PATH}after")
    log = two.gateway.access_log

    eventually(lambda: log.exists() and log.stat().st_size > 0, "a new log")
    older = log.with_name("access.log.1")
    assert [record.path for record in access_records(older)] == [f"{PATH}before"]
    assert [record.path for record in access_records(log)] == [f"{PATH}after"]
    two.gateway.rotate_logs()
    assert log.exists()
