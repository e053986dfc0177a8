"""Arrow tables → the statements and the lines by which servers load them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_KINDS: Final = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "int8"),
    (pa.types.is_int16, "int16"),
    (pa.types.is_int32, "int32"),
    (pa.types.is_int64, "int64"),
    (pa.types.is_floating, "float"),
    (pa.types.is_decimal, "decimal"),
    (pa.types.is_date, "date"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_string_view, "string"),
    (pa.types.is_timestamp, "timestamp"),
)

_SPECIAL: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def create_table(
    name: str, schema: pa.Schema, types: Mapping[str, str], *, quote: str = '"'
) -> str:
    """Return CREATE TABLE with the engine's own types, which `types` has by kind."""
    columns = [f"{quote}{field.name}{quote} {name_type(field.type, types)}" for field in schema]
    return f"CREATE TABLE {quote}{name}{quote} ({', '.join(columns)})"


def create_indexes(
    name: str, keys: Iterable[tuple[str, ...]], *, quote: str = '"'
) -> Iterator[str]:
    """Yield CREATE INDEX for each key; none is said to be unique."""
    for number, key in enumerate(sorted(keys)):
        columns = ", ".join(f"{quote}{column}{quote}" for column in key)
        index = f"{quote}{name}_{number}{quote}"
        yield f"CREATE INDEX {index} ON {quote}{name}{quote} ({columns})"


def kind_of(type_: pa.DataType) -> str:
    """Return what a column holds, as the keys of `types` name it."""
    kind = next(kind for is_kind, kind in _KINDS if is_kind(type_))
    return "timestamp_tz" if kind == "timestamp" and type_.tz is not None else kind


def name_type(type_: pa.DataType, types: Mapping[str, str]) -> str:
    """Return an engine's own name of a type, which `types` has by kind."""
    kind = kind_of(type_)
    if kind == "decimal":
        return f"{types[kind]}({type_.precision}, {type_.scale})"
    return types[kind]


def write_lines(table: pa.Table, *, booleans: tuple[str, str] = ("false", "true")) -> bytes:
    r"""Return rows as lines, fields between tabs, `\N` for null: what servers read in bulk.

    Moments are in UTC and do not say so.
    """
    columns = [_texts(column, booleans) for column in table.columns]
    lines = pc.binary_join_element_wise(*columns, "\t")
    return "".join(f"{line}\n" for line in lines.to_pylist()).encode()


def _texts(column: pa.ChunkedArray, booleans: tuple[str, str]) -> pa.ChunkedArray:
    kind = kind_of(column.type)
    if kind == "boolean":
        texts = pc.if_else(column, booleans[1], booleans[0])
    elif kind == "timestamp_tz":
        texts = column.cast(pa.timestamp("us")).cast(pa.string())
    else:
        texts = column.cast(pa.string())
    if kind == "string":
        for special, escaped in _SPECIAL:
            texts = pc.replace_substring(texts, special, escaped)
    return pc.fill_null(texts, "\\N")
