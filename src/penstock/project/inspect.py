"""A project × its databases → what the model says that is not so, and how many rows there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
from pyarrow import types

from penstock.census import count_table
from penstock.engine.types import Engine, FoundColumn
from penstock.errors import PenstockError, suggestion
from penstock.model.types import Attribute, Column, Count, DataType, Table
from penstock.project.nulls import check_nulls
from penstock.project.partners import check_partners
from penstock.project.rehearse import isolate, prepare
from penstock.project.report import Report
from penstock.project.types import Issue, Project
from penstock.project.visit import Visit
from penstock.query.types import Json
from penstock.sql.dialects.find import find_dialect


@dataclass(frozen=True, slots=True)
class Inspection:
    """`counts` are those of the tables found, known before or taken now."""

    issues: tuple[Issue, ...]
    counts: Mapping[str, Count]

    @property
    def rows(self) -> Mapping[str, int]:
        return {name: count.rows for name, count in self.counts.items()}


def inspect(
    project: Project, engines: Mapping[str, Engine], known: Mapping[str, Count] | None = None
) -> Inspection:
    """Compare every table, column, type and relationship with the databases that are open.

    `engines` are by database; tables of others are passed over. Tables that are `known` are not
    counted again.
    """
    visit = Visit(project, engines, Report())
    reached = _reached(visit)
    timeout, counts = project.serving.timeout, dict[str, Count]()
    for name, table in project.model.tables.items():
        if table.database in reached and _check_columns(table, visit):
            counts[name] = (known or {}).get(name) or count_table(
                table, engines[table.database], timeout=timeout
            )
    for name in counts:
        table = project.model.tables[name]
        _check_formulas(table, visit)
        check_nulls(table, visit)
        for relationship in table.relationships.values():
            if relationship.table in counts:
                check_partners(table, relationship, visit)
    return Inspection(visit.report.issues, counts)


def _reached(visit: Visit) -> frozenset[str]:
    reached: set[str] = set()
    for database, engine in visit.engines.items():
        try:
            engine.ping()
        except PenstockError as error:
            visit.issue(("connectors", database), error.code, error.detail, error.hint)
        else:
            reached.add(database)
    return frozenset(reached)


def _check_columns(table: Table, visit: Visit) -> bool:
    """Check a table's columns; return whether all of them are there."""
    found = visit.engines[table.database].columns(table.source)
    if found is None:
        visit.issue(
            ("tables", table.name),
            "RELATION_NOT_FOUND",
            f"The database {table.database!r} has no relation {'.'.join(table.source)!r}.",
            "Say with `source` what the table is called there.",
        )
        return False
    columns = {column.name: column for column in found}
    checked = [
        _check_column(table, attribute, attribute.source, columns, visit)
        for attribute in table.attributes.values()
        if isinstance(attribute.source, Column)
    ]
    return all(checked)


def _check_column(
    table: Table,
    attribute: Attribute,
    column: Column,
    columns: Mapping[str, FoundColumn],
    visit: Visit,
) -> bool:
    place = ("attributes", table.name, attribute.name)
    found = columns.get(column.name)
    if found is None:
        visit.issue(
            place,
            "COLUMN_NOT_FOUND",
            f"{'.'.join(table.source)!r} has no column {column.name!r}.",
            suggestion(column.name, tuple(columns)) or f"It has {', '.join(columns)}.",
        )
        return False
    if found.type is not attribute.type and not _holds(attribute.type, found):
        visit.issue(
            place,
            "TYPE_MISMATCH",
            f"{table.name}.{attribute.name} is declared {attribute.type}, its column"
            f" {_told(found)}.",
            _way_forward(found),
        )
    return True


def _told(found: FoundColumn) -> str:
    """Return what a column is, or what stands in it."""
    is_ = f"is {found.native}" if found.native else "has no declared type"
    return f"{is_} and holds {found.held.said}" if found.held is not None else is_


def _way_forward(found: FoundColumn) -> str:
    if found.type is not None:
        return f"Declare it `type: {found.type}`."
    if found.held is not None:
        return "Mend the data, or name a view with `source` that has a CAST of the column."
    return "The language has no type for it: leave the attribute out, or CAST it in a view."


def _holds(declared: DataType, found: FoundColumn) -> bool:
    """Return whether a type that is not the column's own still reads every value of it."""
    if found.held is not None:
        return declared in found.held.types
    return found.type is DataType.STRING and declared is DataType.JSON


def _check_formulas(table: Table, visit: Visit) -> None:
    """Have the database compute each formula, of no rows: it knows the types that we do not."""
    for name, attribute in table.attributes.items():
        if isinstance(attribute.source, Column):
            continue
        try:
            found = _computed(_as_it_comes(table, attribute), name, visit)
        except PenstockError as error:
            said = str(error.__cause__ or error.detail).strip().splitlines()[0]
            visit.issue(
                ("attributes", table.name, name),
                "INVALID_FORMULA",
                f"The database cannot compute {name!r}: {said}",
                "Check the types of what the formula uses; CAST converts one.",
            )
            continue
        if found is not None and found not in _fitting(attribute, visit.engines[table.database]):
            visit.issue(
                ("attributes", table.name, name),
                "TYPE_MISMATCH",
                f"{table.name}.{name} is declared {attribute.type}, its formula gives {found}.",
                f"Declare it `type: {found}`, or CAST in the formula.",
            )


def _fitting(attribute: Attribute, engine: Engine) -> set[DataType]:
    if attribute.type is DataType.BOOLEAN and not find_dialect(engine.dialect).has_booleans:
        return {DataType.BOOLEAN, DataType.INTEGER}
    return _FITTING.get(attribute.type, {attribute.type})


_FITTING: Final = {
    DataType.FLOAT: {DataType.FLOAT, DataType.DECIMAL, DataType.INTEGER},
    DataType.DECIMAL: {DataType.DECIMAL, DataType.INTEGER},
}
"""What a formula may give, beside the type itself, without losing anything it was asked for."""


def _as_it_comes(table: Table, attribute: Attribute) -> Table:
    """Return the table with the attribute of a type that nothing is converted to."""
    plain = replace(attribute, type=DataType.STRING)
    return replace(table, attributes={**table.attributes, attribute.name: plain})


def _computed(table: Table, name: str, visit: Visit) -> DataType | None:
    """Return the type that a formula's values have, None where the language has none for it."""
    engine, model = visit.engines[table.database], isolate(table, visit.project.model)
    query: Json = {"data": {"fields": {name: ["select"]}, "limit": 0}}
    statement = prepare(query, model, visit.project.limits, dialect=engine.dialect)
    statement = replace(statement, types=())  # what the database says, not what we do
    running = engine.run(statement, timeout=visit.project.serving.timeout)
    try:
        return _type_of(running.schema.field(0).type)
    finally:
        running.close()


def _type_of(found: pa.DataType) -> DataType | None:
    if types.is_decimal(found):
        return DataType.DECIMAL if found.scale else DataType.INTEGER
    return next((type_ for applies, type_ in _ARROW if applies(found)), None)


_ARROW: Final = (
    (types.is_boolean, DataType.BOOLEAN),
    (types.is_integer, DataType.INTEGER),
    (types.is_floating, DataType.FLOAT),
    (types.is_string, DataType.STRING),
    (types.is_date, DataType.DATE),
    (types.is_time, DataType.TIME),
)
