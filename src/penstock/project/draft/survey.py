"""The relations of a database → tables of a model, and what of them has no place in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from penstock.engine.types import Engine, FoundColumn, FoundForeignKey, FoundRelation
from penstock.errors import ConfigurationError
from penstock.model.types import Attribute, Column, Table
from penstock.project.draft.names import to_name

Progress = Callable[[str, int, int], None]
"""What is done now, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The tables, counted.

    `keys` are the primary keys, `foreign` the declared foreign keys, both by table and in the
    database's own words. `left_out` says what is not in a table, or in none of them ("").
    """

    tables: Mapping[str, Table]
    keys: Mapping[str, tuple[str, ...]]
    foreign: Mapping[str, tuple[FoundForeignKey, ...]]
    left_out: Mapping[str, tuple[str, ...]]


def survey_database(engine: Engine, database: str, progress: Progress) -> Survey:
    """Look at every relation and count it. Raises ConfigurationError where there is none."""
    relations = engine.relations()
    chosen = {relation.source: relation for relation in relations if _fault(relation) is None}
    names = _names([*chosen])
    tables: dict[str, Table] = {}
    for done, (source, relation) in enumerate(chosen.items()):
        progress(names[source], done, len(chosen))
        rows = engine.count(source) if relation.rows is None else relation.rows
        tables[names[source]] = _table(names[source], database, relation, rows)
    if not tables:
        raise ConfigurationError(
            "There is no table in this database that a model could be about.",
            hint="Does the user who connects see its tables?",
        )
    left_out = {names[s]: _left_out(relation) for s, relation in chosen.items()}
    faults = ((r, fault) for r in relations if (fault := _fault(r)) is not None)
    return Survey(
        tables=tables,
        keys={names[s]: relation.primary_key for s, relation in chosen.items()},
        foreign={names[s]: relation.foreign_keys for s, relation in chosen.items()},
        left_out={**left_out, "": tuple(f"{'.'.join(r.source)}: {fault}" for r, fault in faults)},
    )


def _fault(relation: FoundRelation) -> str | None:
    """Return why a relation cannot be a table."""
    if any("." in part or not part for part in relation.source):
        return "a name with a point in it cannot be written as `source`"
    if not relation.columns:
        return "the database cannot say what columns it has"
    if all(c.held is not None and not c.held.said for c in relation.columns):
        return "its columns have no declared type, and no value that would tell one"
    if all(column.type is None for column in relation.columns):
        return "it has no column of a type that the language has"
    return None


def _left_out(relation: FoundRelation) -> tuple[str, ...]:
    return tuple(f"{c.name} ({_told(c)})" for c in relation.columns if c.type is None)


def _told(column: FoundColumn) -> str:
    """Return what there is instead of a type of the language."""
    declared = column.native or "no declared type"
    if column.held is None:
        return declared
    return f"{declared}, {column.held.said or 'no value that would tell one'}"


def _names(sources: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Name each relation by its last part, by all of them where several have the same."""
    same = Counter(source[-1] for source in sources)
    names: dict[tuple[str, ...], str] = {}
    for source in sources:
        wanted = source[-1] if same[source[-1]] == 1 else "_".join(source)
        names[source] = to_name(wanted, names.values(), otherwise="table")
    return names


def _table(name: str, database: str, relation: FoundRelation, rows: int) -> Table:
    attributes: dict[str, Attribute] = {}
    for column in relation.columns:
        if column.type is not None:
            named = to_name(column.name, attributes, otherwise="column")
            attributes[named] = Attribute(
                name=named,
                type=column.type,
                source=Column(column.name),
                not_null=not column.nullable,
            )
    return Table(
        name=name, database=database, source=relation.source, attributes=attributes, rows=rows
    )
