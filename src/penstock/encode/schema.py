"""An engine's schema → the answer's: fields named by the columns, which say what they mean."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types

from penstock.encode.types import Column, Opening


def describe_schema(opening: Opening, schema: pa.Schema) -> pa.Schema:
    """Return the schema of the answer.

    A field's metadata has its `type` in the query language, its `role`, the `attribute` it comes
    from and, if any, `compute`, `label` (a title for people) and `labels` (the column whose
    values it names). The schema's own has `penstock.limit`, the rows at which the answer stops, and
    `penstock.warning`, if there are any.
    """
    fields = [
        pa.field(column.name, decoded(field.type), metadata=_facts(column))
        for column, field in zip(opening.columns, schema, strict=True)
    ]
    return pa.schema(fields, metadata=_notices(opening) or None)


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


def _notices(opening: Opening) -> dict[str, str]:
    limit = None if opening.cut_at is None else str(opening.cut_at)
    notices = {"penstock.limit": limit, "penstock.warning": opening.warning}
    return {name: notice for name, notice in notices.items() if notice is not None}


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
