"""An engine's schema → the answer's: fields named by the columns, which say what they mean."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types

from penstock.encode.types import Column


def describe_schema(columns: tuple[Column, ...], schema: pa.Schema) -> pa.Schema:
    """Return the schema of the answer.

    A field's metadata has its `type` in the query language, its `role`, the `attribute` it comes
    from and, if any, `compute`, `label` (a title for people) and `labels` (the column whose
    values it names).
    """
    return pa.schema(
        pa.field(column.name, decoded(field.type), metadata=_facts(column))
        for column, field in zip(columns, schema, strict=True)
    )


def described(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch under the answer's schema, its dictionaries decoded."""
    arrays = [
        array if array.type == field.type else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def decoded(kind: pa.DataType) -> pa.DataType:
    """Return the type without dictionaries: a stream would repeat them, and each reader differ."""
    if types.is_dictionary(kind):
        return kind.value_type
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(decoded(kind.value_type)))
    if types.is_struct(kind):
        return pa.struct([field.with_type(decoded(field.type)) for field in kind])
    return kind


def _facts(column: Column) -> dict[str, str]:
    facts = {
        "type": column.type.value,
        "role": column.role.value,
        "attribute": column.attribute,
        "compute": column.compute,
        "label": column.title,
        "labels": column.labels,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
