"""Rows are grouped before they are joined where each group has one partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from penstock.model.types import DataType, Model
from penstock.plan.early import group_early
from penstock.plan.types import Plan
from penstock.query.types import Json
from support.ask import answer, open_gate
from support.flights import ANALYST, columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING


def lines(*, mandatory: bool = True) -> Model:
    """Return lines of orders of customers."""
    order = replace(relationship("order", "orders", line_order="id"), mandatory=mandatory)
    return model(
        table("lines", columns(line_order=_I, part=_S, amount=_I), order, rows=9),
        table(
            "orders",
            columns(id=_I, day=_S, buyer=_I),
            relationship("customer", "customers", buyer="number"),
            rows=5,
        ),
        table("customers", columns(number=_I, name=_S), rows=2),
    )


def planned(query: Mapping[str, Json], *, mandatory: bool = True) -> Plan:
    return answer(query, open_gate(lines(mandatory=mandatory)), ANALYST).plan


def asked(*scales: str, **more: Json) -> dict[str, Json]:
    return {
        "data": {"fields": {"amount": ["sum"]}},
        "scale": {"fields": [*scales]},
        "table_name": "lines",
        **more,
    }


@pytest.mark.parametrize(
    ("query", "mandatory", "keys"),
    [
        (asked("line_order", "day"), False, ["line_order"]),
        (asked("line_order", "day", "name", "part"), False, ["line_order", "part"]),
        (asked("id", "day"), True, ["line_order"]),
        (asked("name", "id", having={"amount": {"sum": {"gt": 3}}}), True, ["line_order"]),
        (asked("day", "line_order", filter={"part": "a"}), True, ["line_order"]),
    ],
)
def test_groups_with_the_key_of_all_that_is_told_of_them_are_joined_last(
    query: Mapping[str, Json], *, mandatory: bool, keys: list[str]
) -> None:
    early = group_early(planned(query, mandatory=mandatory))

    assert not early.grouped
    assert early.parts[0].joins == ()
    assert [key.expression.column for key in early.parts[0].keys] == keys  # type: ignore[union-attr]  # columns all


@pytest.mark.parametrize(
    ("query", "mandatory"),
    [
        (asked("day"), True),  # several orders of a day are one group
        (asked("id", "day"), False),  # lines without an order are one group
        (asked("line_order", "day", filter={"day": "monday"}), True),  # few may be left to group
        (asked("line_order", "name", "part", having={"buyer": {"sum": {"gt": 1}}}), True),
        (asked("line_order", "part"), True),  # there is nothing to join
    ],
)
def test_other_groups_are_made_of_joined_rows(
    query: Mapping[str, Json], *, mandatory: bool
) -> None:
    plan = planned(query, mandatory=mandatory)

    assert group_early(plan) is plan
