from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from penstock.plan.types import Sort
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import Row, answer, problems, run
from support.flights import ANALYST

DELAYS: dict[str, Json] = {"dep_delay": ["select"], "origin": ["select"], "month": ["select"]}


def sorts(gate: Gate, query: dict[str, Json]) -> list[tuple[str, bool]]:
    plan = answer(query, gate, ANALYST).plan
    assert all(isinstance(sort, Sort) for sort in plan.sorts)
    return [(sort.name, sort.descending) for sort in plan.sorts]


def grouped(order: Json, *computes: str) -> dict[str, Json]:
    return {
        "data": {"fields": {"distance": list(computes or ("sum",)), "flight": ["count"]}},
        "scale": {"fields": ["origin", "flight_date:month"]},
        "order": order,
    }


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, ["origin", "flight_date:month"]),
        ({"distance": "desc"}, ["-distance_sum", "origin", "flight_date:month"]),
        ({"distance.sum": "desc"}, ["-distance_sum", "origin", "flight_date:month"]),
        ({"distance.SUM": "DESC"}, ["-distance_sum", "origin", "flight_date:month"]),
        ({"distance_sum": "asc"}, ["distance_sum", "origin", "flight_date:month"]),
        ({"flight_date": "desc"}, ["-flight_date:month", "origin"]),
        ({"flight_date:month": "desc"}, ["-flight_date:month", "origin"]),
        ({"flight_date:Month": "desc"}, ["-flight_date:month", "origin"]),
        (
            {"flight": "asc", "distance": "desc", "origin": "desc"},
            ["flight_count", "-distance_sum", "-origin", "flight_date:month"],
        ),
        (
            {"distance": "desc", "distance_sum": "asc"},
            ["-distance_sum", "origin", "flight_date:month"],
        ),
    ],
)
def test_an_order_is_kept_as_written_and_then_made_complete(
    gate: Gate, order: Json, expected: list[str]
) -> None:
    found = [f"-{name}" if down else name for name, down in sorts(gate, grouped(order))]

    assert found == expected


def test_a_measure_of_several_computes_needs_to_say_which(gate: Gate) -> None:
    query = grouped({"distance": "asc"}, "sum", "avg")
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("AMBIGUOUS_NAME", "/order/distance")
    assert problem.detail == "'distance' can mean distance.sum or distance.avg."


def test_what_is_not_in_the_answer_cannot_order_it(gate: Gate) -> None:
    (problem,) = problems(lambda: answer(grouped({"orign": "asc"}), gate, ANALYST))

    assert (problem.code, problem.pointer) == ("INVALID_QUERY", "/order/orign")
    assert problem.hint == "Did you mean 'origin'?"


def test_a_label_may_order_the_answer(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": ["carrier"]},
        "order": {"carrier_label": "desc"},
        "table_name": "flights",
    }

    assert sorts(gate, query) == [("carrier_label", True), ("carrier", False)]


@pytest.mark.parametrize("way", ["asc", "desc"])
def test_nulls_are_last_either_way(
    gate: Gate, warehouse: duckdb.DuckDBPyConnection, way: str
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"dep_delay": ["select_distinct"]}},
        "order": {"dep_delay": way},
    }
    found = run(warehouse, answer(query, gate, ANALYST).rows)

    assert found[-1] == (None,)
    assert found[0] != (None,)


PAGED: dict[str, dict[str, Json]] = {
    "a listing": {"data": {"fields": DELAYS}, "filter": {"dest": ["LEX", "LGA", "SBN", "MTJ"]}},
    "an ordered listing": {
        "data": {"fields": DELAYS},
        "order": {"dep_delay": "desc"},
        "filter": {"dest": ["SBN", "MTJ"]},
    },
    "distinct rows": {"data": {"fields": {"carrier": ["select_distinct"], "origin": ["select"]}}},
    "groups": {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": ["carrier", "origin"]},
    },
    "groups by a measure": {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": ["manufacturer"]},
        "order": {"flight": "asc"},
    },
    "groups by a measure with many ties": {
        "data": {"fields": {"engines": ["max"]}},
        "scale": {"fields": ["model"]},
        "order": {"engines": "desc"},
    },
}


@pytest.mark.parametrize("query", PAGED.values(), ids=PAGED)
def test_consecutive_pages_hold_every_row_exactly_once(
    gate: Gate, warehouse: duckdb.DuckDBPyConnection, query: dict[str, Json]
) -> None:
    data = query["data"]
    assert isinstance(data, dict)

    def page(limit: int, skip: int) -> list[Row]:
        asked = {**query, "data": {**data, "limit": limit, "skip": skip}}
        return run(warehouse, answer(asked, gate, ANALYST).rows)

    whole = page(1_000, 0)
    pages = [page(17, skip) for skip in range(0, 170, 17)]

    assert [row for rows in pages for row in rows] == whole[:170]
    assert Counter(whole) == Counter(run(warehouse, answer(query, gate, ANALYST).rows))
