"""The semantic model: what can be asked, in words that no database owns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class DataType(StrEnum):
    """The types of the language. Every engine maps its own onto these, exactly."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp_tz"
    TIME = "time"
    BYTES = "bytes"
    JSON = "json"

    @property
    def is_number(self) -> bool:
        return self in {DataType.INTEGER, DataType.FLOAT, DataType.DECIMAL}

    @property
    def is_temporal(self) -> bool:
        """Whether a granularity such as `month` applies."""
        return self in {DataType.DATE, DataType.TIMESTAMP, DataType.TIMESTAMP_TZ}

    @property
    def tells_time(self) -> bool:
        """Whether an engine without types writes it as text, in one of several ways."""
        return self.is_temporal or self is DataType.TIME


@dataclass(frozen=True, slots=True)
class Column:
    """A physical attribute: this column of its table."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A virtual attribute: ANSI SQL over other attributes of its table.

    `uses` are the attribute names in it (its own table's), `aggregates` says whether it holds an
    aggregate function: both are found by `sql.formula` when the project is loaded.
    """

    text: str
    uses: tuple[str, ...]
    aggregates: bool


class Take(StrEnum):
    """Which moment of a group counts."""

    LAST = "last"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiAdditive:
    """An attribute that adds up over everything but time, such as a balance.

    Of a group only the rows at its last (or first) `over` count: the group's as a whole or, with
    `per`, that of the rows equal in these. All are attributes of the attribute's own table.
    """

    over: str
    take: Take = Take.LAST
    per: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """`semi_additive` is also set of a formula of rows that is made of such an attribute.

    `not_null` is said of columns alone: each row of the table has a value.
    """

    name: str
    type: DataType
    source: Column | Formula
    title: str | None = None
    description: str | None = None
    label: tuple[str, str] | None = None  # (relationship, attribute) whose value names this key
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    semi_additive: SemiAdditive | None = None
    not_null: bool = False

    @property
    def aggregates(self) -> bool:
        return isinstance(self.source, Formula) and self.source.aggregates

    @property
    def needs(self) -> frozenset[str]:
        """The attributes of its table without which it means nothing."""
        used = self.source.uses if isinstance(self.source, Formula) else ()
        semi = self.semi_additive
        return frozenset((*used, *((semi.over, *semi.per) if semi else ())))


@dataclass(frozen=True, slots=True)
class Key:
    """One pair of attributes and columns that a relationship equates, and what each of them is."""

    own: str
    other: str
    own_column: str
    other_column: str
    own_type: DataType = DataType.STRING
    other_type: DataType = DataType.STRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """Many (or one) rows of the owning table to at most one row of `table`.

    Where it is `mandatory`, to exactly one: each row has its partner.
    """

    name: str
    table: str
    keys: tuple[Key, ...]
    one_to_one: bool = False
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How large a table was at a time (epoch seconds), and how new: its watermark as ISO 8601."""

    rows: int
    at: float
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class Rollup:
    """What is declared of a table: that it sums up another one, a row for each group of rows there.

    `measures` maps an attribute to what it was made of: an attribute of `table`, and the compute.
    The other columns are the keys of the groups, called as they are there.
    """

    table: str
    measures: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`source` is the relation's path in its database; `rows` is None while not counted.

    `watermark` is the attribute whose largest value tells how new the data is; that value and when
    it was looked for are `newest` and `counted`, as in Count.
    """

    name: str
    database: str
    source: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    relationships: Mapping[str, Relationship] = field(default_factory=dict)
    queryable: bool = True
    rows: int | None = None
    watermark: str | None = None
    counted: float | None = None
    newest: str | None = None
    title: str | None = None
    description: str | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rollup: Rollup | None = None

    @property
    def grain(self) -> tuple[str, ...]:
        """The keys of a roll-up's groups; nothing of any other table."""
        if self.rollup is None:
            return ()
        measures = self.rollup.measures
        columns = (n for n, a in self.attributes.items() if isinstance(a.source, Column))
        return tuple(name for name in columns if name not in measures)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """Every table a query may be about. `digest` changes when any of it does.

    Compared by identity, so that what is derived from a model can be kept beside it.
    """

    tables: Mapping[str, Table]
    digest: str

    def with_rows(self, rows: Mapping[str, int]) -> Model:
        """Return this model with the row counts found in the databases, by table name."""
        counted = {n: replace(t, rows=rows.get(n, t.rows)) for n, t in self.tables.items()}
        return replace(self, tables=counted)

    def with_counts(self, counts: Mapping[str, Count]) -> Model:
        """Return this model with what was counted, by table name."""
        counted = {
            n: replace(t, rows=counts[n].rows, counted=counts[n].at, newest=counts[n].newest)
            if n in counts
            else t
            for n, t in self.tables.items()
        }
        return replace(self, tables=counted)

    def with_optional(self, ways: Collection[tuple[str, str]]) -> Model:
        """Return this model with these relationships, by table and name, no longer mandatory."""
        tables = dict(self.tables)
        for table, name in ways:
            found = tables[table]
            optional = replace(found.relationships[name], mandatory=False)
            tables[table] = replace(found, relationships={**found.relationships, name: optional})
        return replace(self, tables=tables)

    def with_nullable(self, attributes: Collection[tuple[str, str]]) -> Model:
        """Return this model with these attributes, by table and name, that may have nulls."""
        tables = dict(self.tables)
        for table, name in attributes:
            found = tables[table]
            nullable = replace(found.attributes[name], not_null=False)
            tables[table] = replace(found, attributes={**found.attributes, name: nullable})
        return replace(self, tables=tables)

    def without(self, hidden: Mapping[str, frozenset[str]]) -> Model:
        """Return this model as seen by someone who has never heard of `hidden`.

        `hidden` maps a table's name to the attributes that do not exist for the caller. What is
        built on a hidden attribute (a formula, a label, a balance over a hidden time) is hidden
        with it, and a table without attributes does not exist, nor do relationships that lead to
        it.
        """
        tables = {n: _narrowed(t, hidden.get(n, frozenset())) for n, t in self.tables.items()}
        seen = {n: t for n, t in tables.items() if t.attributes}
        return replace(self, tables={n: _relinked(t, seen) for n, t in seen.items()})


def _narrowed(table: Table, hidden: frozenset[str]) -> Table:
    gone = set(hidden)
    while more := {n for n, a in table.attributes.items() if n not in gone and gone & a.needs}:
        gone |= more
    kept = {n: a for n, a in table.attributes.items() if n not in gone}
    if table.watermark in gone:
        return replace(table, attributes=kept, watermark=None, newest=None)
    return replace(table, attributes=kept)


def _relinked(table: Table, seen: Mapping[str, Table]) -> Table:
    kept = {n: r for n, r in table.relationships.items() if r.table in seen}
    attributes = {
        n: a if _has_label(a, kept, seen) else replace(a, label=None)
        for n, a in table.attributes.items()
    }
    return replace(table, relationships=kept, attributes=attributes)


def _has_label(
    attribute: Attribute, kept: Mapping[str, Relationship], seen: Mapping[str, Table]
) -> bool:
    if attribute.label is None:
        return True
    relationship, name = attribute.label
    return relationship in kept and name in seen[kept[relationship].table].attributes
