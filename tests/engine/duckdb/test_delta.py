"""What is of Delta Lake alone: columns that come later, and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import create_server
from struct import pack

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType
from pyroaring import BitMap

from engine.databases import opened, read
from engine.duckdb.lakes import Written, sales, write_delta
from penstock.errors import ConfigurationError
from penstock.query.types import Json


@pytest.fixture
def table(tmp_path: Path) -> Written:
    return write_delta(tmp_path / "sales", sales(1))


def test_a_column_that_came_later_is_null_in_the_files_before(table: Written) -> None:
    more = sales(2).append_column("note", pa.array(["late"]))
    table.add(more)

    with opened(table.folder.parent, {"sales": "sales"}) as engine:
        found = read(engine, "SELECT id, note FROM sales ORDER BY id").to_pylist()

    assert found == [{"id": 1, "note": None}, {"id": 2, "note": "late"}]


def test_a_column_that_no_file_has_yet_is_there(table: Written) -> None:
    DeltaTable(table.folder).alter.add_columns(Field("note", PrimitiveType("double")))

    with opened(table.folder.parent, {"sales": "sales"}) as engine:
        assert read(engine, "SELECT id, note FROM sales").to_pylist() == [{"id": 1, "note": None}]


def test_rows_that_were_changed_have_their_new_values(table: Written) -> None:
    DeltaTable(table.folder).update({"shop": "'z'"}, predicate="id = 1")

    with opened(table.folder.parent, {"sales": "sales"}) as engine:
        assert read(engine, "SELECT shop FROM sales")["shop"].to_pylist() == ["z"]


def test_a_checkpoint_changes_nothing(table: Written) -> None:
    table.add(sales(2))
    DeltaTable(table.folder).create_checkpoint()

    with opened(table.folder.parent, {"sales": "sales"}) as engine:
        assert engine.count(("sales",)) == 2


def commit(table: Written, *actions: Json) -> None:
    """Write a version by hand."""
    version = DeltaTable(table.folder).version() + 1
    log = table.folder / "_delta_log" / f"{version:020}.json"
    log.write_text("\n".join(json.dumps(action) for action in actions))


def told_of(table: Written) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as told, opened(table.folder.parent, {"sales": "sales"}):
        pass
    return told.value


def refused(table: Written) -> str:
    told = told_of(table)
    assert told.hint
    return told.detail


def protocol(*features: str) -> Json:
    return {
        "protocol": {
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": [*features],
            "writerFeatures": [*features],
        }
    }


Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def vector(*rows: int) -> dict[str, Json]:
    """Return a deletion vector as the protocol describes it: a roaring bitmap, in base 85."""
    bitmap = pack("<IQI", 1681511377, 1, 0) + BitMap(rows).serialize()
    padded = bitmap + bytes(-len(bitmap) % 4)
    words = [int.from_bytes(padded[i : i + 4], "big") for i in range(0, len(padded), 4)]
    text = "".join(Z85[word // 85**power % 85] for word in words for power in range(4, -1, -1))
    return {
        "storageType": "i",
        "pathOrInlineDv": text,
        "sizeInBytes": len(bitmap),
        "cardinality": len(rows),
    }


def delete_rows(table: Written, *rows: int) -> None:
    """Mark rows of the only file as deleted."""
    put_vector(table, vector(*rows))


def put_vector(table: Written, said: Json) -> None:
    path = next(table.folder.rglob("*.parquet"))
    actions = pa.table(DeltaTable(table.folder).get_add_actions()).to_pylist()[0]
    file: dict[str, Json] = {
        "path": actions["path"],
        "partitionValues": actions.get("partition", {}),
        "dataChange": True,
    }
    added: Json = {
        **file,
        "size": path.stat().st_size,
        "modificationTime": 1,
        "stats": json.dumps({"numRecords": 4}),
        "deletionVector": said,
    }
    removed: Json = {"remove": {**file, "deletionTimestamp": 1}}
    commit(table, protocol("deletionVectors", "timestampNtz"), removed, {"add": added})


@pytest.mark.parametrize("by", [(), ("shop",)])
def test_rows_of_a_deletion_vector_do_not_count(tmp_path: Path, by: Sequence[str]) -> None:
    table = write_delta(tmp_path / "sales", sales(1, 2, 3, 4, shop="a b"), by)
    delete_rows(table, 0, 2)
    table.add(sales(9))

    with opened(tmp_path, {"sales": "sales"}) as engine:
        found = read(engine, "SELECT id FROM sales WHERE id > 0 ORDER BY id")["id"].to_pylist()
        assert (found, engine.count(("sales",))) == ([2, 4, 9], 3)


@pytest.mark.parametrize("name", ["file_row_number", "File_Row_Number", "Penstock File"])
@pytest.mark.parametrize("by", [(), ("name",)])
def test_a_column_that_duckdb_would_take_for_ours_is_refused(
    tmp_path: Path, name: str, by: Sequence[str]
) -> None:
    rows = pa.table({"id": [1, 2], name: ["x", "y"]})
    table = write_delta(tmp_path / "sales", rows, [name for _ in by])

    assert name in refused(table)


def test_deleted_rows_are_gone_behind_a_link_too(tmp_path: Path) -> None:
    table = write_delta(tmp_path / "there" / "sales", sales(1, 2, 3, 4))
    delete_rows(table, 0, 2)
    (tmp_path / "sales").symlink_to(table.folder)

    with opened(tmp_path, {"sales": "sales"}) as engine:
        assert read(engine, "SELECT id FROM sales ORDER BY id")["id"].to_pylist() == [2, 4]


def test_partitions_of_bytes_are_refused(tmp_path: Path) -> None:
    rows = pa.table({"id": [1], "key": [b"\xff\x01"]})
    table = write_delta(tmp_path / "sales", rows, ["key"])

    assert "bytes" in refused(table)


def test_partitions_of_floats_are_as_they_were(tmp_path: Path) -> None:
    rows = pa.table({"id": [1, 2, 3], "rate": [0.1, None, 1e-9]})
    write_delta(tmp_path / "sales", rows, ["rate"])

    with opened(tmp_path, {"sales": "sales"}) as engine:
        found = read(engine, "SELECT id, rate FROM sales ORDER BY id").to_pylist()

    assert found == rows.to_pylist()


def test_a_folder_whose_name_reads_as_another_is_refused(tmp_path: Path) -> None:
    plain = write_delta(tmp_path / "A" / "sales", sales(1))
    shutil.copytree(plain.folder, tmp_path / "%41" / "sales")
    table = Written(tmp_path / "%41" / "sales", plain.add, plain.delete)

    assert told_of(table).hint == "Rename the folder."


@pytest.mark.parametrize("place", ["s3://shop/vector", "http://{at}/vector", "hdfs://{at}/vector"])
def test_no_server_is_asked_for_a_deletion_vector(
    table: Written, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        at = f"127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{at}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        elsewhere: Json = {**vector(0), "storageType": "p", "pathOrInlineDv": place.format(at=at)}
        put_vector(table, elsewhere)

        assert "cannot be read" in refused(table)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_feature_that_is_not_known_is_refused_by_its_name(table: Written) -> None:
    commit(table, protocol("timestampNtz", "columnMapping"))

    assert "columnMapping" in refused(table)


def test_a_file_outside_of_the_folder_is_refused(table: Written, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    outside.write_bytes(next(table.folder.glob("*.parquet")).read_bytes())
    size = outside.stat().st_size
    add: Json = {
        "path": f"file://{outside}",
        "partitionValues": {},
        "size": size,
        "modificationTime": 1,
        "dataChange": True,
    }
    commit(table, {"add": add})

    assert "outside of its folder" in refused(table)


def test_who_lacks_the_reader_is_told_what_to_install(
    table: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    monkeypatch.delitem(sys.modules, "penstock.engine.duckdb.delta", raising=False)

    with pytest.raises(ConfigurationError) as told, opened(table.folder.parent, {"sales": "sales"}):
        pass

    assert told.value.hint == 'pip install "penstock[delta]"'


def test_a_log_that_is_broken_is_said_to_be(table: Written) -> None:
    for log in (table.folder / "_delta_log").iterdir():
        log.write_text("{")

    assert "log" in refused(table)


@pytest.mark.parametrize("name", ["x[1].parquet", "x?.parquet", "*.parquet"])
def test_a_file_whose_name_is_a_pattern_is_refused(table: Written, name: str) -> None:
    real = next(table.folder.glob("*.parquet"))
    (table.folder / name).write_bytes(real.read_bytes())
    add: Json = {
        "path": name,
        "partitionValues": {},
        "size": real.stat().st_size,
        "modificationTime": 1,
        "dataChange": True,
    }
    commit(table, {"add": add})

    assert "takes for a pattern" in refused(table)


def test_a_file_that_is_named_twice_is_refused(table: Written) -> None:
    real = next(table.folder.glob("*.parquet"))
    add: Json = {
        "path": f"./{real.name}",
        "partitionValues": {},
        "size": real.stat().st_size,
        "modificationTime": 1,
        "dataChange": True,
    }
    commit(table, {"add": add})

    assert "names one file twice" in refused(table)
