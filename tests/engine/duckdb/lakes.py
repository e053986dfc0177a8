"""Tables of Delta Lake and of Iceberg, written by their own libraries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.table import Table

FIELDS = pa.schema(
    [
        ("id", pa.int64()),
        ("shop", pa.string()),
        ("day", pa.date32()),
        ("amount", pa.decimal128(10, 2)),
        ("at", pa.timestamp("us")),
    ]
)


def sales(*ids: int, shop: str | None = "a") -> pa.Table:
    rows = [
        {
            "id": number,
            "shop": shop,
            "day": date(2013, 1, 1 + number),
            "amount": Decimal(number) + Decimal("0.10"),
            "at": datetime(2013, 1, 1, number),  # noqa: DTZ001 - a moment without a zone
        }
        for number in ids
    ]
    return pa.Table.from_pylist(rows, FIELDS)


@dataclass(frozen=True)
class Written:
    """A table in a folder, and how rows are added to it and deleted from it."""

    folder: Path
    add: Callable[[pa.Table], object]
    delete: Callable[[str], object]


def write_delta(folder: Path, rows: pa.Table, by: Sequence[str] = ()) -> Written:
    write_deltalake(folder, rows, partition_by=[*by] or None)

    def add(more: pa.Table) -> None:
        write_deltalake(folder, more, mode="append", schema_mode="merge")

    return Written(folder, add, lambda where: DeltaTable(folder).delete(where))


def make_iceberg(folder: Path, rows: pa.Table, by: Sequence[str] = ()) -> Table:
    folder.parent.mkdir(exist_ok=True, parents=True)
    catalogue = InMemoryCatalog("tests", warehouse=f"file://{folder.parent}")
    catalogue.create_namespace("shop")
    table = catalogue.create_table("shop.sales", rows.schema, location=f"file://{folder}")
    if by:
        with table.update_spec() as spec:
            for name in by:
                spec.add_identity(name)
    table.append(rows)
    return table


def write_iceberg(folder: Path, rows: pa.Table, by: Sequence[str] = ()) -> Written:
    table = make_iceberg(folder, rows, by)
    return Written(folder, table.append, table.delete)
