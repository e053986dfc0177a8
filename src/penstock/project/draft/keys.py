"""Tables of a database → how they are related: by declared keys, and by names that say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from penstock.engine.number import read_number
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.model.types import Attribute, Column, DataType, Key, Relationship, Table
from penstock.project.draft.names import singular, to_name
from penstock.project.draft.survey import Progress, Survey
from penstock.project.relationships import comparable
from penstock.sql.inspect import count_alone, count_duplicates, count_filled, count_met
from penstock.sql.types import Statement

_KEYS: Final = frozenset(
    {
        DataType.INTEGER,
        DataType.DECIMAL,
        DataType.STRING,
        DataType.DATE,
    }
)
_ENDINGS: Final = ("_id", "_key", "_code", "_no", "id")
_OFTEN: Final = 0.5
"""So many of the values must be found on the other side for a name to be taken at its word."""

_MET: Final = "mandatory, as each row has its partner now; the database itself does not see to it"
_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Links:
    """The tables with their relationships.

    By table and relationship, `notes` say why one was guessed, and `remarks` what a declared one
    is beyond what the database itself sees to.
    """

    tables: Mapping[str, Table]
    notes: Mapping[tuple[str, str], str]
    remarks: Mapping[tuple[str, str], str]


@dataclass(slots=True)
class _Linking:
    """What is found of the relationships, one after the other: see `Links`."""

    survey: Survey
    engine: Engine
    tables: dict[str, Table]
    notes: dict[tuple[str, str], str] = field(default_factory=dict)
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)
    unique: dict[tuple[str, str], bool] = field(default_factory=dict)

    def number(self, statement: Statement) -> int:
        return read_number(self.engine, statement, timeout=_SECONDS)

    def is_unique(self, table: Table, attribute: Attribute) -> bool:
        column = column_of(attribute)
        if self.survey.keys[table.name] == (column,):
            return True
        known = self.unique.get((table.name, column))
        if known is None:
            dialect = self.engine.dialect
            known = not self.number(count_duplicates(table.source, [column], dialect=dialect))
            self.unique[table.name, column] = known
        return known

    def share(self, own: Table, attribute: Attribute, other: Table, key: Attribute) -> float:
        """Return how many of a column's values are found in another one, 0 to 1."""
        column, dialect = column_of(attribute), self.engine.dialect
        filled = self.number(count_filled(own.source, column, dialect=dialect))
        pair = (column, column_of(key))
        met = count_met(other.source, own.source, pair, dialect=dialect)
        return self.number(met) / filled if filled else 0.0

    def add(self, table: str, name: str, relationship: Relationship) -> str:
        """Add a relationship under the name that it gets."""
        owner = self.tables[table]
        found = to_name(name, {*owner.relationships, *owner.attributes})
        relationships = {**owner.relationships, found: replace(relationship, name=found)}
        self.tables[table] = replace(owner, relationships=relationships)
        return found


def link_tables(survey: Survey, engine: Engine, progress: Progress) -> Links:
    linking = _Linking(survey, engine, dict(survey.tables))
    for name in survey.tables:
        _link_declared(name, linking)
    for done, (name, table) in enumerate(survey.tables.items()):
        progress(name, done, len(survey.tables))
        for attribute in table.attributes.values():
            if attribute.type in _KEYS and not _is_linked(attribute, linking.tables[name]):
                _guess(table, attribute, linking)
    return Links(linking.tables, linking.notes, linking.remarks)


def _link_declared(name: str, linking: _Linking) -> None:
    survey = linking.survey
    by_source = {table.source: table for table in survey.tables.values()}
    for foreign in survey.foreign[name]:
        other = by_source.get(foreign.source)
        if other is None:
            continue
        pairs = list(zip(foreign.columns, foreign.other_columns, strict=True))
        keys = tuple(_keys(survey.tables[name], other, pairs))
        if len(keys) < len(pairs):
            continue
        link = Relationship(
            name="",
            table=other.name,
            keys=keys,
            one_to_one=sorted(survey.keys[name]) == sorted(foreign.columns),
        )
        is_met = not foreign.enforced and _is_met(name, link, linking)
        mandatory = is_met or (foreign.enforced and _is_filled(name, link, survey))
        called = linking.add(name, _called(name, link, survey), replace(link, mandatory=mandatory))
        if is_met:
            linking.remarks[name, called] = _MET


def _called(name: str, link: Relationship, survey: Survey) -> str:
    """Return what a declared relationship is called: by its column, as far as that tells more."""
    target = singular(link.table)
    if len(link.keys) > 1:
        return target
    own = link.keys[0].own
    source = survey.tables[link.table].source
    same = [foreign for foreign in survey.foreign[name] if foreign.source == source]
    is_one_of_several = len(same) > 1 or link.table == name
    return _stem(own) or (f"{own}_{target}" if is_one_of_several else target)


def _is_filled(name: str, link: Relationship, survey: Survey) -> bool:
    owned = survey.tables[name].attributes
    return all(owned[key.own].not_null for key in link.keys)


def _is_met(name: str, link: Relationship, linking: _Linking) -> bool:
    """Return whether there are rows, and each has its partner now."""
    own, other = linking.survey.tables[name], linking.survey.tables[link.table]
    if not own.rows or not _is_filled(name, link, linking.survey):
        return False
    pairs = [(key.own_column, key.other_column) for key in link.keys]
    alone = count_alone(other.source, own.source, pairs, dialect=linking.engine.dialect)
    try:
        return not linking.number(alone)
    except PenstockError:
        return False  # what cannot be looked at is not promised


def _keys(own: Table, other: Table, pairs: list[tuple[str, str]]) -> Iterator[Key]:
    """Yield the pairs whose two columns are attributes of types that can be equal."""
    ours, theirs = _by_column(own), _by_column(other)
    for mine, its in pairs:
        left, right = ours.get(mine), theirs.get(its)
        if left is not None and right is not None and comparable(left.type, right.type):
            yield Key(left.name, right.name, mine, its)


def _guess(table: Table, attribute: Attribute, linking: _Linking) -> None:
    """Relate a table by a column whose name says what it refers to, if the data does not deny it.

    One of several possible targets is none.
    """
    if _key_of(table, linking.survey) == attribute.name and _stem(attribute.name) is None:
        return
    found = [
        (other, key)
        for other in linking.survey.tables.values()
        if other.name != table.name and (key := _match(attribute, other, linking)) is not None
    ]
    if len(found) != 1:
        return
    other, key = found[0]
    try:
        share = _trusted(table, attribute, other, key, linking)
    except PenstockError:
        return  # a column that cannot be looked at is nobody's key
    if share is None:
        return
    keys = (Key(attribute.name, key.name, column_of(attribute), column_of(key)),)
    relationship = Relationship(name="", table=other.name, keys=keys)
    name = linking.add(table.name, _stem(attribute.name) or singular(other.name), relationship)
    linking.notes[table.name, name] = (
        f"guessed: {other.name}.{key.name} is unique, and {share:.0%} of the values are there"
    )


def _trusted(
    table: Table, attribute: Attribute, other: Table, key: Attribute, linking: _Linking
) -> float | None:
    """Return the share of values that are found, None where the data speaks against a guess."""
    if not linking.is_unique(other, key):
        return None
    is_named = attribute.name != key.name
    if not is_named and linking.is_unique(table, attribute):
        return None  # the same key on both sides: nobody knows which one refers to the other
    share = linking.share(table, attribute, other, key)
    return share if share > _OFTEN else None


def _match(attribute: Attribute, other: Table, linking: _Linking) -> Attribute | None:
    """Return the key of another table that a column names: by its table, or by its own name."""
    key = other.attributes.get(_key_of(other, linking.survey) or "")
    if key is None or not comparable(attribute.type, key.type):
        return None
    stem = _stem(attribute.name)
    named = stem is not None and stem.lower() in {other.name.lower(), singular(other.name.lower())}
    same = attribute.name.lower() == key.name.lower() and key.name.lower() != "id"
    return key if named or same else None


def _key_of(table: Table, survey: Survey) -> str | None:
    """Return the attribute that tells a table's rows apart: declared, called so, or the first."""
    columns = _by_column(table)
    declared = survey.keys[table.name]
    if declared:
        found = columns.get(declared[0]) if len(declared) == 1 else None
        return None if found is None else found.name
    first = next(iter(table.attributes.values()))
    called = next((name for name in table.attributes if name.lower() == "id"), first.name)
    return called if table.attributes[called].type in _KEYS else None


def _stem(name: str) -> str | None:
    """Return what a key's name is about: `customer_id`, `customerId` → `customer`."""
    for ending in _ENDINGS:
        stem = name[: -len(ending)]
        if stem and name.lower().endswith(ending):
            camel = ending != "id" or name.endswith("Id")
            return stem if camel and not stem.endswith("_") else None
    return None


def _is_linked(attribute: Attribute, table: Table) -> bool:
    return any(
        key.own == attribute.name for link in table.relationships.values() for key in link.keys
    )


def _by_column(table: Table) -> Mapping[str, Attribute]:
    return {column_of(attribute): attribute for attribute in table.attributes.values()}


def column_of(attribute: Attribute) -> str:
    """Return the column that an attribute of a draft is: none is a formula."""
    return attribute.source.name if isinstance(attribute.source, Column) else attribute.name
