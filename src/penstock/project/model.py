"""models/*.yaml → Model: every table with its attributes, formulas and relationships."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, model_validator

from penstock.errors import suggestion
from penstock.model.types import Attribute, Column, DataType, Model, Rollup, Table, Take
from penstock.project.document import Document
from penstock.project.fields import Name, Strict, wrong
from penstock.project.formulas import Written, read_formulas
from penstock.project.names import Names
from penstock.project.relationships import Scene, read_label, read_relationship
from penstock.project.report import Report
from penstock.project.rollups import read_rollup
from penstock.project.semi_additive import Owner, read_semi_additive
from penstock.project.types import Connector, Place
from penstock.project.validate import validate

_RESERVED: Final = frozenset({"or", "and", "not"})


class SemiAdditiveEntry(Strict):
    over: str
    take: Annotated[Take, Field(strict=False)] = Take.LAST
    per: list[str] = Field(default_factory=list)


class AttributeEntry(Strict):
    type: Annotated[DataType, Field(strict=False)]
    column: Annotated[str, Field(min_length=1)] | None = None
    formula: str | None = None
    title: str | None = None
    description: str | None = None
    label: str | None = None
    semi_additive: SemiAdditiveEntry | None = None
    not_null: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> AttributeEntry:
        if self.column is not None and self.formula is not None:
            raise wrong("INVALID_VALUE", "An attribute has a `column` or a `formula`, not both.")
        return self


class RelationshipEntry(Strict):
    to: str
    on: Annotated[dict[str, str], Field(min_length=1)]
    kind: Literal["many_to_one", "one_to_one"] = "many_to_one"
    mandatory: bool = False


class MeasureEntry(Strict):
    of: str
    compute: Literal["sum", "min", "max", "count"]


class RollupEntry(Strict):
    table: str
    measures: dict[Name, MeasureEntry]


class TableEntry(Strict):
    database: str
    source: Annotated[str, Field(min_length=1)] | None = None
    title: str | None = None
    description: str | None = None
    queryable: bool = True
    watermark: str | None = None
    rollup_of: RollupEntry | None = None
    attributes: Annotated[dict[Name, AttributeEntry], Field(min_length=1)]
    relationships: dict[Name, RelationshipEntry] = Field(default_factory=dict)


class ModelFile(Strict):
    tables: dict[Name, TableEntry]


@dataclass(frozen=True, slots=True)
class _Declared:
    """A table as written, and where."""

    entry: TableEntry
    document: Document


@dataclass(frozen=True, slots=True)
class ReadModel:
    """The model, where each part of it stands, and every name written in its files.

    `is_whole` says that nothing of what is written had to be left out.
    """

    model: Model
    places: Mapping[tuple[str, ...], Place]
    names: Names
    is_whole: bool


def read_model(
    documents: Sequence[Document],
    databases: Mapping[str, Connector | None],
    report: Report,
    *,
    is_open: bool = False,
) -> ReadModel:
    """Read all tables of all files.

    `databases` hold None for one that could not be read; `is_open` says that a model file could
    not be.
    """
    before = len(report.issues)
    names = _names(documents, is_open=is_open)
    declared = _declared(documents, report)
    tables: dict[str, Table] = {}
    for name, table in declared.items():
        _check_database(name, table, databases, report)
        tables[name] = _table(name, table, names, report)
    linked = {
        name: _linked(d.entry, Scene(tables[name], tables, names, d.document, report))
        for name, d in declared.items()
    }
    return ReadModel(
        model=Model(tables=linked, digest=_digest(linked)),
        places=_places(declared),
        names=names,
        is_whole=not is_open and len(report.issues) == before,
    )


def _names(documents: Iterable[Document], *, is_open: bool) -> Names:
    names: dict[str, frozenset[str]] = {}
    for document in documents:
        for table in document.names("tables"):
            found = frozenset(document.names("tables", table, "attributes"))
            names[table] = names.get(table, frozenset()) | found
    return Names(names, is_open)


def _declared(documents: Iterable[Document], report: Report) -> dict[str, _Declared]:
    declared: dict[str, _Declared] = {}
    for document in documents:
        valid = validate(ModelFile, document, report)
        if valid is None:
            continue
        for name, entry in valid.value.tables.items():
            table = _Declared(entry, valid.document)
            first = declared.setdefault(name, table)
            if first is not table:
                report.add(
                    document.key_place("tables", name),
                    "DUPLICATE_TABLE",
                    f"The table {name!r} is declared twice.",
                    f"The other one is in {first.document.file}.",
                )
    return declared


def _check_database(
    name: str, table: _Declared, databases: Mapping[str, Connector | None], report: Report
) -> None:
    database = table.entry.database
    if database not in databases:
        report.add(
            table.document.place("tables", name, "database"),
            "UNKNOWN_DATABASE",
            f"There is no database {database!r}.",
            suggestion(database, sorted(databases))
            or f"A file connectors/{database}.yaml would declare it.",
        )
        return
    connector = databases[database]
    if connector is None or "database" in connector.settings.options:
        return
    files, source = sorted(connector.settings.files), table.entry.source or name
    if files and source not in files:
        report.add(
            table.document.place("tables", name, "source"),
            "UNKNOWN_SOURCE",
            f"The database {database!r} has no file for {source!r}.",
            suggestion(source, files) or f"Its files are {', '.join(files)}.",
        )


def _table(name: str, table: _Declared, names: Names, report: Report) -> Table:
    """Return a table with its attributes; relationships and labels need the others first."""
    entry, document = table.entry, table.document
    formulas = read_formulas(
        {
            n: Written(a.formula, document.place("tables", name, "attributes", n, "formula"))
            for n, a in entry.attributes.items()
            if a.formula is not None
        },
        names.attributes[name],
        report,
    )
    _refuse_attributes(name, table, report)
    attributes = {
        n: Attribute(
            name=n,
            type=a.type,
            source=formulas[n] if a.formula is not None else Column(a.column or n),
            title=a.title,
            description=a.description,
            not_null=a.not_null and a.formula is None,
        )
        for n, a in entry.attributes.items()
        if a.formula is None or n in formulas
    }
    semi = read_semi_additive(
        {n: a.semi_additive for n, a in entry.attributes.items() if a.semi_additive is not None},
        Owner(name, attributes, names, document, report),
    )
    return Table(
        name=name,
        database=entry.database,
        source=tuple((entry.source or name).split(".")),
        attributes={n: replace(a, semi_additive=semi.get(n)) for n, a in attributes.items()},
        queryable=entry.queryable,
        watermark=_watermark(name, table, attributes, names, report),
        title=entry.title,
        description=entry.description,
        rollup=_rollup(entry.rollup_of),
    )


def _refuse_attributes(name: str, table: _Declared, report: Report) -> None:
    document = table.document
    for n, attribute in table.entry.attributes.items():
        if n.lower() in _RESERVED:
            report.add(
                document.key_place("tables", name, "attributes", n),
                "RESERVED_NAME",
                f"An attribute cannot be called {n!r}: a filter means something else by it.",
                "Choose another name, and say the column with `column`.",
            )
        if attribute.not_null and attribute.formula is not None:
            report.add(
                document.place("tables", name, "attributes", n, "not_null"),
                "INVALID_VALUE",
                f"{n!r} is a formula, and only a column is `not_null`.",
                "Leave `not_null` out, or say it of the columns that the formula uses.",
            )


def _rollup(entry: RollupEntry | None) -> Rollup | None:
    """Return a roll-up as written: whether it can be one is seen when all tables are there."""
    if entry is None:
        return None
    return Rollup(entry.table, {n: (m.of, m.compute) for n, m in entry.measures.items()})


def _watermark(
    name: str,
    table: _Declared,
    attributes: Mapping[str, Attribute],
    names: Names,
    report: Report,
) -> str | None:
    """Return the attribute that tells how new a table is, None after reporting what is wrong."""
    watermark, place = table.entry.watermark, table.document.place("tables", name, "watermark")
    if watermark is None:
        return None
    attribute = attributes.get(watermark)
    if attribute is None:
        if not names.has(name, watermark):
            report.add(
                place,
                "UNKNOWN_ATTRIBUTE",
                f"The table {name!r} has no attribute {watermark!r}.",
                suggestion(watermark, sorted(attributes)),
            )
        return None
    if not (attribute.type.is_temporal and isinstance(attribute.source, Column)):
        report.add(
            place,
            "INVALID_VALUE",
            f"{name}.{watermark} cannot tell how new the data is.",
            "A watermark is a column of type date, timestamp or timestamp_tz.",
        )
        return None
    return watermark


def _linked(entry: TableEntry, scene: Scene) -> Table:
    """Return a table with its relationships, and with labels that come by them."""
    read = {n: read_relationship(n, r, scene) for n, r in entry.relationships.items()}
    relationships = {n: r for n, r in read.items() if r is not None}
    labels = {
        n: read_label(n, a.label, relationships, scene)
        for n, a in entry.attributes.items()
        if a.label is not None and n in scene.owner.attributes
    }
    attributes = {n: replace(a, label=labels.get(n)) for n, a in scene.owner.attributes.items()}
    rollup = read_rollup(scene.owner.rollup, scene)
    return replace(scene.owner, relationships=relationships, attributes=attributes, rollup=rollup)


def _places(declared: Mapping[str, _Declared]) -> dict[tuple[str, ...], Place]:
    places: dict[tuple[str, ...], Place] = {}
    for name, table in declared.items():
        document = table.document
        places["tables", name] = document.key_place("tables", name)
        for section in ("attributes", "relationships"):
            for n in document.names("tables", name, section):
                places[section, name, n] = document.key_place("tables", name, section, n)
    return places


def _digest(tables: Mapping[str, Table]) -> str:
    plain = [asdict(tables[name]) for name in sorted(tables)]
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()
