"""What some roles hide → the model without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from penstock.model.types import Model, Table
from penstock.policy.types import Role


def narrow_model(model: Model, roles: Sequence[Role]) -> Model:
    """Return the model without what any of the roles hides."""
    hidden = _hidden(model, roles)
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
