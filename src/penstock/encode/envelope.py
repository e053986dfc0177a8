"""What stands around the rows in every JSON shape."""

from __future__ import annotations

import msgspec

from penstock.encode.types import Closing, Column, Opening


def head(opening: Opening) -> bytes:
    """Return the envelope up to the comma after what is known before the first row."""
    table = msgspec.json.encode(opening.table_name)
    params = opening.query_params or b"null"
    return b"".join(
        (
            b'{"success":true,"error":null,"query_params":',
            params,
            b',"table_name":',
            table,
            b",",
        )
    )


def foot(closing: Closing) -> bytes:
    """Return what is known after the last row, and the end of the envelope."""
    facts = {
        "cache": closing.cache,
        "timestamp": closing.timestamp,
        "duration": closing.duration,
        "warning": closing.warning,
        "hints": closing.hints,
    }
    return b"," + msgspec.json.encode(facts)[1:] + b"\n"


def describe_columns(columns: tuple[Column, ...]) -> bytes:
    """Return `"columns":[…],` for the shapes that name columns rather than attributes."""
    return b'"columns":' + msgspec.json.encode([_described(c) for c in columns]) + b","


def _described(column: Column) -> dict[str, str | None]:
    facts = {
        "name": column.name,
        "type": column.type.value,
        "attribute": column.attribute,
        "compute": column.compute,
        "label": column.title,
        "role": column.role.value,
    }
    return facts if column.labels is None else {**facts, "labels": column.labels}
