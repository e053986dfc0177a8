"""A Delta table's log → its columns, the files that count, and what these are partitioned by."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

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


def read_delta(folder: Path) -> LakeTable:
    """Read the newest version of a table. Raises Unreadable."""
    try:
        table = DeltaTable(str(folder))
        _refuse_unknown(table)
        schema = pa.schema(table.schema().to_arrow())
        actions = pa.table(table.get_add_actions(flatten=True))
        deleted = _deleted(table, folder)
    except (DeltaError, OSError, ValueError) as error:
        raise Unreadable(
            "has a log that cannot be read", "Look at it with the tool that writes it."
        ) from error
    files = [_file(folder, path) for path in actions.column("path").to_pylist()]
    names = table.metadata().partition_columns
    partitions = actions.select([f"{_PARTITION}{name}" for name in names]) if names else None
    return LakeTable(
        schema=schema,
        files=files,
        ids={},
        partitions=None if partitions is None else partitions.rename_columns(names),
        deleted=deleted,
    )


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
    return str(folder / unquote(urlsplit(path).path if path.startswith("file:") else path))


def _refuse_unknown(table: DeltaTable) -> None:
    features = set(table.protocol().reader_features or ()) - _KNOWN
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mapping != "none":
        features.add("columnMapping")
    if features:
        raise Unreadable(
            f"needs {', '.join(sorted(features))} to be read, which is not there",
            "Write it without, or read it through Spark or Trino.",
        )
