from __future__ import annotations

import pytest

from penstock.plan.types import Every
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import answer, problems
from support.flights import ANALYST

COUNT: dict[str, Json] = {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month"]}}


@pytest.mark.parametrize(
    ("filter_", "applied"),
    [
        ({"carrier": "UA"}, "before"),
        ({"late_share": {"gt": 0.1}}, "after"),
        ({"carrier": "UA", "late_share": {"gt": 0.1}}, "before and after"),
        (
            {"and": [{"carrier": "UA"}, {"and": [{"late_share": 0.1, "month": 1}]}]},
            "before and after",
        ),
        ({"or": [{"late_share": 0.1}, {"gained_share": {"is_null": True}}]}, "after"),
        ({"not": {"late_share": 0.1}}, "after"),
        ({}, "never"),
    ],
)
def test_a_filter_on_groups_is_applied_after_grouping(
    gate: Gate, filter_: Json, applied: str
) -> None:
    plan = answer({**COUNT, "filter": filter_}, gate, ANALYST).plan

    assert (plan.where is not None) is ("before" in applied)
    assert (plan.having is not None) is ("after" in applied)


def test_an_and_is_taken_apart(gate: Gate) -> None:
    query: dict[str, Json] = {
        **COUNT,
        "filter": {"and": [{"carrier": "UA", "late_share": {"gt": 0.1, "lt": 0.2}}]},
    }
    plan = answer(query, gate, ANALYST).plan

    assert plan.where is not None
    assert not isinstance(plan.where, Every)
    assert isinstance(plan.having, Every)
    assert len(plan.having.parts) == 2


@pytest.mark.parametrize(
    ("filter_", "pointer"),
    [
        ({"or": [{"carrier": "UA"}, {"late_share": {"gt": 0.1}}]}, "/filter/or/1/late_share/gt"),
        ({"not": {"late_share": 0.1, "carrier": "UA"}}, "/filter/not/late_share"),
        (
            {"not": {"and": [{"carrier": "UA"}, {"late_share": 0.1}]}},
            "/filter/not/and/1/late_share",
        ),
    ],
)
def test_rows_and_groups_do_not_mix_within_an_or_or_a_not(
    gate: Gate, filter_: Json, pointer: str
) -> None:
    (problem,) = problems(lambda: answer({**COUNT, "filter": filter_}, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("COMPUTE_NOT_ALLOWED", pointer)


def test_a_listing_has_no_groups_to_filter(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["select"]}},
        "filter": {"late_share": {"gt": 0.1}},
    }
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("COMPUTE_NOT_ALLOWED", "/filter/late_share/gt")


def test_every_part_of_a_filter_that_is_wrong_is_reported(gate: Gate) -> None:
    filter_: Json = {
        "month": {"like": "x"},
        "carrier": "UA",
        "and": [{"flight_date": {"contains": "2013"}}, {"or": [{"day": {"ilike": "1"}}]}],
    }
    found = problems(lambda: answer({**COUNT, "filter": filter_}, gate, ANALYST))

    assert [problem.pointer for problem in found] == [
        "/filter/month/like",
        "/filter/and/0/flight_date/contains",
        "/filter/and/1/or/0/day/ilike",
    ]
