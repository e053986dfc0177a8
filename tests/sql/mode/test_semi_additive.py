"""In SQL a balance is a column like any other: whoever writes it says which rows count."""

from __future__ import annotations

import duckdb
import pytest

from penstock.model.types import DataType
from sql.mode.worlds import translated
from support.ask import open_gate, problems, run
from support.flights import ANALYST, balance, columns, formula, model, table

VIEW = open_gate(
    model(
        table(
            "balances",
            {
                **columns(account=DataType.STRING, day=DataType.DATE, cents=DataType.INTEGER),
                "own": balance("own", "cents", "account", over="day"),
                "total": formula("total", "SUM(own)", "own", aggregates=True),
                "share": formula("share", "total / COUNT(*)", "total", aggregates=True),
                "rows": formula("rows", "COUNT(cents)", "cents", aggregates=True),
            },
            rows=2,
        )
    )
).view(ANALYST)


def test_every_row_of_a_balance_counts() -> None:
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(
            "CREATE TABLE balances AS SELECT * FROM (VALUES ('a', DATE '2024-01-01', 1),"
            " ('a', DATE '2024-01-02', 2)) t(account, day, cents)"
        )

        _, statement = translated("SELECT SUM(own) AS s, rows FROM balances", VIEW)
        assert run(database, statement) == [(3, 2)]


@pytest.mark.parametrize("name", ["total", "share"])
def test_what_is_worked_out_of_a_balance_in_a_group_is_refused(name: str) -> None:
    (found,) = problems(lambda: translated(f"SELECT {name} FROM balances", VIEW))

    assert found.code == "COMPUTE_NOT_ALLOWED"
    assert found.detail.startswith(f"{name!r} is worked out of 'own', of which only the last")
