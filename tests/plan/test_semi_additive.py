"""Balances of a few accounts, small enough to add up by head: which rows count, and which not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import duckdb
import pytest

from penstock.model.types import DataType, Model, Rollup, SemiAdditive, Table
from penstock.plan.types import Plan
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from support.ask import Row, answer, open_gate, problems, run
from support.flights import ANALYST, balance, columns, formula, model, table

_D, _I, _S = DataType.DATE, DataType.INTEGER, DataType.STRING

_BALANCES: Final = table(
    "balances",
    {
        **columns(account=_S, branch=_S, day=_D, cents=_I),
        "held": balance("held", "cents", over="day"),
        "own": balance("own", "cents", "account", over="day"),
        "double": replace(
            formula("double", "own * 2", "own", type_=_I),
            semi_additive=SemiAdditive(over="day", per=("account",)),
        ),
        "mean": formula(
            "mean", "SUM(own) / COUNT(DISTINCT account)", "own", "account", aggregates=True
        ),
        "squares": formula("squares", "SUM(own * own)", "own", type_=_I, aggregates=True),
    },
    rows=9,
)
BANK: Final = model(_BALANCES)

_DAILY: Final = replace(
    table(
        "daily",
        columns(account=_S, day=_D, total=_I, rows=_I, least=_I),
        rows=5,
    ),
    rollup=Rollup(
        "balances",
        {"total": ("cents", "sum"), "rows": ("cents", "count"), "least": ("cents", "min")},
    ),
)
"""With a row for each account and day: what a balance is over, and per."""

_MONTHLY: Final = replace(
    table("monthly", columns(account=_S, total=_I), rows=2),
    rollup=Rollup("balances", {"total": ("cents", "sum")}),
)


def with_rollup(rollup: Table) -> Model:
    return model(_BALANCES, rollup)


@pytest.fixture(scope="module")
def bank() -> Iterator[duckdb.DuckDBPyConnection]:
    """Hold what three accounts had; `c` was closed in January, and in March nobody looked."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("""
            CREATE TABLE balances (account VARCHAR, branch VARCHAR, day DATE, cents SMALLINT);
            INSERT INTO balances VALUES
              ('a', 'x', '2024-01-31', 100), ('b', 'x', '2024-01-31', 20),
              ('c', 'y', '2024-01-10', 3),
              ('a', 'x', '2024-02-15', 300), ('a', 'y', '2024-02-15', 7),
              ('b', 'x', '2024-02-10', 50), ('b', 'x', '2024-02-20', NULL),
              ('a', 'x', NULL, 9999), ('b', 'y', '2024-03-01', NULL);
            CREATE TABLE daily AS SELECT account, day, SUM(cents)::INTEGER AS total,
              COUNT(cents) AS rows, MIN(cents) AS least FROM balances GROUP BY account, day;
            CREATE TABLE monthly AS SELECT account, SUM(cents)::INTEGER AS total FROM balances
              GROUP BY account;
        """)
        yield connection


def ask(fields: Json, *scales: Json, **more: Json) -> dict[str, Json]:
    query: dict[str, Json] = {"data": {"fields": fields}, **more}
    return {**query, "scale": {"fields": list(scales)}} if scales else query


def rows(
    bank: duckdb.DuckDBPyConnection,
    query: dict[str, Json],
    model_: Model = BANK,
    policies: Policies | None = None,
) -> list[Row]:
    return run(bank, answer(query, open_gate(model_, policies), ANALYST).rows)


def test_only_the_last_day_counts_on_which_anybody_had_a_value(
    bank: duckdb.DuckDBPyConnection,
) -> None:
    # On 20 February and 1 March there are rows, and no values; of a row without a day nobody knows.
    fields: Json = {"held": ["sum", "count", "min", "max"]}

    assert rows(bank, ask(fields)) == [(307, 2, 7, 300)]


def test_each_account_has_a_last_day_of_its_own(bank: duckdb.DuckDBPyConnection) -> None:
    assert rows(bank, ask({"own": ["sum", "count"], "double": ["sum"]})) == [(360, 4, 720)]


def test_each_group_has_a_last_day_of_its_own(bank: duckdb.DuckDBPyConnection) -> None:
    found = rows(bank, ask({"held": ["sum"], "own": ["sum"], "cents": ["sum"]}, "day:month"))

    assert [row[1:] for row in found] == [
        (120, 123, 123),
        (307, 357, 357),
        (None, None, None),
        (None, None, 9999),
    ]


def test_rows_of_the_same_moment_all_count(bank: duckdb.DuckDBPyConnection) -> None:
    assert rows(bank, ask({"own": ["sum"]}, filter={"account": "a"})) == [(307,)]


def test_a_filter_is_applied_before_the_last_day_is_looked_for(
    bank: duckdb.DuckDBPyConnection,
) -> None:
    query = ask({"held": ["sum"]}, filter={"day": {"lt": "2024-02-15"}})

    assert rows(bank, query) == [(50,)]


def test_a_filter_on_a_balance_is_about_rows(bank: duckdb.DuckDBPyConnection) -> None:
    assert rows(bank, ask({"own": ["sum"]}, filter={"own": {"lt": 100}})) == [(60,)]


def test_a_row_filter_is_applied_before_the_last_day_is_looked_for(
    bank: duckdb.DuckDBPyConnection,
) -> None:
    seen = RowFilter(tables=("balances",), filter={"branch": "x", "account": "b"})
    policies = Policies(roles={"analyst": Role(name="analyst", rows=(seen,))})

    assert rows(bank, ask({"held": ["sum"]}), policies=policies) == [(50,)]


def test_of_no_rows_nothing_is_the_last(bank: duckdb.DuckDBPyConnection) -> None:
    query = ask({"held": ["sum", "count"]}, filter={"account": "nobody"})

    assert rows(bank, query) == [(None, 0)]


def test_in_a_formula_that_aggregates_a_balance_is_null_where_it_does_not_count(
    bank: duckdb.DuckDBPyConnection,
) -> None:
    # 300² has no room in the 16 bits of the column.
    assert rows(bank, ask({"mean": ["select"], "squares": ["select"]})) == [
        (360 / 3, 300 * 300 + 7 * 7 + 50 * 50 + 3 * 3)
    ]


@pytest.mark.parametrize("hidden", ["day", "account"])
def test_what_a_balance_is_over_or_per_hides_it(hidden: str) -> None:
    role = Role(name="analyst", hidden={"balances": frozenset({hidden})})
    gate = open_gate(BANK, Policies(roles={"analyst": role}))

    fields: Json = {"own": ["select"], "double": ["select"], "mean": ["select"]}
    found = problems(lambda: answer(ask(fields), gate, ANALYST))

    assert {problem.code for problem in found} == {"NO_TABLE_FOUND"}
    assert [problem.detail for problem in found] == [
        f"No table has an attribute {name!r}." for name in ("own", "double", "mean")
    ]


COVERED: Final[dict[str, dict[str, Json]]] = {
    "sums, counts, means, the least": ask({"own": ["sum", "count", "avg", "min"]}),
    "by month": ask({"own": ["sum", "count", "avg"], "held": ["sum"]}, "day:month"),
    "by a key": ask({"held": ["count"], "cents": ["sum"]}, "account"),
    "filtered": ask({"own": ["sum"]}, filter={"day": {"lt": "2024-02-11"}}),
    "tested": ask({"own": ["sum"]}, "account", having={"held": {"count": {"gt": 0}}}),
    "a month before": ask({"own": ["sum"]}, "day:month", evol={"scale": "month"}),
}


@pytest.mark.parametrize("query", COVERED.values(), ids=COVERED)
def test_a_rollup_that_has_the_days_answers_as_its_table_does(
    query: dict[str, Json], bank: duckdb.DuckDBPyConnection
) -> None:
    model_ = with_rollup(_DAILY)

    assert plan(query, model_).table == "daily"
    assert rows(bank, query, model_) == rows(bank, query)


@pytest.mark.parametrize(
    ("fields", "rollup", "why"),
    [
        ({"own": ["sum"]}, _MONTHLY, "has no 'day', which is what a balance is over"),
        ({"own": ["max"]}, _DAILY, "has no 'cents', which is computed"),
        ({"mean": ["select"]}, _DAILY, "has no 'mean', which is computed"),
    ],
)
def test_a_rollup_without_what_a_balance_needs_is_left_alone(
    fields: Json, rollup: Table, why: str
) -> None:
    found = plan(ask(fields), with_rollup(rollup))

    assert found.table == "balances"
    assert {c.verdict for c in found.candidates if c.table == rollup.name} == {why}


def plan(query: dict[str, Json], model_: Model) -> Plan:
    return answer(query, open_gate(model_), ANALYST).plan
