from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.types import Rollup
from project.folders import issues, load, write

_MODEL = """\
tables:
  daily:
    database: shop
    rollup_of:
      table: orders
      measures:
        total: {of: amount, compute: sum}
        orders: {of: id, compute: count}
    attributes:
      day: {type: date}
      shop: {type: string}
      total: {type: float}
      orders: {type: integer}
      share: {formula: total / orders, type: float}
"""


def files(old: str = "", new: str = "") -> dict[str, str]:
    assert old in _MODEL
    return {
        "models/daily.yaml": _MODEL.replace(old, new, 1),
        "connectors/shop.yaml": "engine: duckdb\nfiles:\n  orders: data/orders.csv\n"
        "  shops: data/shops.csv\n  daily: data/daily.csv\n",
        "data/daily.csv": "day,shop,total,orders\n2024-01-01,a,2.5,1\n2024-01-02,b,4.5,1\n",
    }


def test_a_table_may_say_what_it_is_a_rollup_of(tmp_path: Path) -> None:
    table = load(write(tmp_path, files())).model.tables["daily"]

    assert table.rollup == Rollup("orders", {"total": ("amount", "sum"), "orders": ("id", "count")})
    assert table.grain == ("day", "shop")


def test_a_rollup_makes_another_model(tmp_path: Path) -> None:
    whole = load(write(tmp_path / "a", files())).model
    changed = load(write(tmp_path / "b", files("sum", "max"))).model

    assert whole.digest != changed.digest


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("table: orders", "table: order", "5:14 UNKNOWN_TABLE There is no table 'order'. | Did"),
        ("table: orders", "table: daily", "5:14 INVALID_VALUE 'daily' cannot be what 'daily' is a"),
        ("of: amount", "of: amuont", "7:21 UNKNOWN_ATTRIBUTE The table 'orders' has no attribute"),
        ("of: amount", "of: shop", "7:21 INVALID_VALUE orders.shop is of type string: there is no"),
        ("of: amount", "of: mean", "7:21 INVALID_VALUE orders.mean is an aggregate: there is no"),
        ("compute: sum", "compute: avg", "7:38 INVALID_VALUE"),
        ("total: {of", "totall: {of", "7:9 UNKNOWN_ATTRIBUTE The table 'daily' has no attribute"),
        ("total: {of", "share: {of", "7:9 INVALID_VALUE 'share' is a formula, and a measure"),
        ("total: {type: float", "total: {type: integer", "7:9 INVALID_VALUE 'total' is of type"),
        ("orders: {type: integer", "orders: {type: float", "8:9 INVALID_VALUE 'orders' is of"),
        ("day: {type: date", "day: {type: string", "10:7 INVALID_VALUE 'day' is of type string,"),
        ("shop: {type", "city: {type", "11:7 UNKNOWN_ATTRIBUTE The table 'orders' has no"),
        ("shop: {type: string", "mean: {type: float", "11:7 INVALID_VALUE orders.mean is an"),
    ],
)
def test_what_cannot_be_a_rollup_is_an_issue(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    found = issues(write(tmp_path, files(old, new)))

    assert any(line.startswith(f"models/daily.yaml:{expected}") for line in found), found


def test_a_rollup_is_not_of_another_rollup(tmp_path: Path) -> None:
    again = _MODEL.replace("daily:", "yearly:", 1).replace("table: orders", "table: daily")
    found = issues(write(tmp_path, {**files(), "models/yearly.yaml": again}))

    assert any("'daily' cannot be what 'yearly' is a roll-up of" in line for line in found), found


def test_a_rollup_of_what_could_not_be_read_is_no_further_issue(tmp_path: Path) -> None:
    found = issues(write(tmp_path, {**files(), "models/orders.yaml": "tables: ["}))

    assert not [line for line in found if line.startswith("models/daily.yaml")]
