from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from node.running import Node, Query, Reply, objects
from support.workbook import read_rows

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BY_ORIGIN: Query = {
    "data": {"fields": {"distance": ["sum"]}},
    "scale": {"fields": ["origin"]},
    "order": {"origin": "asc"},
}
SUMS = {"EWR": 127691515, "JFK": 140906931, "LGA": 81619161}


def read(reply: Reply) -> dict[object, object]:
    """Return origin and sum, whatever the format."""
    match reply.headers["content-type"].partition(";")[0]:
        case "application/json":
            rows = [dict(row) for row in objects(reply.object()["rows"])]
        case "application/x-ndjson":
            rows = [json.loads(line) for line in reply.body.splitlines()]
        case "text/csv":
            rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
        case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
            return {row["origin"]: row["distance_sum"] for row in read_rows(reply.body)}
        case "application/vnd.apache.arrow.stream":
            rows = pa.ipc.open_stream(reply.body).read_all().to_pylist()
        case "application/vnd.apache.parquet":
            rows = pq.read_table(pa.BufferReader(reply.body)).to_pylist()
        case unknown:
            raise AssertionError(unknown)
    return {row["origin"]: int(str(row["distance_sum"])) for row in rows}


@pytest.mark.parametrize("prefix", ["/query", "/qb/query"])
@pytest.mark.parametrize("suffix", ["", ".json", ".ndjson", ".csv", ".xlsx", ".arrow", ".parquet"])
def test_each_suffix_gives_the_answer_in_its_format(
    flights: Node, prefix: str, suffix: str
) -> None:
    reply = flights.post(f"{prefix}{suffix}?shape=rows", BY_ORIGIN)

    assert reply.status == 200
    assert read(reply) == SUMS


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        (XLSX, XLSX),
        ("text/html, application/json;q=0.1, text/csv;q=0.5", "text/csv; charset=utf-8"),
    ],
)
def test_the_accept_header_chooses_the_format(flights: Node, accept: str, media_type: str) -> None:
    reply = flights.post("/query?shape=rows", BY_ORIGIN, accept=accept)

    assert reply.headers["content-type"] == media_type
    assert "accept" in reply.headers["vary"].split(", ")
    assert read(reply) == SUMS


def test_a_suffix_goes_before_the_accept_header(flights: Node) -> None:
    reply = flights.post("/query.csv", BY_ORIGIN, accept="application/json")

    assert reply.headers["content-type"] == "text/csv; charset=utf-8"


def test_no_acceptable_format_is_406_and_says_which_there_are(flights: Node) -> None:
    reply = flights.post("/query", BY_ORIGIN, accept="application/pdf")

    assert reply.told == (406, "NOT_ACCEPTABLE")
    assert "text/csv" in str(reply.object()["hint"])


def test_the_query_method_asks_like_post(flights: Node) -> None:
    reply = flights.request("QUERY", "/query.csv", BY_ORIGIN, flights.headers("analyst"))

    assert reply.body == flights.post("/query.csv", BY_ORIGIN).body


def test_the_default_shape_is_the_missions(flights: Node) -> None:
    answer = flights.post("/query", BY_ORIGIN).object()

    assert {*answer} == {
        "success", "error", "query_params", "table_name", "results", "cache", "timestamp",
        "duration", "warning", "hints",
    }  # fmt: skip
    assert answer["query_params"] == BY_ORIGIN
    assert objects(answer["results"])[0] == {
        "scales": {"origin": "EWR"},
        "labels": {"origin": "Newark Liberty Intl"},
        "data": {"distance": {"sum": [{"origin": "EWR", "value": 127691515}]}},
    }


def test_every_shape_says_the_same(flights: Node) -> None:
    rows = flights.post("/query?shape=rows", BY_ORIGIN).object()
    columns = flights.post("/query?shape=columns", BY_ORIGIN).object()
    compact = flights.post("/query?shape=COMPACT", BY_ORIGIN).object()

    names = [column["name"] for column in objects(rows["columns"])]
    assert names == ["origin", "origin_label", "distance_sum"]
    assert rows["columns"] == columns["columns"] == compact["columns"]
    values = [list(row.values()) for row in objects(rows["rows"])]
    assert compact["rows"] == values
    by_column = columns["values"]
    assert isinstance(by_column, dict)
    assert list(by_column.values()) == [list(column) for column in zip(*values, strict=True)]


def test_numbers_that_javascript_would_round_are_strings_where_wanted(lab: Node) -> None:
    asked: Query = {"data": {"fields": {"huge": ["select"]}, "limit": 2}, "order": {"huge": "asc"}}

    loose = lab.post("/query?shape=rows", asked).rows()
    exact = lab.post("/query?shape=rows&numbers=exact", asked).rows()

    assert loose == [{"huge": 2**53}, {"huge": 2**53 + 1}]
    assert exact[1] == {"huge": str(2**53 + 1)}


def test_what_a_spreadsheet_would_run_is_escaped_in_csv_only(lab: Node) -> None:
    asked: Query = {"data": {"fields": {"word": ["select"]}, "limit": 1}}

    assert lab.post("/query.csv", asked).body.splitlines()[1].startswith((b"'=", b"\"'="))
    assert lab.post("/query?shape=rows", asked).rows() == [{"word": "=1+1"}]


@pytest.mark.parametrize("option", ["shape=table", "numbers=loose", "shapes=rows", "shape=", "x"])
def test_an_option_that_means_nothing_is_refused(flights: Node, option: str) -> None:
    reply = flights.post(f"/query?{option}", BY_ORIGIN)

    assert reply.told == (400, "INVALID_QUERY")


def test_the_default_limit_is_told_when_it_cut_the_answer(flights: Node) -> None:
    asked: Query = {"data": {"fields": {"distance": ["select"]}}}
    reply = flights.post("/query?shape=rows", asked).object()

    assert len(objects(reply["rows"])) == 5000
    assert "5000" in str(reply["warning"])


def test_hints_count_the_rows_that_skip_and_limit_leave_out(flights: Node) -> None:
    data: Query = {"fields": {"distance": ["sum"]}, "limit": 1, "skip": 1, "hints": True}
    reply = flights.post("/query?shape=rows", {**BY_ORIGIN, "data": data})

    assert [row["origin"] for row in reply.rows()] == ["JFK"]
    assert reply.object()["hints"] == 3
