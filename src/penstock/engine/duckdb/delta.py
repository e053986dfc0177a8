"""A Delta table's log → its columns, the files that count, and what these are partitioned by."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pyarrow import types

from penstock.engine.duckdb.lakes import LakeTable, Unreadable

# What a reader must know of, and ours does.
_KNOWN: Final = frozenset(
    {
        "deletionVectors",
        "domainMetadata",
        "timestampNtz",
        "typeWidening",
        "typeWidening-preview",
        "v2Checkpoint",
        "vacuumProtocolCheck",
    }
)
_PARTITION: Final = "partition."
_ELSEWHERE: Final = "Write it without, or read it through Spark or Trino."


def read_delta(folder: Path) -> LakeTable:
    """Read the newest version of a table. Raises Unreadable; any error if it is broken."""
    real = folder.resolve()
    if unquote(str(real)) != str(real):
        # Its library decodes a path twice, and would read the log of another folder.
        raise Unreadable("lies in a folder with a % in its name", "Rename the folder.")
    table = DeltaTable(real.as_uri())
    _refuse_unknown(table)
    schema = pa.schema(table.schema().to_arrow())
    names = table.metadata().partition_columns
    if any(_is_binary(schema.field(name).type) for name in names):
        raise Unreadable("is partitioned by bytes", _ELSEWHERE)
    actions = pa.table(table.get_add_actions(flatten=True))
    files = [_file(real, path) for path in actions.column("path").to_pylist()]
    partitions = actions.select([f"{_PARTITION}{name}" for name in names]) if names else None
    return LakeTable(
        schema=schema,
        files=files,
        ids={},
        partitions=None if partitions is None else partitions.rename_columns(names),
        deleted=_deleted(table, real),
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _deleted(table: DeltaTable, folder: Path) -> pa.Table | None:
    """Return the rows that deletion vectors say are gone, None where there is no vector."""
    files, rows = [], []
    for batch in table.deletion_vectors():
        of = pa.record_batch(batch)
        for path, kept in zip(of.column(0).to_pylist(), of.column(1), strict=True):
            gone = pc.indices_nonzero(pc.invert(kept.values)).cast(pa.int64())
            files.append(pa.repeat(pa.scalar(_file(folder, path), pa.string()), len(gone)))
            rows.append(gone)
    if not files:
        return None
    return pa.table([pa.chunked_array(files), pa.chunked_array(rows)], names=["file", "row"])


def _file(folder: Path, path: str) -> str:
    """Return where a file lies; one of another table is named by its whole address."""
    inside = unquote(urlsplit(path).path if path.startswith("file:") else path)
    return str((folder / inside).resolve())


def _refuse_unknown(table: DeltaTable) -> None:
    features = set(table.protocol().reader_features or ()) - _KNOWN
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mapping != "none":
        features.add("columnMapping")
    if features:
        raise Unreadable(
            f"needs {', '.join(sorted(features))} to be read, which is not there",
            _ELSEWHERE,
        )
