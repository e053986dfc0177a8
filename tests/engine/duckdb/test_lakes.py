"""Folders that are tables, of Delta Lake and of Iceberg, alike."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

import penstock
from engine.databases import Clock, opened, read
from engine.duckdb.lakes import FIELDS, Written, sales, write_delta, write_iceberg
from penstock.engine.duckdb import DuckDB
from penstock.errors import EngineError
from penstock.local import As
from penstock.model.types import DataType
from penstock.query.types import Json

Write = Callable[[Path, pa.Table, Sequence[str]], Written]

both = pytest.mark.parametrize("write_table", [write_delta, write_iceberg])


def ids(engine: DuckDB, where: str = "TRUE") -> list[object]:
    answer = read(engine, f"SELECT id FROM sales WHERE {where} ORDER BY id")
    numbers: list[object] = answer["id"].to_pylist()
    return numbers


@both
def test_a_table_has_its_types_and_its_values(tmp_path: Path, write_table: Write) -> None:
    write_table(tmp_path / "sales", sales(1, 2), ())

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert read(engine, "SELECT * FROM sales ORDER BY id").cast(FIELDS) == sales(1, 2)
        assert engine.count(("sales",)) == 2
        assert [column.type for column in engine.columns(("sales",)) or ()] == [
            DataType.INTEGER,
            DataType.STRING,
            DataType.DATE,
            DataType.DECIMAL,
            DataType.TIMESTAMP,
        ]


@both
def test_rows_that_were_deleted_are_gone_though_their_files_are_not(
    tmp_path: Path, write_table: Write
) -> None:
    table = write_table(tmp_path / "sales", sales(1, 2, 3), ())
    table.delete("id = 2")

    assert len([*table.folder.rglob("*.parquet")]) == 2
    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert ids(engine) == [1, 3]


@both
def test_a_new_version_is_seen_and_changes_the_token(tmp_path: Path, write_table: Write) -> None:
    table, clock = write_table(tmp_path / "sales", sales(1), ()), Clock()
    with opened(tmp_path, {"sales": "sales"}, clock=clock) as engine:
        before = (ids(engine), engine.version())
        table.add(sales(2))
        clock.now += 1
        after = (ids(engine), engine.version())

    assert (before[0], after[0]) == ([1], [1, 2])
    assert before[1] != after[1]


@both
def test_a_table_without_a_row_has_its_columns(tmp_path: Path, write_table: Write) -> None:
    table = write_table(tmp_path / "sales", sales(1), ())
    table.delete("id = 1")

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert ids(engine) == []
        assert [column.name for column in engine.columns(("sales",)) or ()] == FIELDS.names


@both
def test_partitions_are_columns_whatever_their_values(tmp_path: Path, write_table: Write) -> None:
    table = write_table(tmp_path / "sales", sales(1, 2), ["shop", "day"])
    table.add(sales(3, shop=None))
    table.add(sales(4, shop="a/ 'b' %41="))

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert ids(engine, "shop = 'a' AND day > DATE '2013-01-02'") == [2]
        assert ids(engine, "shop IS NULL") == [3]
        assert ids(engine, "shop = 'a/ ''b'' %41='") == [4]
        assert read(engine, "SELECT day FROM sales WHERE id = 4")["day"].to_pylist() == [
            sales(4)["day"][0].as_py()
        ]


@both
def test_a_table_may_be_copied_to_another_place(tmp_path: Path, write_table: Write) -> None:
    table = write_table(tmp_path / "here" / "sales", sales(1, 2), ["shop"])
    shutil.copytree(table.folder, tmp_path / "there" / "sales")
    shutil.rmtree(table.folder)

    with opened(tmp_path / "there", {"sales": "sales"}) as engine:
        assert ids(engine) == [1, 2]


@both
def test_what_views_need_is_nobodys_to_read(tmp_path: Path, write_table: Write) -> None:
    write_table(tmp_path / "sales", sales(1), ["shop"])

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert [relation.source for relation in engine.relations()] == [("sales",)]
        for text in ('"penstock lakes".sales', 'data."penstock lakes".sales'):
            with pytest.raises(EngineError):
                read(engine, f"SELECT * FROM {text}")


@both
def test_columns_of_lists_and_structures_are_left_out(tmp_path: Path, write_table: Write) -> None:
    nested = pa.table({"id": [1], "tags": [["a"]], "place": [{"x": 1}]})
    write_table(tmp_path / "sales", nested, ())

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert [column.name for column in engine.columns(("sales",)) or ()] == ["id"]


@both
def test_only_the_columns_and_files_that_are_asked_for_are_read(
    tmp_path: Path, write_table: Write
) -> None:
    table = write_table(tmp_path / "sales", sales(1), ())
    table.add(sales(9))

    with opened(tmp_path, {"sales": "sales"}) as engine:
        plan = str(engine._ask("EXPLAIN SELECT id FROM data.sales WHERE id > 5", []))  # noqa: SLF001 - no question of a caller
    assert "Filters: id > 5" in plan
    assert "amount" not in plan


PROJECT = {
    "penstock.yaml": "name: shop\n",
    "connectors/shop.yaml": "engine: duckdb\nfiles: {sales: data/sales}\n",
    "models/sales.yaml": """\
tables:
  sales:
    database: shop
    attributes:
      id: {type: integer}
      shop: {type: string}
      amount: {type: decimal}
""",
    "policies/roles.yaml": """\
roles:
  everything: {}
  own:
    rows:
      - {tables: [sales], filter: {shop: $principal.shop}}
    hidden: [sales.amount]
""",
}


@both
def test_a_project_has_such_a_table_and_its_roles_hold(tmp_path: Path, write_table: Write) -> None:
    table = write_table(tmp_path / "data" / "sales", sales(1, 2), ["shop"])
    table.add(sales(3, shop="b"))
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    asked: Mapping[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": ["shop"]},
    }

    with penstock.Project(tmp_path) as project:
        assert project.query(asked).to_pylist() == [
            {"shop": "a", "id_count": 2},
            {"shop": "b", "id_count": 1},
        ]
    with penstock.Project(tmp_path, as_=As(("own",), {"shop": "b"})) as project:
        assert project.query(asked)["id_count"].to_pylist() == [1]
