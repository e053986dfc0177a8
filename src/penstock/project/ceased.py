"""A model as it is written × as the data lets it be → what has ceased to be so, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.model.types import Model, Table

_ALONE: Final = (
    "Rows have no partner (NO_PARTNER). They are kept: it counts as optional until the next start."
)
_UNFILLED: Final = (
    "Rows have no value (HAS_NULLS). They are not counted: `not_null` is left out until the next"
    " start."
)


def list_ceased(said: Model, now: Model) -> dict[str, str]:
    """Return what is said and is no longer so, by `table.relationship` or `table.attribute`."""
    found: dict[str, list[str]] = {}
    for table in said.tables.values():
        for name, sentence in _ceased(table, now.tables[table.name]):
            found.setdefault(f"{table.name}.{name}", []).append(sentence)
    return {name: " ".join(sentences) for name, sentences in found.items()}


def _ceased(said: Table, now: Table) -> Iterator[tuple[str, str]]:
    for name, relationship in said.relationships.items():
        if relationship.mandatory and not now.relationships[name].mandatory:
            yield name, _ALONE
    for name, attribute in said.attributes.items():
        if attribute.not_null and not now.attributes[name].not_null:
            yield name, _UNFILLED
