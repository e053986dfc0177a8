from __future__ import annotations

from pathlib import Path

from engine.databases import make_database, opened, settings
from penstock.engine.duckdb import DuckDB
from penstock.engine.types import FoundColumn, FoundForeignKey
from penstock.model.types import DataType


def test_a_database_file_tells_its_tables_and_views_with_their_keys(tmp_path: Path) -> None:
    make_database(
        tmp_path / "shop.duckdb",
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR)",
        "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id INTEGER REFERENCES customers(id))",
        "CREATE VIEW recent AS SELECT id FROM orders",
        "CREATE SCHEMA depot",
        "CREATE TABLE depot.bins (aisle INTEGER, bin VARCHAR, PRIMARY KEY (aisle, bin))",
        "CREATE TABLE depot.goods (aisle INTEGER, bin VARCHAR, tags VARCHAR[],"
        " FOREIGN KEY (aisle, bin) REFERENCES depot.bins(aisle, bin))",
    )
    engine = DuckDB(settings(tmp_path, options={"database": "shop.duckdb"}))
    found = {relation.source: relation for relation in engine.relations()}
    engine.close()

    assert [*found] == [
        ("depot", "bins"),
        ("depot", "goods"),
        ("customers",),
        ("orders",),
        ("recent",),
    ]
    assert found["customers",].primary_key == ("id",)
    assert found["depot", "bins"].primary_key == ("aisle", "bin")
    assert found["orders",].foreign_keys == (
        FoundForeignKey(("customer_id",), ("customers",), ("id",), enforced=True),
    )
    assert found["depot", "goods"].foreign_keys == (
        FoundForeignKey(("aisle", "bin"), ("depot", "bins"), ("aisle", "bin"), enforced=True),
    )
    assert found["depot", "goods"].columns == (
        FoundColumn("aisle", DataType.INTEGER, "INTEGER"),
        FoundColumn("bin", DataType.STRING, "VARCHAR"),
        FoundColumn("tags", None, "VARCHAR[]"),
    )
    assert found["recent",].columns == (FoundColumn("id", DataType.INTEGER, "BIGINT"),)


def test_a_database_file_tells_what_is_not_null(tmp_path: Path) -> None:
    make_database(
        tmp_path / "shop.duckdb",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NOT NULL, c INTEGER)",
        "CREATE VIEW v AS SELECT x.b FROM t LEFT JOIN t AS x ON x.b = t.c",
    )
    engine = DuckDB(settings(tmp_path, options={"database": "shop.duckdb"}))
    found = {relation.source: relation for relation in engine.relations()}
    engine.close()

    assert [column.nullable for column in found["t",].columns] == [False, False, True]
    assert [column.nullable for column in found["v",].columns] == [True]


def test_files_are_relations_without_keys(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,day\n1,2024-01-01\n")
    with opened(tmp_path, {"orders": "orders.csv"}) as engine:
        found = engine.relations()

    assert [relation.source for relation in found] == [("orders",)]
    assert [column.type for column in found[0].columns] == [DataType.INTEGER, DataType.DATE]
    assert (found[0].primary_key, found[0].foreign_keys) == ((), ())
