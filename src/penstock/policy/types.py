"""Rules, and the proof that they were applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.model.types import Attribute, Model
from penstock.query.types import Asked, Frozen, Json, Predicate, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """A filter in the query language on the own attributes of each of `tables`.

    A value may be `$principal.<attribute>`, or stand in a list.
    """

    tables: tuple[str, ...]
    filter: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`hidden` maps a table's name to the attributes that do not exist for this role."""

    name: str
    description: str | None = None
    rows: tuple[RowFilter, ...] = ()
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every role of a project. Without any role, whoever may call sees everything."""

    roles: Mapping[str, Role] = field(default_factory=dict)


class Guard(Frozen, frozen=True):
    """The filter every row of a table must pass, and the roles that it comes from.

    `attributes` are all of the table's, the hidden ones too: a filter of the team's own may use
    what the caller cannot name.
    """

    predicate: Predicate
    attributes: Mapping[str, Attribute]
    roles: tuple[str, ...] = ()


class View(Frozen, frozen=True, kw_only=True):
    """The world as one caller sees it.

    `guards` hold each filtered table's guard, `values` what fills their slots.
    `shape` identifies the narrowed model and the guards without their values: callers with equal
    shapes share plans. `fingerprint` covers the values too: callers with equal fingerprints see
    exactly the same and may share answers.
    """

    model: Model
    guards: Mapping[str, Guard]
    values: tuple[Value, ...]
    shape: str
    fingerprint: str


class Permitted(Frozen, frozen=True):
    """A query that has passed policy. The planner accepts nothing else."""

    asked: Asked
    view: View
