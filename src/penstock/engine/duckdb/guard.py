"""The last look at a statement: one SELECT over the declared relations, and nothing else.

The database is opened read-only and without access to other files, but that is not all: a table
function reads a declared file past its row filters, and some take a raw address of memory. So
DuckDB's own parse tree is searched, once for each text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from penstock.query.types import Json

Relations: TypeAlias = frozenset[tuple[str, str]]
Names: TypeAlias = frozenset[str]

CATALOG = "data"
SCHEMA = "main"

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_REFUSED = frozenset({"SHOW_REF", "PIVOT", "COLUMN_DATA", "BOUND_TABLE_REF"})
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
# They tell about the server, write its log, hold a thread, or change what the cursor's next
# statement sees.
_FUNCTIONS = frozenset(
    {
        "current_query",
        "current_setting",
        "getenv",
        "getvariable",
        "nextval",
        "setseed",
        "setval",
        "sleep_ms",
        "stats",
        "write_log",
    }
)


def find_fault(tree: Json, relations: Relations) -> str | None:
    """Return what is wrong with a tree of `json_serialize_sql`, None if it may run."""
    if not isinstance(tree, Mapping) or tree.get("error"):
        return "it is not one SELECT"
    statements = tree.get("statements")
    if not isinstance(statements, Sequence) or len(statements) != 1:
        return "it is not one statement"
    left: list[tuple[Json, Names]] = [(statements[0], frozenset())]
    while left:
        value, names = left.pop()
        if isinstance(value, Mapping):
            fault = _find_own_fault(value, names, relations)
            if fault is not None:
                return fault
            left.extend(_children(value, names))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            left.extend((item, names) for item in value)
    return None


def _find_own_fault(node: Mapping[str, Json], names: Names, relations: Relations) -> str | None:
    kind = node.get("type")
    if not isinstance(kind, str):
        return None
    if kind in _REFUSED or (kind.endswith("_NODE") and kind not in _NODES):
        return f"it holds {kind}"
    if kind == "BASE_TABLE":
        return _find_table_fault(node, names, relations)
    if kind == "TABLE_FUNCTION":
        name = _function_name(node.get("function"))
        return None if name in _TABLE_FUNCTIONS else f"it calls the table function {name}"
    if kind == "FUNCTION" and (name := _function_name(node)) in _FUNCTIONS:
        return f"it calls {name}"
    return None


def _find_table_fault(node: Mapping[str, Json], names: Names, relations: Relations) -> str | None:
    catalog, schema, table = (
        _text(node, key).lower() for key in ("catalog_name", "schema_name", "table_name")
    )
    if not schema and not catalog and table in names:
        return None
    if catalog in {"", CATALOG} and (schema or SCHEMA, table) in relations:
        return None
    return f"it reads {catalog}.{schema}.{table}"


def _children(node: Mapping[str, Json], names: Names) -> Iterable[tuple[Json, Names]]:
    """Yield what is below a node, each with the names of the WITH clauses that it sees."""
    if node.get("type") == "RECURSIVE_CTE_NODE":
        names |= {_text(node, "cte_name").lower()}
    entries = _with_entries(node)
    for entry in entries:
        yield entry.get("value"), names
        names |= {_text(entry, "key").lower()}
    for key, value in node.items():
        if key != "cte_map":
            yield value, names


def _with_entries(node: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    clause = node.get("cte_map")
    entries = clause.get("map") if isinstance(clause, Mapping) else None
    if not isinstance(entries, Sequence):
        return []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _function_name(node: Json) -> str:
    return _text(node, "function_name").lower() if isinstance(node, Mapping) else ""


def _text(node: Mapping[str, Json], key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""
