"""Pivots over HTTP: CSV and XLSX, saved and not, kept apart, and refused."""

from __future__ import annotations

import csv
import io

import pytest

from node.running import Node, Query, objects
from penstock.query.types import Json
from support.workbook import read_cells, read_sheet

ASKED: Query = {
    "data": {"fields": {"flight": ["count"]}},
    "scale": {"fields": ["origin", "flight_date:quarter"]},
    "filter": {"carrier": "UA"},
}
QUARTERS = ["2013-01-01", "2013-04-01", "2013-07-01", "2013-10-01"]
COUNTS = [
    ["EWR", "Newark Liberty Intl", "11003", "11830", "11669", "11585"],
    ["JFK", "John F Kennedy Intl", "1102", "1115", "1152", "1165"],
    ["LGA", "La Guardia", "1849", "2037", "2063", "2095"],
]


def pivot(**options: Json) -> Query:
    return {**ASKED, "options": {"scales": {"x": ["flight_date:quarter"]}, **options}}


def lines(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode())))


@pytest.mark.parametrize("path", ["/query.csv", "/qb/query.csv"])
def test_a_pivot_is_answered_as_csv(flights: Node, path: str) -> None:
    found = lines(flights.post(path, pivot()).body)

    assert found[0] == ["flight_date:quarter", "", *QUARTERS]
    assert found[1] == ["origin", "origin_label", *["flight_count"] * 4]
    assert found[2:] == COUNTS


def test_a_workbook_has_the_numbers_of_the_text(flights: Node) -> None:
    reply = flights.post("/query.xlsx", pivot())

    header, _, *rows = read_cells(reply.body)
    assert [str(cell)[:10] for cell in header[2:]] == QUARTERS
    assert [[str(cell) for cell in row] for row in rows] == COUNTS
    assert reply.headers["content-type"].endswith("spreadsheetml.sheet")


def test_other_formats_have_the_rows_as_they_are(flights: Node) -> None:
    plain = flights.post("/query?shape=rows", ASKED).rows()

    assert flights.post("/query?shape=rows", pivot(collapse=True)).rows() == plain
    assert (
        flights.post("/query.parquet", pivot()).body == flights.post("/query.parquet", ASKED).body
    )


def test_answers_of_other_options_are_kept_apart(flights: Node) -> None:
    bodies = {
        flights.post("/query.csv", asked).body
        for _ in range(2)
        for asked in (
            ASKED,
            pivot(),
            pivot(collapse=True),
            {**ASKED, "options": {"collapse": True}},
        )
    }

    assert len(bodies) == 3  # one label column and one measure: nothing repeats in the pivot


def test_a_role_sees_its_own_rows_only(flights: Node) -> None:
    assert lines(flights.post("/query.csv", pivot(), who="jfk").body)[2:] == [COUNTS[1]]


def test_what_was_beside_each_measure_before_is_beside_it_in_the_pivot(flights: Node) -> None:
    found = lines(flights.post("/query.csv", {**pivot(), "evol": {"scale": "quarter"}}).body)

    assert found[1][2:] == ["flight_count", "flight_count_1"] * 4
    assert found[2][2:] == ["11003", "", "11830", "11003", "11669", "11830", "11585", "11669"]


def test_everything_wrong_with_the_options_is_told_with_its_place(flights: Node) -> None:
    options: Json = {"scales": {"x": ["orign"], "y": []}, "colapse": True}

    reply = flights.post("/query.csv", {**ASKED, "options": options})

    assert reply.status == 400
    assert [problem["pointer"] for problem in objects(reply.object()["errors"])] == [
        "/options/colapse",
        "/options/scales/x/0",
        "/options/scales",
        "/options/scales",
    ]


@pytest.mark.parametrize("path", ["/query.csv", "/query.xlsx"])
def test_a_pivot_that_would_be_cut_off_is_a_problem_and_not_a_part(
    flights: Node, path: str
) -> None:
    many: Query = {
        **ASKED,
        "scale": {"fields": ["flight_date", "dest"]},
        "options": {"scales": {"x": ["dest"]}},
    }
    more: Query = {**many, "data": {"fields": {"flight": ["count"]}, "limit": None}}

    refused, whole = flights.post(path, many), flights.post(path, more)

    assert refused.told == (400, "LIMIT_EXCEEDED")
    assert refused.object()["pointer"] == "/data/limit"
    assert whole.status == 200


def test_a_pivot_wider_than_a_sheet_is_a_problem(flights: Node) -> None:
    wide: Query = {
        "data": {"fields": {"flight": ["count"]}, "limit": None},
        "scale": {"fields": ["flight_date", "dest"]},
        "options": {"scales": {"x": ["flight_date", "dest"]}},
    }

    reply = flights.post("/query.xlsx", wide)

    assert reply.told == (400, "LIMIT_EXCEEDED")
    assert reply.object()["pointer"] == "/options/scales/x"


def test_sql_has_no_scales_to_spread(flights: Node) -> None:
    asked: Query = {"sql": "SELECT origin FROM flights", "options": {"collapse": True}}

    assert flights.post("/sql.csv", asked).told == (400, "UNKNOWN_KEY")


def test_a_large_workbook_comes_while_it_is_made_and_is_whole(flights: Node) -> None:
    columns = ["flight_date", "carrier", "distance"]
    asked: Query = {"data": {"fields": {name: ["select"] for name in columns}, "limit": 100_000}}

    sheet = read_sheet(flights.post("/query.xlsx", asked).body)

    assert sheet.max_row == 100_001
    assert sheet.auto_filter.ref == "A1:D100001"


def test_a_saved_query_is_a_workbook_too(flights: Node) -> None:
    reply = flights.get("/queries/delays/by-origin.xlsx?month=2&carrier=UA")

    assert [row[0] for row in read_cells(reply.body)] == ["origin", "EWR", "JFK", "LGA"]
