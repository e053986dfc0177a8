"""What is of Delta Lake alone: columns that come later, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
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


def refused(table: Written) -> str:
    with pytest.raises(ConfigurationError) as told, opened(table.folder.parent, {"sales": "sales"}):
        pass
    assert told.value.hint
    return told.value.detail


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


def vector(*rows: int) -> Json:
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
        "deletionVector": vector(*rows),
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


def test_a_column_that_is_called_like_the_number_of_a_row_is_refused_beside_such_a_vector(
    tmp_path: Path,
) -> None:
    table = write_delta(tmp_path / "sales", pa.table({"file_row_number": [1, 2, 3, 4]}))
    delete_rows(table, 0)

    assert "file_row_number" in refused(table)


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
