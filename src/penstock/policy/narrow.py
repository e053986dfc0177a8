"""What some roles hide → the model without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from penstock.model.types import Model, Table
from penstock.policy.types import Role


def narrow_model(model: Model, roles: Sequence[Role]) -> Model:
    """Return the model without what any of the roles hides."""
    hidden = _with_rollups(model, _hidden(model, roles), roles)
    if not hidden:
        return model
    tables = {name: _unlinked(table, hidden) for name, table in model.tables.items()}
    return replace(model, tables=tables).without(hidden)


def _unlinked(table: Table, hidden: Mapping[str, frozenset[str]]) -> Table:
    """Cut the relationships whose one side is hidden: the other side would show its values."""
    own = hidden.get(table.name, frozenset())
    kept = {
        name: relationship
        for name, relationship in table.relationships.items()
        if all(
            (key.own in own) == (key.other in hidden.get(relationship.table, ()))
            for key in relationship.keys
        )
    }
    return replace(table, relationships=kept)


def _hidden(model: Model, roles: Sequence[Role]) -> dict[str, frozenset[str]]:
    """Return what any of the roles hides.

    Roles widen each other's rows, never each other's attributes: otherwise the rows of one role
    would show what only the other may see.
    """
    hidden: dict[str, frozenset[str]] = {}
    for name in model.tables:
        names = frozenset[str]().union(*(role.hidden.get(name, frozenset()) for role in roles))
        if names:
            hidden[name] = names
    return hidden


def _with_rollups(
    model: Model, hidden: Mapping[str, frozenset[str]], roles: Sequence[Role]
) -> dict[str, frozenset[str]]:
    """Hide in each roll-up what was made of something that is hidden in its table.

    Where rows of the table are filtered and the roll-up's are not, all of it was.
    """
    found = dict(hidden)
    rollups = [(table, table.rollup) for table in model.tables.values() if table.rollup]
    narrowed = model.without(hidden).tables if rollups else {}
    for table, rollup in rollups:
        base = narrowed.get(rollup.table)
        seen = frozenset(base.attributes if base else ())
        made = {n: of for n, (of, _) in rollup.measures.items()} | {n: n for n in table.grain}
        gone = frozenset(name for name, of in made.items() if of not in seen)
        if _is_filtered(rollup.table, roles) and not _is_filtered(table.name, roles):
            gone = frozenset(table.attributes)
        if gone:
            found[table.name] = found.get(table.name, frozenset()) | gone
    return found


def _is_filtered(table: str, roles: Sequence[Role]) -> bool:
    return all(any(table in rows.tables for rows in role.rows) for role in roles)


def missing(model: Model, narrowed: Model) -> dict[str, list[str]]:
    """Return what each table lacks in the narrowed model: attributes, and ways to others."""
    found: dict[str, list[str]] = {}
    for name, table in model.tables.items():
        seen = narrowed.tables.get(name)
        kept = (*seen.attributes, *seen.relationships) if seen else ()
        gone = sorted({*table.attributes, *table.relationships}.difference(kept))
        if gone:
            found[name] = gone
    return found
