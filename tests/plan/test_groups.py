"""Groups that are compared with themselves are made once."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.plan.groups import Shared, share_groups
from penstock.plan.types import KeyOf
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import answer
from support.flights import ANALYST

BY_MONTH: Mapping[str, Json] = {
    "data": {"fields": {"flight": ["count"]}},
    "scale": {"fields": ["origin", "flight_date:month"]},
    "evol": {"scale": "month", "depth": 2},
}


def share(gate: Gate, **more: Json) -> Shared | None:
    plan = answer({**BY_MONTH, **more}, gate, ANALYST).plan
    return share_groups(plan, name="groups", alias="the answer")


def test_groups_of_now_and_before_are_made_once(gate: Gate) -> None:
    shared = share(gate, filter={"carrier": "UA"})

    assert shared is not None
    assert [o.name for o in shared.outputs] == ["origin", "flight_date:month", "flight_count"]
    assert [each.instead is not None for each in shared.plan.earlier] == [True, True]
    assert {shared.plan.where, *(each.where for each in shared.plan.earlier)} == {None}


def test_where_the_filter_says_when_each_period_has_its_own(gate: Gate) -> None:
    assert share(gate, filter={"flight_date": {"during": "2013-Q2"}}) is None


def test_a_question_without_a_past_makes_its_groups_as_ever(gate: Gate) -> None:
    assert share(gate, evol=None) is None


def test_a_past_without_a_scale_has_no_groups(gate: Gate) -> None:
    assert share(gate, scale=None, evol={"scale": "month", "field": "flight_date"}) is None


def test_what_groups_are_tested_by_is_made_with_them(gate: Gate) -> None:
    shared = share(gate, having={"distance": {"sum": {"gt": 100}}, "flight": {"count": {"gt": 5}}})

    assert shared is not None
    assert [output.name for output in shared.outputs][3:] == ["test 3"]
    assert (shared.plan.having, shared.plan.grouped) == (None, False)
    tested = [part.expression for part in shared.plan.where.parts]  # type: ignore[union-attr]  # of two
    assert sorted(of.name for of in tested if isinstance(of, KeyOf)) == ["flight_count", "test 3"]
