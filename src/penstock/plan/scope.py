"""Names → expressions: every scan and join that the names of one query need, each made once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from penstock.model.types import Attribute, Column, DataType, Relationship, Table, Take
from penstock.plan.atlas import Path, Reached
from penstock.plan.tested import Place, tested
from penstock.plan.types import (
    ColumnOf,
    Condition,
    Either,
    Every,
    Expression,
    FormulaOf,
    Inverse,
    Join,
    Scan,
    Shift,
    Standing,
)
from penstock.policy.types import Guard
from penstock.query.types import (
    AllOf,
    AnyOf,
    Comparison,
    Negation,
    Predicate,
)

NOWHERE: Mapping[str, Shift] = {}


@dataclass(frozen=True, slots=True)
class Seat:
    """The rows that attributes are read from: those of the scan of this alias.

    `partner` is a key of the row, if it was joined: what is not there has no formulas either.
    `always` says that it is there beside each row of the query.
    """

    alias: str
    partner: ColumnOf | None = None
    always: bool = False

    def column(self, attribute: Attribute, name: str) -> ColumnOf:
        return ColumnOf(self.alias, name, attribute.type, self.always and attribute.not_null)


_Meaning: TypeAlias = Callable[[Attribute, Mapping[str, Attribute], Seat], Expression]
"""What an attribute is, beside its siblings, in the rows of a scan."""


@dataclass(slots=True)
class Scope:
    """The table one starts at, what each name means from there, and the joins made so far."""

    table: Table
    tables: Mapping[str, Table]
    guards: Mapping[str, Guard]
    reached: Mapping[str, Reached]
    zone: str = "UTC"
    joins: dict[Path, Join] = field(default_factory=dict)

    @property
    def scan(self) -> Scan:
        return self._scan(self.table, self._alias(()))

    def expression(self, name: str) -> Expression:
        """Return what a name of the query stands for."""
        return self._expression(name, attribute_of)

    def measured(self, name: str) -> Expression:
        """Return what is computed of a group: of a balance, its rows at the group's last moment."""
        return self._expression(name, measured_of)

    def _expression(self, name: str, of: _Meaning) -> Expression:
        reached = self.reached[name]
        return of(reached.attribute, reached.table.attributes, self._seat(reached.path))

    def _seat(self, path: Path) -> Seat:
        alias = self.join(path)
        if not path:
            return Seat(alias, always=True)
        join = self.joins[path]
        # Keys are equated, so where a row was found its key is not null.
        return Seat(alias, join.keys[0][1], join.each)

    def place(self, name: str) -> tuple[Path, str]:
        """Return what tells two attributes apart, however they are written."""
        reached = self.reached[name]
        return reached.path, reached.attribute.name

    def join(self, path: Path) -> str:
        """Return the alias of the scan at the end of a path, joined if it is not yet."""
        if not path:
            return self._alias(path)
        if path not in self.joins:
            before = self.join(path[:-1])
            owner = self._at(path[:-1])
            relationship = owner.relationships[path[-1]]
            scan = self._scan(self.tables[relationship.table], self._alias(path))
            keys = tuple(
                (
                    ColumnOf(before, key.own_column, _stored(key.own_type)),
                    ColumnOf(scan.alias, key.other_column, _stored(key.other_type)),
                )
                for key in relationship.keys
            )
            types = tuple((key.own_type, key.other_type) for key in relationship.keys)
            self.joins[path] = Join(scan, keys, types, self._has_each(path, relationship))
        return self.joins[path].scan.alias

    def _has_each(self, path: Path, relationship: Relationship) -> bool:
        """Whether every row so far has its partner: all on the way do, and none is guarded."""
        before = self.joins.get(path[:-1])
        is_whole = relationship.mandatory and relationship.table not in self.guards
        return is_whole and (before is None or before.each)

    def apart(self, table: str, path: Path, taken: Collection[str]) -> Scan:
        """Return a scan for a join that is made on the rows of the answer, by an alias not taken.

        A query may name one attribute in two ways, and have its label twice.
        """
        alias = self._alias(path)
        while alias in taken:
            alias = f".{alias}"
        return self._scan(self.tables[table], alias)

    def on(self, key: ColumnOf, table: str, attribute: Attribute) -> Expression:
        """Return an attribute of a table that is scanned apart, and joined by this key."""
        return attribute_of(attribute, self.tables[table].attributes, Seat(key.scan, key))

    def _at(self, path: Path) -> Table:
        table = self.table
        for step in path:
            table = self.tables[table.relationships[step].table]
        return table

    def _alias(self, path: Path) -> str:
        # Names hold no dots, so only a relationship called like the first table could clash.
        alias = ".".join(path) if path else self.table.name
        return f".{alias}" if path and alias.lower() == self.table.name.lower() else alias

    def _scan(self, table: Table, alias: str) -> Scan:
        guard = self.guards.get(table.name)
        condition = (
            None if guard is None else _guard_condition(guard.predicate, guard.attributes, alias)
        )
        return Scan(alias, table.source, condition, table.database, table.rows)

    def condition(self, predicate: Predicate, back: Mapping[str, Shift] = NOWHERE) -> Condition:
        """Return a filter of the query as a condition, what it says of some names moved `back`.

        Raises ComputeNotAllowedError where an operator does not suit its attribute.
        """
        match predicate:
            case Comparison(attribute=name):
                place = Place(self.zone, back.get(name))
                attribute = self.reached[name].attribute
                return tested(predicate, attribute, self.expression(name), place)
            case AllOf(parts):
                return Every(tuple(self.condition(part, back) for part in parts))
            case AnyOf(parts):
                return Either(tuple(self.condition(part, back) for part in parts))
            case Negation(part):
                return Inverse(self.condition(part, back))


def _stored(type_: DataType) -> DataType:
    """Return as what a key is compared: a moment, where it is text, as the text that it is."""
    return DataType.STRING if type_.tells_time else type_


def attribute_of(attribute: Attribute, siblings: Mapping[str, Attribute], seat: Seat) -> Expression:
    """Return an attribute's column, or its formula with every name in it resolved."""
    source = attribute.source
    if isinstance(source, Column):
        return seat.column(attribute, source.name)
    of = measured_of if source.aggregates else attribute_of
    inputs = tuple((n, of(siblings[n], siblings, seat)) for n in source.uses)
    partner = None if source.aggregates else seat.partner
    return FormulaOf(source.text, inputs, attribute.type, partner, source.aggregates)


def measured_of(attribute: Attribute, siblings: Mapping[str, Attribute], seat: Seat) -> Expression:
    """Return an attribute as aggregates take it: only where it counts, if it is semi-additive."""
    whole = attribute_of(attribute, siblings, seat)
    semi = attribute.semi_additive
    if semi is None:
        return whole
    moment = attribute_of(siblings[semi.over], siblings, seat)
    per = tuple(attribute_of(siblings[name], siblings, seat) for name in semi.per)
    return Standing(whole, moment, per, semi.take is Take.FIRST, attribute.type)


def _guard_condition(
    predicate: Predicate, attributes: Mapping[str, Attribute], alias: str
) -> Condition:
    match predicate:
        case Comparison(attribute=name):
            attribute = attributes[name]
            expression = attribute_of(attribute, attributes, Seat(alias))
            return tested(predicate, attribute, expression, Place())
        case AllOf(parts):
            return Every(tuple(_guard_condition(part, attributes, alias) for part in parts))
        case AnyOf(parts):
            return Either(tuple(_guard_condition(part, attributes, alias) for part in parts))
        case Negation(part):
            return Inverse(_guard_condition(part, attributes, alias))
