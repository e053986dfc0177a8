"""Which table answers: of those that have, or reach, every attribute, the one with fewest rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from penstock.errors import (
    AmbiguousNameError,
    EmptyTableError,
    EmptyTablesError,
    NoTableError,
    NoTableFoundError,
    PenstockError,
    raise_all,
    suggestion,
)
from penstock.model.types import Table
from penstock.plan.atlas import Atlas, Reached, Several
from penstock.plan.grain import multiplied
from penstock.plan.types import Candidate
from penstock.query.conditions import escape
from penstock.query.types import AllOf, AnyOf, Comparison, Negation, Predicate, Query

_SUGGESTED = 5
"""Looking through a large model for what a caller meant takes time: not for hundreds of names."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The table, what each name of the query means there, and how the others compared.

    `rivals` have more rows, and would count no more of the measures several times. `multiplied` are
    the measures of other tables that it would count once for each of its rows.
    """

    table: Table
    reached: Mapping[str, Reached]
    candidates: tuple[Candidate, ...]
    rivals: tuple[Table, ...]
    multiplied: tuple[str, ...]


def references(query: Query) -> dict[str, str]:
    """Return every attribute a query names, with the place where it is first named."""
    found = {field.attribute: f"/data/fields/{escape(field.attribute)}" for field in query.fields}
    for scale in query.scales:
        found.setdefault(scale.attribute, scale.pointer)
    for comparison in (*comparisons(query.filter), *comparisons(query.having)):
        found.setdefault(comparison.attribute, comparison.pointer)
    if query.evolution is not None and query.evolution.field is not None:
        found.setdefault(query.evolution.field, "/evol/field")
    return found


def unknown_names(query: Query, atlas: Atlas) -> list[PenstockError]:
    """Return a problem for each name of a query that no table has."""
    return _unknowns(references(query), atlas)


def comparisons(predicate: Predicate | None) -> Iterator[Comparison]:
    match predicate:
        case Comparison():
            yield predicate
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)
        case Negation(part):
            yield from comparisons(part)
        case None:
            return


def choose_table(query: Query, atlas: Atlas) -> Choice:
    """Choose among the tables that can answer, or say why none can.

    Raises NoTableError, NoTableFoundError, AmbiguousNameError, EmptyTableError, EmptyTablesError.
    """
    names = references(query)
    tables = _allowed(query, atlas)
    _refuse_conflicts(_unsettled(query, names, atlas), tables, atlas)
    able: list[tuple[Table, dict[str, Reached]]] = []
    candidates: list[Candidate] = []
    for table in tables:
        found, missing, several = _reach(names, table, atlas)
        if missing:
            verdict = f"has no {', '.join(missing)}"
        elif several:
            verdict = f"reaches {', '.join(several)} in several ways"
        else:
            able.append((table, found))
            verdict = "can answer"
        candidates.append(Candidate(table.name, table.rows, verdict))
    if not able:
        raise _nobody(names, tables, atlas)
    filled = [option for option in able if option[0].rows != 0]
    if not filled:
        raise _empty(query, [table for table, _ in able])
    many = {
        table.name: multiplied(query, table, found, atlas.model.tables) for table, found in filled
    }
    chosen, reached = min(filled, key=lambda option: _cost(option[0], many))
    is_smallest = chosen is min((table for table, _ in filled), key=_size)
    why = _reason(query, is_smallest=is_smallest)
    return Choice(
        chosen,
        reached,
        tuple(
            _explained(candidate, chosen.name, why, many)
            for candidate in (*candidates, *_rollups(query, tables, atlas))
        ),
        tuple(
            table
            for table, _ in filled
            if table is not chosen and len(many[table.name]) == len(many[chosen.name])
        ),
        many[chosen.name],
    )


def _cost(table: Table, many: Mapping[str, tuple[str, ...]]) -> tuple[int, bool, int, str]:
    """Fewest rows first, of those that count most measures once."""
    return (len(many[table.name]), *_size(table))


def _size(table: Table) -> tuple[bool, int, str]:
    """Fewest rows first, uncounted tables last; the name decides between equals."""
    return (table.rows is None, table.rows or 0, table.name)


def _reason(query: Query, *, is_smallest: bool) -> str:
    if query.table_name:
        return "forced by table_name"
    if is_smallest:
        return "fewest rows of those that can answer"
    return "counts fewest measures more than once"


def _explained(
    candidate: Candidate, chosen: str, why: str, many: Mapping[str, tuple[str, ...]]
) -> Candidate:
    often = many.get(candidate.table, ())
    if candidate.table == chosen:
        verdict = f"chosen: {why}"
    elif candidate.verdict != "can answer":
        return candidate
    elif len(often) > len(many[chosen]):
        verdict = f"can answer, but counts {', '.join(often)} more than once"
    else:
        verdict = "can answer, with more rows"
    return Candidate(candidate.table, candidate.rows, verdict)


def _allowed(query: Query, atlas: Atlas) -> list[Table]:
    tables = atlas.model.tables
    forced, database = query.table_name, query.database_name
    queryable = tuple(name for name, table in tables.items() if table.queryable)
    if forced is not None and forced not in queryable:
        raise NoTableError(
            f"There is no table {forced!r} to query."
            if forced in tables
            else f"There is no table {forced!r}.",
            hint=suggestion(forced, queryable) or "GET /dataset lists the tables.",
            pointer="/table_name",
        )
    databases = {table.database for table in tables.values()}
    if database is not None and database not in databases:
        raise NoTableError(
            f"There is no database {database!r}.",
            hint=suggestion(database, tuple(databases)) or "GET /dataset lists the databases.",
            pointer="/database_name",
        )
    allowed = [
        table
        for table in tables.values()
        if table.queryable
        and forced in {None, table.name}
        and database in {None, table.database}
        and (forced or not table.rollup or is_asked(table, references(query), tables))
    ]
    if not allowed and forced is not None:
        raise NoTableError(
            f"The table {forced!r} is not in the database {database!r}.",
            hint=f"Leave 'database_name' out: it is in {tables[forced].database!r}.",
            pointer="/table_name",
        )
    return allowed


def is_asked(table: Table, names: Iterable[str], tables: Mapping[str, Table]) -> bool:
    """Whether a question is about a table itself: a roll-up, only by names that its table lacks.

    By other names it would count groups where rows are meant.
    """
    if table.rollup is None:
        return True
    base = tables.get(table.rollup.table)
    own = set(table.attributes).difference(base.attributes if base else ())
    return any(
        name in own if not prefix else prefix == table.name
        for prefix, _, name in (name.rpartition(".") for name in names)
    )


def _rollups(query: Query, asked: list[Table], atlas: Atlas) -> tuple[Candidate, ...]:
    """Return the roll-ups that nobody asked about themselves."""
    return tuple(
        Candidate(table.name, table.rows, f"is a roll-up of {table.rollup.table!r}")
        for table in atlas.model.tables.values()
        if table.rollup is not None and query.table_name is None and table not in asked
    )


def _unsettled(query: Query, names: Mapping[str, str], atlas: Atlas) -> Mapping[str, str]:
    """Return the names without those that are the own ones of the table that must answer."""
    if query.table_name is None:
        return names
    own = atlas.model.tables[query.table_name].attributes
    return {name: pointer for name, pointer in names.items() if name not in own}


def _refuse_conflicts(names: Mapping[str, str], tables: list[Table], atlas: Atlas) -> None:
    """Raise the ambiguous names, and with them those that nobody has."""
    bases = [table.name for table in tables]
    conflicts: list[PenstockError] = [
        _ambiguous(name, conflict, pointer)
        for name, pointer in names.items()
        if "." not in name and (conflict := atlas.conflict(name, bases)) is not None
    ]
    raise_all([*conflicts, *_unknowns(names, atlas)] if conflicts else [])


def _ambiguous(name: str, several: Several, pointer: str) -> AmbiguousNameError:
    return AmbiguousNameError(
        f"{name!r} can mean {' or '.join(several.names)}.",
        hint=f"Write {several.names[-1]!r} to say which.",
        pointer=pointer,
    )


def _reach(
    names: Mapping[str, str], table: Table, atlas: Atlas
) -> tuple[dict[str, Reached], list[str], list[str]]:
    found: dict[str, Reached] = {}
    missing: list[str] = []
    several: list[str] = []
    for name in names:
        match atlas.resolve(name, table.name):
            case Reached() as reached:
                found[name] = reached
            case Several():
                several.append(name)
            case None:
                missing.append(name)
    return found, missing, several


def _nobody(names: Mapping[str, str], tables: list[Table], atlas: Atlas) -> PenstockError:
    """Say why no table can answer: an unknown name, an ambiguous path, or names that never meet."""
    unknown = _unknowns(names, atlas)
    if unknown:
        return _all_or_one(unknown)
    torn = [table for table in tables if _is_torn(names, table, atlas)]
    if torn:
        # In the words of another table they would be answered by that one, counted more often.
        table = min(torn, key=lambda table: (_steps(names, table, atlas), *_size(table)))
        _, _, several = _reach(names, table, atlas)
        return _all_or_one([_many_ways(name, table, names[name], atlas) for name in several])
    return _never_meet(names, tables, atlas)


def _is_torn(names: Mapping[str, str], table: Table, atlas: Atlas) -> bool:
    _, missing, several = _reach(names, table, atlas)
    return bool(several) and not missing


def _steps(names: Mapping[str, str], table: Table, atlas: Atlas) -> int:
    """Count the steps from a table to everything that is named."""
    steps = 0
    for name in names:
        match atlas.resolve(name, table.name):
            case Reached(path):
                steps += len(path)
            case Several(ways):
                steps += min(way.count(".") for way in ways)
            case None:
                pass
    return steps


def _all_or_one(errors: list[PenstockError]) -> PenstockError:
    try:
        raise_all(errors)
    except PenstockError as error:
        return error
    raise AssertionError


def _unknowns(names: Mapping[str, str], atlas: Atlas) -> list[PenstockError]:
    unknown = [name for name in names if not atlas.is_known(name)]
    known = atlas.names() if unknown else ()
    return [
        NoTableFoundError(
            f"No table has an attribute {name!r}.",
            hint=suggestion(name, known if i < _SUGGESTED else ())
            or "GET /dataset lists the attributes.",
            pointer=names[name],
        )
        for i, name in enumerate(unknown)
    ]


def _many_ways(name: str, table: Table, pointer: str, atlas: Atlas) -> PenstockError:
    resolved = atlas.resolve(name, table.name)
    assert isinstance(resolved, Several)  # noqa: S101 - _reach has just said so
    return _ambiguous(name, resolved, pointer)


def _never_meet(names: Mapping[str, str], tables: list[Table], atlas: Atlas) -> NoTableFoundError:
    together = [
        {name for name in names if isinstance(atlas.resolve(name, table.name), Reached)}
        for table in tables
    ]
    for first, second in combinations(names, 2):
        if not any(first in group and second in group for group in together):
            hint = f"{first!r} and {second!r} are never in one table, nor joined to one."
            return NoTableFoundError(
                "No table has all these attributes.", hint=hint, pointer=names[second]
            )
    return NoTableFoundError(
        "No table has all these attributes together.",
        hint="Ask two queries, or declare a relationship between the tables.",
        pointer="/data/fields",
    )


def _empty(query: Query, tables: list[Table]) -> PenstockError:
    hint = "Load data, then POST /refresh; row counts are taken at start and at each refresh."
    if query.table_name is not None:
        return EmptyTableError(
            f"The table {query.table_name!r} has no rows.", hint=hint, pointer="/table_name"
        )
    named = ", ".join(repr(table.name) for table in tables)
    return EmptyTablesError(f"No table that could answer has rows: {named}.", hint=hint)
