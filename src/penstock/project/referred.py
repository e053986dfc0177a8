"""Keys that several rows of a table have → those that rows of another database refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from penstock.engine.types import Engine
from penstock.model.types import DataType, Relationship, Table
from penstock.sql.across import longest_list, narrow_statement
from penstock.sql.inspect import find_duplicates, find_keys
from penstock.sql.types import Bound, Statement

_EXACT: Final = frozenset({DataType.INTEGER, DataType.STRING})
"""What a database and the join of the parts compare alike; a database may find more to be equal."""

_MOST: Final = 1_000
"""Duplicate keys that are looked for; of more, all count as referred to."""

Key: TypeAlias = tuple[Bound, ...]


def count_referred(
    owner: Table,
    target: Table,
    relationship: Relationship,
    engines: Mapping[str, Engine],
    timeout: float,
) -> int | None:
    """Count the keys that several rows of the target have and that some row of the owner has.

    None where nobody can tell: they are too many, or of a type whose equality differs. Raises what
    the engines raise.
    """
    types = tuple(key.own_type for key in relationship.keys)
    others = tuple(key.other_type for key in relationship.keys)
    if types != others or not _EXACT.issuperset(types):
        return None
    there, here = engines[target.database], engines[owner.database]
    most = min(_MOST, longest_list(here.dialect))
    columns = [key.other_column for key in relationship.keys]
    asked = find_duplicates(target.source, columns, types, most + 1, dialect=there.dialect)
    duplicates = {*_rows(there, asked, timeout)}
    if len(duplicates) > most:
        return None
    own = [key.own_column for key in relationship.keys]
    keys = find_keys(owner.source, own, types, dialect=here.dialect)
    for place, type_ in enumerate(types):
        values = sorted({key[place] for key in duplicates}, key=repr)
        keys = narrow_statement(keys, (f"k{place}", type_), values, dialect=here.dialect)
    return len(duplicates & {*_rows(here, keys, timeout)})


def _rows(engine: Engine, statement: Statement, timeout: float) -> Iterator[Key]:
    running = engine.run(statement, timeout=timeout)
    try:
        for batch in running:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    finally:
        running.close()
