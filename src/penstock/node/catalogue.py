"""The narrowed model → what a caller is told they can ask about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from penstock.model.types import Attribute, Column, Table
from penstock.policy.types import View
from penstock.query.words import COMPUTES, GRANULARITIES, OPERATORS


class SemiAdditiveEntry(msgspec.Struct, omit_defaults=True):
    """Over the time `over` only the last value counts, or the first; one for each of `per`."""

    over: str
    take: str = ""
    per: list[str] = []


class AttributeEntry(msgspec.Struct, omit_defaults=True):
    """`aggregate`: only `select` applies. `label` names the attribute that names its values."""

    name: str
    type: str
    title: str | None = None
    description: str | None = None
    virtual: bool = False
    aggregate: bool = False
    label: str | None = None
    semi_additive: SemiAdditiveEntry | None = None
    granularities: list[str] = []


class RelationshipEntry(msgspec.Struct):
    """Its attributes are named `<name>.<attribute>`."""

    name: str
    table: str
    on: Mapping[str, str]


class Watermark(msgspec.Struct, omit_defaults=True):
    """The attribute that tells how new a table is, and its newest value when it was counted."""

    attribute: str
    newest: str | None = None


class TableEntry(msgspec.Struct, omit_defaults=True):
    """`rows`, when they were `refreshed`, and `watermark` are told only where the caller sees all.

    The newest row may be one that is not theirs.
    """

    name: str
    database: str
    attributes: list[AttributeEntry]
    title: str | None = None
    description: str | None = None
    queryable: bool = True
    rows: int | None = None
    refreshed: str | None = None
    watermark: Watermark | None = None
    relationships: list[RelationshipEntry] = []


class Catalogue(msgspec.Struct):
    project: str
    title: str | None
    description: str | None
    tables: list[TableEntry]
    computes: list[str]
    operators: list[str]
    granularities: list[str]


def describe_view(view: View, project: str, title: str | None, description: str | None) -> bytes:
    """Return the catalogue as JSON."""
    catalogue = Catalogue(
        project=project,
        title=title,
        description=description,
        tables=[_table(table, view) for table in view.model.tables.values()],
        computes=list(COMPUTES),
        operators=list(OPERATORS),
        granularities=list(GRANULARITIES),
    )
    return msgspec.json.encode(catalogue)


def _table(table: Table, view: View) -> TableEntry:
    guarded = table.name in view.guards
    return TableEntry(
        name=table.name,
        database=table.database,
        attributes=[_attribute(attribute) for attribute in table.attributes.values()],
        title=table.title,
        description=table.description,
        queryable=table.queryable,
        rows=None if guarded else table.rows,
        refreshed=None if guarded else _refreshed(table),
        watermark=None if guarded else _watermark(table),
        relationships=_relationships(table, view),
    )


def _refreshed(table: Table) -> str | None:
    if table.counted is None:
        return None
    at = datetime.fromtimestamp(table.counted, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _watermark(table: Table) -> Watermark | None:
    return None if table.watermark is None else Watermark(table.watermark, table.newest)


def _relationships(table: Table, view: View) -> list[RelationshipEntry]:
    """Tell of each relationship the keys that the caller can name."""
    return [
        RelationshipEntry(
            relationship.name,
            relationship.table,
            {
                key.own: key.other
                for key in relationship.keys
                if key.own in table.attributes
                and key.other in view.model.tables[relationship.table].attributes
            },
        )
        for relationship in table.relationships.values()
    ]


def _attribute(attribute: Attribute) -> AttributeEntry:
    return AttributeEntry(
        name=attribute.name,
        type=attribute.type.value,
        title=attribute.title,
        description=attribute.description,
        virtual=not isinstance(attribute.source, Column),
        aggregate=attribute.aggregates,
        label=None if attribute.label is None else ".".join(attribute.label),
        semi_additive=_semi_additive(attribute),
        granularities=list(GRANULARITIES) if attribute.type.is_temporal else [],
    )


def _semi_additive(attribute: Attribute) -> SemiAdditiveEntry | None:
    semi = attribute.semi_additive
    if semi is None:
        return None
    return SemiAdditiveEntry(over=semi.over, take=semi.take.value, per=list(semi.per))
