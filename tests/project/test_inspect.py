"""The model beside the databases it is about, all of them real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from penstock.local import Project as LocalProject
from penstock.project.inspect import Inspection, inspect
from penstock.project.open import close_engines, open_engines
from penstock.project.types import ProjectError
from project.folders import ROOT, SHOP, load, write

MODEL = SHOP["models/orders.yaml"]


def inspected(folder: Path) -> Inspection:
    project = load(folder)
    engines = open_engines(project)
    try:
        return inspect(project, engines)
    finally:
        close_engines(engines)


def found(folder: Path) -> list[str]:
    return [f"{i.file}:{i.line}:{i.column} {i.code} {i.message}" for i in inspected(folder).issues]


def test_the_flights_project_is_true_of_its_data() -> None:
    inspection = inspected(ROOT)

    assert inspection.issues == ()
    assert inspection.rows == {
        "airlines": 16,
        "airports": 1458,
        "flights": 336776,
        "planes": 3322,
        "weather": 26115,
    }


def test_a_small_project_is_true_of_its_data(tmp_path: Path) -> None:
    inspection = inspected(write(tmp_path))

    assert inspection.issues == ()
    assert inspection.rows == {"orders": 2, "shops": 2}


def test_a_column_that_is_not_there_comes_with_a_suggestion(tmp_path: Path) -> None:
    model = MODEL.replace("id: {type: integer}", "id: {type: integer, column: idd}")

    assert found(write(tmp_path, {"models/orders.yaml": model})) == [
        "models/orders.yaml:5:7 COLUMN_NOT_FOUND 'orders' has no column 'idd'."
    ]


def test_a_type_that_is_not_the_column_s_is_an_issue(tmp_path: Path) -> None:
    model = MODEL.replace("amount: {type: float}", "amount: {type: integer}")

    assert found(write(tmp_path, {"models/orders.yaml": model})) == [
        (
            "models/orders.yaml:7:7 TYPE_MISMATCH orders.amount is declared integer, its column is"
            " DOUBLE."
        )
    ]


def test_a_formula_that_the_database_cannot_compute_is_an_issue(tmp_path: Path) -> None:
    model = MODEL.replace("SUM(amount) / COUNT(id)", "SUM(shop)")
    issues = found(write(tmp_path, {"models/orders.yaml": model}))

    assert len(issues) == 1
    assert issues[0].startswith(
        "models/orders.yaml:9:7 INVALID_FORMULA The database cannot compute 'mean'"
    )


def test_a_formula_that_gives_another_type_than_declared_is_an_issue(tmp_path: Path) -> None:
    model = MODEL.replace("COUNT(id), type: float", "COUNT(id), type: integer")

    issue, *others = found(write(tmp_path, {"models/orders.yaml": model}))

    assert issue.startswith("models/orders.yaml:9:7 TYPE_MISMATCH orders.mean is declared integer")
    assert not others


@pytest.mark.parametrize(
    ("formula", "declared"),
    [
        ("amount * 2", "float"),
        ("id + 1", "float"),
        ("id + 1", "integer"),
        ("SUM(id)", "integer"),
        ("day", "date"),
        ("shop LIKE 'a%'", "boolean"),
    ],
)
def test_a_formula_may_be_declared_as_what_loses_nothing(
    tmp_path: Path, formula: str, declared: str
) -> None:
    model = MODEL.replace(
        "{formula: SUM(amount) / COUNT(id), type: float}",
        f'{{formula: "{formula}", type: {declared}}}',
    )

    assert found(write(tmp_path, {"models/orders.yaml": model})) == []


def test_a_project_that_is_not_true_of_its_data_does_not_open(tmp_path: Path) -> None:
    folder = write(tmp_path, {"models/orders.yaml": MODEL.replace("amount: {", "amounts: {", 1)})

    with pytest.raises(ProjectError):
        LocalProject(folder)


def test_a_target_with_several_rows_for_one_key_is_an_issue(tmp_path: Path) -> None:
    twice = SHOP["data/shops.csv"] + "a,Paris\n"

    assert found(write(tmp_path, {"data/shops.csv": twice})) == [
        (
            "models/orders.yaml:11:7 NOT_UNIQUE Several rows of shops have the same code, and rows"
            " of orders refer to them (1 ×): joined, they would be counted several times."
        )
    ]


def test_a_repeated_key_that_no_row_refers_to_is_no_issue(tmp_path: Path) -> None:
    closed = SHOP["data/shops.csv"] + "z,Rome\nz,Pisa\n,Oslo\n,Kyiv\n"

    assert found(write(tmp_path, {"data/shops.csv": closed})) == []


def test_one_to_one_is_checked_on_both_sides(tmp_path: Path) -> None:
    model = MODEL.replace("on: {shop: code}}", "on: {shop: code}, kind: one_to_one}")
    orders = SHOP["data/orders.csv"] + "3,a,1.5,2024-01-03\n"

    assert found(write(tmp_path, {"models/orders.yaml": model, "data/orders.csv": orders})) == [
        (
            "models/orders.yaml:11:7 NOT_UNIQUE Several rows of orders have the same key (1 ×),"
            " so 'place' is not one to one."
        )
    ]


def test_a_mandatory_relationship_has_a_partner_for_each_row(tmp_path: Path) -> None:
    model = MODEL.replace("on: {shop: code}}", "on: {shop: code}, mandatory: true}")
    orders = SHOP["data/orders.csv"] + "3,,1.5,2024-01-03\n4,nowhere,1.5,2024-01-03\n"

    assert found(write(tmp_path / "whole", {"models/orders.yaml": model})) == []
    assert found(
        write(tmp_path / "alone", {"models/orders.yaml": model, "data/orders.csv": orders})
    ) == [
        (
            "models/orders.yaml:11:7 NO_PARTNER In orders, 2 rows have no partner in shops, so"
            " 'place' is not mandatory: joined, they would be left out."
        )
    ]


def test_a_not_null_attribute_has_a_value_in_each_row(tmp_path: Path) -> None:
    model = (
        MODEL.replace("id: {type: integer}", "id: {type: integer, not_null: true}")
        .replace("shop: {type: string,", "shop: {type: string, not_null: true,")
        .replace("day: {type: date}", "when: {type: date, column: day, not_null: true}")
    )
    orders = SHOP["data/orders.csv"] + "3,,1.5,2024-01-03\n4,,1.5,\n"
    files = {"models/orders.yaml": model, "queries/by-shop.yaml": None}

    assert found(write(tmp_path / "whole", files)) == []
    assert found(write(tmp_path / "gaps", {**files, "data/orders.csv": orders})) == [
        (
            "models/orders.yaml:6:7 HAS_NULLS In orders, 2 rows have no shop, so 'shop' is not"
            " `not_null`: counting it would count them."
        ),
        (
            "models/orders.yaml:8:7 HAS_NULLS In orders, 1 row has no when, so 'when' is not"
            " `not_null`: counting it would count them."
        ),
    ]


def test_a_table_without_rows_has_no_nulls(tmp_path: Path) -> None:
    with database(tmp_path / "shop.duckdb") as connection:
        connection.execute("CREATE TABLE shops (code TEXT, city TEXT)")
        connection.execute("CREATE TABLE orders (id BIGINT, shop TEXT, amount DOUBLE, day DATE)")
    model = MODEL.replace("id: {type: integer}", "id: {type: integer, not_null: true}")
    connector = "engine: duckdb\ndatabase: shop.duckdb\n"

    assert (
        found(write(tmp_path, {"models/orders.yaml": model, "connectors/shop.yaml": connector}))
        == []
    )


@contextmanager
def database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(path)
    try:
        yield connection
    finally:
        connection.close()


def test_a_table_that_is_not_there_is_an_issue(tmp_path: Path) -> None:
    with database(tmp_path / "shop.duckdb") as connection:
        connection.execute("CREATE TABLE shops (code TEXT, city TEXT)")
    folder = write(tmp_path, {"connectors/shop.yaml": "engine: duckdb\ndatabase: shop.duckdb\n"})

    assert found(folder) == [
        "models/orders.yaml:2:3 RELATION_NOT_FOUND The database 'shop' has no relation 'orders'."
    ]
