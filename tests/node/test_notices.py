"""What is known of an answer before its first row, in the headers of every format."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from encode.answers import opening
from node.running import Node, Query, Reply
from penstock.encode.formats import FORMATS
from penstock.encode.types import Opening
from penstock.node.notices import notices

SUFFIXES = [form.suffix for form in FORMATS]
DOUBTFUL: Query = {"data": {"fields": {"carrier": ["count"]}}}
CUT: Query = {"data": {"fields": {"distance": ["select"]}}}


def told(reply: Reply) -> tuple[str | None, str | None]:
    found = reply.headers
    return found.get("penstock-limit"), found.get("penstock-warning")


def about(warning: str | None) -> Opening:
    known = opening(())
    return Opening(
        columns=known.columns,
        query_params=known.query_params,
        table_name=known.table_name,
        warning=warning,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_tells_where_it_stops_and_what_is_doubtful(flights: Node, suffix: str) -> None:
    said = str(flights.post("/query", DOUBTFUL).object()["warning"])

    assert "flights" in said
    for asked, warning in ((DOUBTFUL, said), (CUT, None)):
        fresh = flights.post(f"/query{suffix}", asked, cache_control="no-store")
        assert (fresh.status, told(fresh)) == (200, ("5000", warning))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_kept_answer_tells_it_too_and_so_does_that_it_still_holds(
    flights: Node, suffix: str
) -> None:
    first, kept = (flights.post(f"/query{suffix}", DOUBTFUL) for _ in range(2))
    known = flights.post(f"/query{suffix}", DOUBTFUL, if_none_match=kept.headers["etag"])

    assert kept.headers["cache-status"].startswith("penstock; hit")
    assert known.status == 304
    assert None not in told(first)
    assert told(first) == told(kept) == told(known)


def test_who_writes_a_limit_is_told_of_none(flights: Node) -> None:
    limited: Query = {"data": {"fields": {"distance": ["select"]}, "limit": 10}}

    assert told(flights.post("/query.csv", limited)) == (None, None)
    assert told(flights.post("/sql.csv", {"sql": "SELECT origin FROM flights LIMIT 2"})) == (
        None,
        None,
    )


def test_the_most_that_anybody_is_given_is_told_as_well(flights: Node) -> None:
    asked: Query = {
        "data": {"fields": {"distance": ["select"]}, "limit": None},
        "filter": {"carrier": "OO"},
    }

    assert told(flights.post("/query.csv", asked)) == ("1000000", None)


def test_saved_questions_and_those_in_sql_tell_it_too(flights: Node) -> None:
    in_sql = flights.post("/sql.csv", {"sql": "SELECT distance FROM flights"})
    saved = "/queries/delays/by-origin.csv?month=2"
    asked = flights.get(saved)
    headers_only = flights.request("HEAD", saved, headers=flights.headers("analyst"))

    assert told(in_sql) == told(asked) == ("5000", None)
    assert told(headers_only) == told(asked)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("One\r\nPenstock-Limit: 1", "One Penstock-Limit: 1"),
        ("100 % café", "100 %25 caf%C3%A9"),
        ("tab\tand\x7f", "tab and%7F"),
    ],
)
def test_a_warning_is_one_line_of_ascii(said: str, sent: str) -> None:
    assert notices(about(said)) == ((b"penstock-warning", sent.encode()),)


def test_a_warning_is_never_too_long_for_a_header() -> None:
    ((_, value),) = notices(about("😀" * 10_000))

    assert unquote(value.decode()) == "😀" * 511 + "…"
    assert len(value) < 8192


def test_without_anything_to_tell_there_is_no_header() -> None:
    assert notices(about(None)) == ()
