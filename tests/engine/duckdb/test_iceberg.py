"""What is of Iceberg alone: columns by their numbers, its metadata, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server, socket

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import clear_manifest_cache, write_manifest_list
from pyiceberg.table import Table
from pyiceberg.types import IntegerType, LongType, StringType

from engine.databases import opened, read
from engine.duckdb.lakes import make_iceberg, sales
from penstock.errors import ConfigurationError
from penstock.query.types import Json

_SPEC = 2  # where a list of manifests says how each is partitioned


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


def rewrite(table: Table, change: Callable[[dict[str, Json]], None]) -> None:
    """Write the newest metadata as somebody else would have it."""
    path = Path(table.metadata_location.removeprefix("file://"))
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))


def set_properties(table: Table, **properties: Json) -> None:
    names = {name.replace("__", ".").replace("_", "-"): text for name, text in properties.items()}
    rewrite(table, lambda metadata: metadata.update(properties=names))


def set_list(table: Table, place: str) -> None:
    """Say that the files of every snapshot are listed there."""

    def change(metadata: dict[str, Json]) -> None:
        snapshots = metadata["snapshots"]
        assert isinstance(snapshots, list)
        metadata["snapshots"] = [
            {**snapshot, "manifest-list": place}
            for snapshot in snapshots
            if isinstance(snapshot, dict)
        ]

    rewrite(table, change)


def leave_mark(properties: dict[str, str], mark: str = "mark") -> None:
    """Stand for any function that a table may name."""
    Path(properties[mark]).write_text("called")


def test_a_function_that_a_table_names_is_never_called(folder: Path, table: Table) -> None:
    mark = folder.parent / "mark"
    name = f"{__name__}.{leave_mark.__name__}"
    set_properties(table, py_io_impl=name, mark=str(mark))

    assert rows(folder, "id") == [{"id": 1}]
    assert not mark.exists()


def test_a_table_may_name_its_files_only(folder: Path, table: Table) -> None:
    elsewhere = folder.parent / "elsewhere"
    set_properties(table, penstock__lies=str(elsewhere), penstock__written=str(folder))

    assert rows(folder, "id") == [{"id": 1}]


@pytest.fixture
def listener() -> Iterator[socket]:
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


@pytest.mark.parametrize("scheme", ["s3://shop", "http://{at}", "gs://shop", "hdfs://{at}"])
def test_no_server_is_asked_for_what_a_table_lists(
    folder: Path, table: Table, listener: socket, scheme: str
) -> None:
    at = f"127.0.0.1:{listener.getsockname()[1]}"
    key = {"s3__access_key_id": "k", "s3__secret_access_key": "k", "s3__region": "r"}
    set_properties(table, s3__endpoint=f"http://{at}", gcs__service__host=f"http://{at}", **key)
    set_list(table, f"{scheme.format(at=at)}/list.avro")

    assert "outside of its folder" in refused(folder)
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("place", ["{folder}/../list.avro", "file://{folder}/../list.avro"])
def test_a_list_outside_of_the_folder_is_refused(folder: Path, table: Table, place: str) -> None:
    snapshot = table.current_snapshot()
    assert snapshot is not None
    written = Path(snapshot.manifest_list.removeprefix("file://"))
    shutil.copy(written, folder.parent / "list.avro")
    set_list(table, place.format(folder=folder))

    assert "outside of its folder" in refused(folder)


def test_what_a_table_says_of_a_manifest_is_not_said_of_its_copy(
    folder: Path, table: Table
) -> None:
    copied = folder.parent / "copied" / "sales"
    shutil.copytree(folder, copied)
    snapshot = table.current_snapshot()
    assert snapshot is not None
    (manifest,) = snapshot.manifests(table.io)
    clear_manifest_cache()
    manifest[_SPEC] = 99
    out = table.io.new_output(snapshot.manifest_list)
    with write_manifest_list(2, out, snapshot.snapshot_id, None, 1, "null") as written:
        written.add_manifests([manifest])

    assert "cannot be read" in refused(folder)
    assert rows(copied, "id") == [{"id": 1}]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_partitions_of_floats_are_what_the_files_hold(folder: Path, kind: pa.DataType) -> None:
    plain = pa.table({"id": [1, 2, 3], "rate": pa.array([0.1, None, -2.5], kind)})
    make_iceberg(folder, plain, ["rate"])

    expected = plain.to_pylist()
    assert rows(folder, "id, rate") == expected


def test_partitions_of_floats_that_the_files_lack_are_refused(folder: Path) -> None:
    make_iceberg(folder, pa.table({"id": [1], "rate": [0.1]}), ["rate"])
    for file in (folder / "data").rglob("*.parquet"):
        pq.write_table(pq.read_table(file, partitioning=None).drop_columns("rate"), file)

    assert "floats" in refused(folder)


@pytest.mark.parametrize("name", ["File_Row_Number", "PENSTOCK FILE"])
def test_a_column_that_duckdb_would_take_for_ours_is_refused(folder: Path, name: str) -> None:
    make_iceberg(folder, pa.table({"id": [1], name: [2]}))

    assert name in refused(folder)


def test_columns_that_differ_in_case_only_are_refused(folder: Path) -> None:
    make_iceberg(folder, pa.table({"id": [1], "shop": [2], "Shop": [3]}))

    assert "Shop" in refused(folder)


@pytest.mark.parametrize("broken", ["[]", "null", '{"format-version": 2}', "\x00"])
def test_metadata_of_another_form_is_said_to_be(folder: Path, table: Table, broken: str) -> None:
    Path(table.metadata_location.removeprefix("file://")).write_text(broken)

    assert "cannot be read" in refused(folder)


@pytest.mark.parametrize("broken", [b"", b"Obj\x01", b"Obj\x01" + bytes(99)])
@pytest.mark.usefixtures("table")
def test_a_list_that_is_broken_is_said_to_be(folder: Path, broken: bytes) -> None:
    for listed in (folder / "metadata").glob("*.avro"):
        listed.write_bytes(broken)

    assert "cannot be read" in refused(folder)


def test_a_hint_that_is_no_number_is_passed_over(folder: Path, table: Table) -> None:
    table.append(sales(2))
    (folder / "metadata" / "version-hint.text").write_text("²")

    assert rows(folder, "id") == [{"id": 1}, {"id": 2}]


def test_metadata_that_is_broken_is_said_to_be(folder: Path, table: Table) -> None:
    Path(table.metadata_location.removeprefix("file://")).write_text("{")

    assert "cannot be read" in refused(folder)
