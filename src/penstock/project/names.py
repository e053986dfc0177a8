"""Every name that the models write, readable or not: what may be referred to without complaint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """`attributes` by table. With `is_open` a file could not be read: anything may be in it.

    One mistake in a table must not become a hundred wherever the table is used.
    """

    attributes: Mapping[str, frozenset[str]]
    is_open: bool = False

    def has_table(self, table: str) -> bool:
        return self.is_open or table in self.attributes

    def has(self, table: str, attribute: str) -> bool:
        return self.is_open or attribute in self.attributes.get(table, frozenset())

    def has_anywhere(self, reference: str) -> bool:
        """Whether some table has this attribute, however its table is said."""
        name = reference.rpartition(".")[2]
        return self.is_open or any(name in names for names in self.attributes.values())

    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(self.attributes))

    def all(self) -> tuple[str, ...]:
        return tuple(sorted({name for names in self.attributes.values() for name in names}))
