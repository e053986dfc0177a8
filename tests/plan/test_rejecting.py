from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.types import DataType
from penstock.plan.rejecting import rejects_nulls
from penstock.plan.types import (
    ColumnOf,
    Condition,
    Either,
    Every,
    Inverse,
    Parameter,
)
from penstock.plan.types import Tested as Comparison  # pytest takes a class Test… for its own
from penstock.query.types import Operator, Slot
from penstock.sql.conditions import Markers, compile_condition
from penstock.sql.dialects.find import find_dialect

_VALUE = Parameter(Slot(0, guard=False), DataType.INTEGER, "x", "/filter/x")
_ONE = {Operator.EQ, Operator.NOT_EQUAL, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}
_TWO = {Operator.BETWEEN, Operator.NOT_BETWEEN}
_MANY = {Operator.IN, Operator.NOT_IN}
_NONE = {Operator.IS_NULL, Operator.IS_NOT_NULL}


@st.composite
def comparisons(draw: st.DrawFn) -> Condition:
    operator = draw(st.sampled_from(sorted(_ONE | _TWO | _MANY | _NONE)))
    many = draw(st.integers(0, 2)) if operator in _MANY else 0
    count = 1 if operator in _ONE else 2 if operator in _TWO else many
    with_null = operator in _MANY and draw(st.booleans())
    column = ColumnOf("t", "x", DataType.INTEGER)
    return Comparison(operator, column, (_VALUE,) * count, with_null)


conditions = st.recursive(
    comparisons(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: Either(tuple(parts)))
        | inner.map(Inverse)
    ),
    max_leaves=6,
)

_CONNECTION = duckdb.connect()


@given(conditions)
def test_what_is_said_to_reject_nulls_is_never_true_of_one(condition: Condition) -> None:
    markers = Markers(find_dialect("duckdb"))
    tree = compile_condition(condition, markers)
    text = f"SELECT ({tree.sql(dialect='duckdb')}) FROM (SELECT CAST(NULL AS BIGINT) AS x) AS t"
    found = _CONNECTION.execute(text, [1] * len(markers.given)).fetchall()

    assert not (rejects_nulls(condition) and found[0][0] is True)


def test_an_ordinary_comparison_is_known_to_reject_nulls() -> None:
    column = ColumnOf("t", "x", DataType.INTEGER)
    found = Comparison(Operator.EQ, column, (_VALUE,), with_null=False)

    assert rejects_nulls(found)
    assert rejects_nulls(Inverse(found))
    assert not rejects_nulls(
        Either((found, Comparison(Operator.IS_NULL, column, (), with_null=False)))
    )
