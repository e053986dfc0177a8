"""What is of Iceberg alone: columns by their numbers, its metadata, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.table import Table
from pyiceberg.types import IntegerType, LongType, StringType

from engine.databases import opened, read
from engine.duckdb.lakes import make_iceberg, sales
from penstock.errors import ConfigurationError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sales"


@pytest.fixture
def table(folder: Path) -> Table:
    return make_iceberg(folder, sales(1))


def rows(folder: Path, columns: str) -> list[dict[str, object]]:
    with opened(folder.parent, {"sales": "sales"}) as engine:
        found: list[dict[str, object]] = read(
            engine, f"SELECT {columns} FROM sales ORDER BY id"
        ).to_pylist()
        return found


def test_a_column_keeps_its_values_when_it_is_renamed(folder: Path, table: Table) -> None:
    with table.update_schema() as schema:
        schema.rename_column("shop", "place")

    assert rows(folder, "id, place") == [{"id": 1, "place": "a"}]


def test_a_new_column_of_an_old_name_has_none_of_its_values(folder: Path, table: Table) -> None:
    with table.update_schema(allow_incompatible_changes=True) as schema:
        schema.delete_column("shop")
    with table.update_schema() as schema:
        schema.add_column("shop", StringType())

    assert rows(folder, "id, shop") == [{"id": 1, "shop": None}]


def test_a_column_that_was_widened_has_its_values(tmp_path: Path) -> None:
    narrow = pa.table({"id": pa.array([1], pa.int32())})
    table = make_iceberg(tmp_path / "sales", narrow)
    assert isinstance(table.schema().find_type("id"), IntegerType)
    with table.update_schema() as schema:
        schema.update_column("id", LongType())
    table.append(pa.table({"id": pa.array([2**40], pa.int64())}))

    assert rows(tmp_path / "sales", "id") == [{"id": 1}, {"id": 2**40}]


def test_rows_that_were_written_over_have_their_new_values(folder: Path, table: Table) -> None:
    table.overwrite(sales(2, shop="z"))

    assert rows(folder, "id, shop") == [{"id": 2, "shop": "z"}]


def test_a_hint_says_which_version_counts(folder: Path, table: Table) -> None:
    table.append(sales(2))
    (folder / "metadata" / "version-hint.text").write_text("1")

    assert rows(folder, "id") == [{"id": 1}]


def refused(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as told, opened(folder.parent, {"sales": "sales"}):
        pass
    assert told.value.hint
    return told.value.detail


def test_two_descriptions_of_one_version_are_refused(folder: Path, table: Table) -> None:
    newest = Path(table.metadata_location.removeprefix("file://"))
    shutil.copy(newest, newest.with_name(f"{newest.name[:5]}-other.metadata.json"))

    assert "2 descriptions" in refused(folder)


def test_files_of_before_it_was_a_table_are_refused(folder: Path, table: Table) -> None:
    plain = folder / "data" / "plain.parquet"
    pq.write_table(sales(2), plain)
    table.add_files([str(plain)])

    assert "no numbers" in refused(folder)


def test_files_that_are_partitioned_in_several_ways_are_refused(folder: Path, table: Table) -> None:
    with table.update_spec() as spec:
        spec.add_identity("shop")
    table.append(sales(2))

    assert "several ways" in refused(folder)


def test_a_file_outside_of_the_folder_is_refused(folder: Path, table: Table) -> None:
    outside = folder.parent / "outside.parquet"
    shutil.copy(next((folder / "data").glob("*.parquet")), outside)
    table.add_files([str(outside)], check_duplicate_files=False)

    assert "outside of its folder" in refused(folder)


def test_metadata_that_is_broken_is_said_to_be(folder: Path, table: Table) -> None:
    Path(table.metadata_location.removeprefix("file://")).write_text("{")

    assert "metadata" in refused(folder)
