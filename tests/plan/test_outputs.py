from __future__ import annotations

import pytest

from penstock.model.types import DataType
from penstock.plan.outputs import result_type
from penstock.plan.types import Role
from penstock.policy.permit import Gate
from penstock.query.types import Compute, Json, Percentile
from support.ask import answer, problems
from support.flights import ANALYST


def fields(**computes: list[str]) -> dict[str, Json]:
    return {"data": {"fields": dict(computes)}}


def named(gate: Gate, query: dict[str, Json]) -> list[tuple[str, Role, str, str | None]]:
    columns = answer(query, gate, ANALYST).plan.columns
    return [(c.name, c.role, c.attribute, c.compute) for c in columns]


def test_columns_are_named_after_attribute_and_compute(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"distance": ["sum", "p90"], "carrier": ["select"]}},
        "scale": {"fields": ["flight_date:month", "plane.year"]},
    }

    assert named(gate, query) == [
        ("flight_date:month", Role.SCALE, "flight_date", None),
        ("plane.year", Role.SCALE, "plane.year", None),
        ("distance_sum", Role.MEASURE, "distance", "sum"),
        ("distance_p90", Role.MEASURE, "distance", "p90"),
        ("carrier", Role.MEASURE, "carrier", "select"),
    ]


def test_a_selected_scale_is_one_column(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"origin": ["select"], "flight": ["count"]}},
        "scale": {"fields": ["origin"]},
    }

    assert named(gate, query) == [
        ("origin", Role.SCALE, "origin", "select"),
        ("flight_count", Role.MEASURE, "flight", "count"),
    ]


def test_a_label_stands_beside_its_key(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": ["carrier", "dest"]},
    }
    columns = answer(query, gate, ANALYST).plan.columns

    assert [(c.name, c.role, c.labels) for c in columns] == [
        ("carrier", Role.SCALE, None),
        ("carrier_label", Role.LABEL, "carrier"),
        ("dest", Role.SCALE, None),
        ("dest_label", Role.LABEL, "dest"),
        ("flight_count", Role.MEASURE, None),
    ]


def test_one_attribute_by_two_names_is_two_columns(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flights.distance": ["select"], "distance": ["select"]}},
        "scale": {"fields": ["distance", "flights.distance"]},
    }

    assert [name for name, *_ in named(gate, query)] == ["distance", "flights.distance"]


@pytest.mark.parametrize(
    ("compute", "type_", "result"),
    [
        (Compute.COUNT, DataType.STRING, DataType.INTEGER),
        (Compute.COUNT_DISTINCT, DataType.DATE, DataType.INTEGER),
        (Compute.COUNT_APPROX_DISTINCT, DataType.JSON, DataType.INTEGER),
        (Compute.SUM, DataType.INTEGER, DataType.INTEGER),
        (Compute.SUM, DataType.DECIMAL, DataType.DECIMAL),
        (Compute.SUM, DataType.FLOAT, DataType.FLOAT),
        (Compute.AVG, DataType.INTEGER, DataType.FLOAT),
        (Compute.MEDIAN, DataType.DECIMAL, DataType.FLOAT),
        (Percentile(5), DataType.INTEGER, DataType.FLOAT),
        (Compute.MIN, DataType.TIMESTAMP, DataType.TIMESTAMP),
        (Compute.SELECT, DataType.BOOLEAN, DataType.BOOLEAN),
    ],
)
def test_a_compute_has_the_type_of_its_kind(
    compute: Compute | Percentile, type_: DataType, result: DataType
) -> None:
    assert result_type(compute, type_) is result


@pytest.mark.parametrize(
    ("query", "pointer", "hint"),
    [
        (fields(carrier=["sum"]), "/data/fields/carrier", "count"),
        (fields(flight_date=["avg"]), "/data/fields/flight_date", "min"),
        (fields(carrier=["p50"]), "/data/fields/carrier", "count"),
        (fields(late_share=["sum"]), "/data/fields/late_share", "select"),
        (fields(late_share=["select_distinct"]), "/data/fields/late_share", "select"),
        (fields(doubtful=["count"]), "/data/fields/doubtful", "select"),
    ],
)
def test_a_compute_must_suit_its_attribute(
    gate: Gate, query: dict[str, Json], pointer: str, hint: str
) -> None:
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("COMPUTE_NOT_ALLOWED", pointer)
    assert hint in (problem.hint or "")


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ("month:month", "applies to dates"),
        ("carrier:year", "applies to dates"),
        ("flight_date:hour", "has no 'hour'"),
        ("flight_date:hour_of_day", "has no 'hour_of_day'"),
        ("late_share", "cannot be a scale"),
    ],
)
def test_a_scale_must_suit_its_attribute(gate: Gate, scale: str, said: str) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": [scale]},
    }
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("COMPUTE_NOT_ALLOWED", "/scale/fields/0")
    assert said in problem.detail


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"name": {"is_null": True}, "doc": {"eq": "x"}}, "json"),
        ({"ok": {"gt": False}}, "true or false"),
        ({"ok": {"like": "t%"}}, "boolean"),
        ({"whole": {"contains": "1"}}, "integer"),
        ({"day": {"starts_with": "2013"}}, "date"),
    ],
)
def test_an_operator_must_suit_its_attribute(sample_gate: Gate, condition: Json, said: str) -> None:
    query: dict[str, Json] = {"data": {"fields": {"id": ["count"]}}, "filter": condition}
    (problem,) = problems(lambda: answer(query, sample_gate, ANALYST))

    assert problem.code == "COMPUTE_NOT_ALLOWED"
    assert said in problem.detail


@pytest.mark.parametrize("compute", ["min", "max", "select"])
def test_what_has_no_order_has_no_smallest(sample_gate: Gate, compute: str) -> None:
    query: dict[str, Json] = {"data": {"fields": {"doc": [compute], "id": ["count"]}}}
    (problem,) = problems(lambda: answer(query, sample_gate, ANALYST))

    assert (problem.code, problem.pointer) == ("COMPUTE_NOT_ALLOWED", "/data/fields/doc")


def test_the_problems_of_fields_scales_and_filters_come_together(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"carrier": ["sum"], "late_share": ["avg"]}},
        "scale": {"fields": ["month:week"]},
        "filter": {"day": {"like": "1"}},
    }
    found = problems(lambda: answer(query, gate, ANALYST))

    assert [problem.pointer for problem in found] == [
        "/scale/fields/0",
        "/data/fields/carrier",
        "/data/fields/late_share",
        "/filter/day/like",
    ]
