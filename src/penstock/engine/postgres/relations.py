"""PostgreSQL's catalogue → columns, relations and their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

from penstock.engine.postgres.columns import read_type
from penstock.engine.types import FoundColumn, FoundForeignKey, FoundRelation
from penstock.sql.types import Bound

_Name: TypeAlias = tuple[str, str]


class Ask(Protocol):
    def __call__(self, text: str, *parameters: Bound) -> list[dict[str, object]]: ...


# Since version 18 NOT NULL may be said of rows to come alone, or of a table and not of its heirs.
_COLUMN: Final = """
SELECT n.nspname::text AS schema, c.relname::text AS relation, a.attname::text AS name,
  format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
              CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS native,
  t.typcategory IN ('E', 'S') AS is_text, n.nspname = current_schema() AS is_own,
  a.attnotnull AND c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT 1 FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'n'
      AND k.conkey[1] = a.attnum AND (k.connoinherit OR NOT k.convalidated)) AS is_filled
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_OF_ONE: Final = (
    f"{_COLUMN} AND c.relname = $1"
    " AND CASE WHEN $2 = '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END"
    " ORDER BY a.attnum"
)
# A partition is a part of its table, and what is only in this session is nobody's.
_OF_ALL: Final = (
    f"{_COLUMN} AND NOT c.relispartition AND c.relpersistence <> 't'"
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
    " AND has_table_privilege(c.oid, 'SELECT') ORDER BY n.nspname, c.relname, a.attnum"
)
# Rows of a table's heirs are not held to its keys, and what a policy of rows hides is not found.
_KEYS: Final = """
SELECT n.nspname::text AS schema, c.relname::text AS relation, k.contype::text AS kind,
  (SELECT array_agg(a.attname::text ORDER BY place) FROM pg_attribute AS a
     JOIN unnest(k.conkey) WITH ORDINALITY AS u(number, place) ON a.attnum = number
     WHERE a.attrelid = c.oid) AS own,
  (SELECT array_agg(a.attname::text ORDER BY place) FROM pg_attribute AS a
     JOIN unnest(k.confkey) WITH ORDINALITY AS u(number, place) ON a.attnum = number
     WHERE a.attrelid = o.oid) AS other,
  p.nspname::text AS other_schema, o.relname::text AS other_relation,
  k.convalidated AND NOT (c.relkind = 'r' AND c.relhassubclass)
    AND NOT COALESCE(o.relrowsecurity, FALSE) AS is_enforced
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS o ON o.oid = k.confrelid
LEFT JOIN pg_namespace AS p ON p.oid = o.relnamespace
WHERE k.contype IN ('p', 'f') AND k.conparentid = 0
ORDER BY n.nspname, c.relname, k.conname
"""


def find_columns(ask: Ask, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
    """Return a relation's columns in order, None where there is no such relation."""
    *schema, table = source
    rows = ask(_OF_ONE, table, schema[-1] if schema else "")
    return tuple(_column(row) for row in rows) or None


def find_relations(ask: Ask) -> tuple[FoundRelation, ...]:
    """Return every table and view that may be read, in order of schema and name."""
    columns: dict[_Name, list[FoundColumn]] = {}
    own = ""
    for row in ask(_OF_ALL):
        own = str(row["schema"]) if row["is_own"] else own
        columns.setdefault(_name(row), []).append(_column(row))
    primary: dict[_Name, tuple[str, ...]] = {}
    foreign: dict[_Name, list[FoundForeignKey]] = {}
    for row in ask(_KEYS):
        names = _texts(row["own"])
        if row["kind"] == "p":
            primary[_name(row)] = names
            continue
        other = str(row["other_schema"]), str(row["other_relation"])
        is_enforced = bool(row["is_enforced"])
        key = FoundForeignKey(names, _source(other, own), _texts(row["other"]), is_enforced)
        foreign.setdefault(_name(row), []).append(key)
    return tuple(
        FoundRelation(
            source=_source(name, own),
            columns=tuple(found),
            primary_key=primary.get(name, ()),
            foreign_keys=tuple(foreign.get(name, ())),
        )
        for name, found in columns.items()
    )


def _column(row: dict[str, object]) -> FoundColumn:
    native = str(row["native"])
    type_ = read_type(native, is_text=bool(row["is_text"]))
    return FoundColumn(str(row["name"]), type_, native, nullable=not row["is_filled"])


def _name(row: dict[str, object]) -> _Name:
    return str(row["schema"]), str(row["relation"])


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(text) for text in found) if isinstance(found, list) else ()


def _source(name: _Name, own: str) -> tuple[str, ...]:
    return name[1:] if name[0] == own else name
