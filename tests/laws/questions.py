"""Queries at random about a world: most can be answered, some name what is hidden or far away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from hypothesis import strategies as st

from laws.values import PERIODS, VALUES
from laws.worlds import World
from penstock.model.types import Attribute, DataType, Table
from penstock.query.types import Json
from support.queries import conditions, filters, scale_names

_NUMERIC = ("sum", "avg", "median", "stddev", "variance", "p05", "p50", "p99")
_ANY = ("count", "count_distinct", "count_approx_distinct", "min", "max", "select")
_INEXACT = frozenset({"stddev", "variance", "p05", "p99"})
_LONGEST = 3
Meeting: TypeAlias = tuple[str, str, str]
_TIMES = frozenset({DataType.DATE, DataType.TIMESTAMP})


@dataclass(frozen=True)
class Name:
    """How a query may write an attribute, and what it is."""

    written: str
    attribute: Attribute


def _once_in(times: int) -> st.SearchStrategy[bool]:
    return st.sampled_from([*[False] * (times - 1), True])


@st.composite
def questions(draw: st.DrawFn, world: World) -> dict[str, Json]:
    """Draw a query about a table and what can be reached from it."""
    base = world.model.tables[draw(st.sampled_from(sorted(world.model.tables)))]
    meetings = _meetings(world)
    about_facts: bool = draw(_once_in(2))
    if meetings and about_facts:
        return draw(_about_facts(world, meetings))
    names = [draw(_written(world, base)) for _ in range(draw(st.integers(1, 5)))]
    names = list({name.written: name for name in names}.values())
    grouped = not draw(_once_in(4))
    query = draw(_grouped(names, names) if grouped else _listed(names))
    grouped = "scale" in query or _aggregates(query, names)
    condition = draw(_filters(names, grouped=grouped))
    if condition:
        query["filter"] = condition
    if grouped:
        draw(_beside(query, names))
    draw(_page(query))
    if draw(st.booleans()):
        query["table_name"] = base.name
    return query


@st.composite
def _about_facts(draw: st.DrawFn, world: World, meetings: Sequence[Meeting]) -> dict[str, Json]:
    """Draw a query about two tables, by what they have in common, mostly."""
    tables = world.model.tables
    *homes, shared = draw(st.sampled_from(meetings))
    if draw(_once_in(10)):
        shared = draw(st.sampled_from(sorted(tables)))
    measured = [draw(_of_table(tables[home])) for home in homes]
    scales = [draw(_of_table(tables[shared])) for _ in range(draw(st.sampled_from([1, 2, 0])))]
    scales = list({name.written: name for name in scales}.values())
    query = draw(_grouped(measured, scales))
    if "scale" in query or _aggregates(query, measured):
        condition = draw(_filters([*measured[:1], *scales], grouped=True))
        if condition:
            query["filter"] = condition
        draw(_beside(query, [*measured, *scales]))
    draw(_page(query))
    return query


@st.composite
def _of_table(draw: st.DrawFn, table: Table) -> Name:
    attribute = table.attributes[draw(st.sampled_from(sorted(table.attributes)))]
    prefix = draw(st.sampled_from(["", "", f"{table.name}."]))
    return Name(f"{prefix}{attribute.name}", attribute)


def _meetings(world: World) -> list[Meeting]:
    """Return the tables that do not reach each other, with each table that both reach."""
    tables = sorted(world.model.tables)
    return [
        (one, other, shared)
        for one, other in combinations(tables, 2)
        if not _meets(world, one, other) and not _meets(world, other, one)
        for shared in tables
        if _meets(world, one, shared) and _meets(world, other, shared)
    ]


def _meets(world: World, start: str, goal: str) -> bool:
    met, edge = {start}, [start]
    while edge:
        edge = [
            way.table
            for name in edge
            for way in world.model.tables[name].relationships.values()
            if way.table not in met
        ]
        met.update(edge)
    return goal in met


@st.composite
def _written(draw: st.DrawFn, world: World, base: Table) -> Name:
    """Draw an attribute in reach, under one of the names it has."""
    table, path = base, []
    for _ in range(draw(st.integers(0, _LONGEST))):
        if table.relationships:
            way = table.relationships[draw(st.sampled_from(sorted(table.relationships)))]
            table = world.model.tables[way.table]
            path.append(way.name)
    attribute = table.attributes[draw(st.sampled_from(sorted(table.attributes)))]
    prefixes = [".".join(path)]
    if not path or draw(_once_in(5)):
        prefixes = ["", table.name]
    prefix = draw(st.sampled_from(prefixes))
    return Name(f"{prefix}.{attribute.name}" if prefix else attribute.name, attribute)


@st.composite
def _listed(draw: st.DrawFn, names: Sequence[Name]) -> dict[str, Json]:
    words = draw(st.sampled_from([["select"], ["select"], ["select_distinct"], ["SELECT"]]))
    fields = {name.written: words for name in names if not name.attribute.aggregates}
    if not fields:
        return draw(_grouped(names, names))
    query: dict[str, Json] = {"data": {"fields": fields}}
    return draw(_ordered(query, sorted(fields)))


@st.composite
def _grouped(draw: st.DrawFn, measurable: Sequence[Name], names: Sequence[Name]) -> dict[str, Json]:
    fewest = 1 if measurable is names else len(measurable)
    measured = draw(
        st.lists(st.sampled_from(measurable), min_size=fewest, max_size=3, unique_by=_spelling)
    )
    fields = {name.written: draw(_computes(name.attribute)) for name in measured}
    plain = [name for name in names if not name.attribute.aggregates]
    least = draw(st.sampled_from([1, 1, 2, 0]))
    chosen = draw(st.lists(st.sampled_from(plain), min_size=least, max_size=3)) if plain else []
    scales = [_scale(name, draw(scale_names(name.attribute))) for name in chosen]
    query: dict[str, Json] = {"data": {"fields": fields}}
    if scales:
        query["scale"] = {"fields": draw(_composite(scales))}
    exact = [
        f"{name.written}.{word}"
        for name in measured
        for word in fields[name.written]
        if _is_exact(name.attribute, word) and not word.startswith("select")
    ]
    return draw(_ordered(query, [*scales, *exact]))


def _spelling(name: Name) -> str:
    return name.written


def _scale(name: Name, bare: str) -> str:
    return name.written + bare.removeprefix(name.attribute.name)


def _computes(attribute: Attribute) -> st.SearchStrategy[list[str]]:
    if attribute.aggregates:
        return st.just(["select"])
    words = [*_ANY, *_NUMERIC] if attribute.type.is_number else [*_ANY]
    return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True)


def _is_exact(attribute: Attribute, word: str) -> bool:
    """Whether two engines agree on the last bit, so that equal groups are equal to both."""
    if word in _INEXACT:
        return False
    if word in {"avg", "median", "p50", "sum"}:
        return attribute.type is DataType.INTEGER or (
            word == "sum" and attribute.type is DataType.DECIMAL
        )
    return True


@st.composite
def _composite(draw: st.DrawFn, scales: Sequence[str]) -> list[Json]:
    """Put the first ones into one composite scale, maybe."""
    size = draw(st.integers(0, len(scales)))
    return [list(scales[:size]), *scales[size:]] if size > 1 else list(scales)


@st.composite
def _ordered(draw: st.DrawFn, query: dict[str, Json], names: Sequence[str]) -> dict[str, Json]:
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
    if chosen:
        query["order"] = {name: draw(st.sampled_from(["asc", "desc"])) for name in chosen}
    return query


@st.composite
def _page(draw: st.DrawFn, query: dict[str, Json]) -> None:
    data = query["data"]
    assert isinstance(data, dict)
    data |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "limit": st.none() | st.integers(0, 6),
                "skip": st.integers(0, 4),
                "hints": st.booleans(),
            },
        )
    )


def _aggregates(query: Mapping[str, Json], names: Sequence[Name]) -> bool:
    """Whether a query without scales is about all rows together."""
    data = query["data"]
    assert isinstance(data, dict)
    made = {name.written for name in names if name.attribute.aggregates}
    fields = data["fields"]
    return any(
        name in made or {*words} - {"select", "select_distinct", "SELECT"}
        for name, words in fields.items()
    )


@st.composite
def _beside(draw: st.DrawFn, query: dict[str, Json], names: Sequence[Name]) -> None:
    """Add conditions on groups, totals, and how it was before."""
    having = draw(_having(names))
    if having:
        query["having"] = having
    scale = query.get("scale", {})
    assert isinstance(scale, dict)
    parts = scale.get("fields", [])
    if draw(_once_in(3)):
        kept = st.lists(st.sampled_from(parts), max_size=2) if parts else st.just([])
        query["total"] = draw(st.dictionaries(st.sampled_from(["all", "x"]), kept, max_size=2))
    times = [n.written for n in names if n.attribute.type in _TIMES and not n.attribute.aggregates]
    used = any(time in f"{parts}{query.get('filter')}" for time in times)
    if draw(_once_in(1 if used else 40)):
        query["evol"] = draw(_evolutions(times))


def _evolutions(times: Sequence[str]) -> st.SearchStrategy[dict[str, Json]]:
    periods = ["weekday", "week", "month", "quarter", "semester", "year"]
    optional: dict[str, st.SearchStrategy[Json]] = {
        "mode": st.sampled_from(["date", "weekday"]),
        "depth": st.integers(1, 3),
    }
    if times:
        optional["field"] = st.sampled_from(times)
    return st.fixed_dictionaries({"scale": st.sampled_from(periods)}, optional=optional)


@st.composite
def _filters(draw: st.DrawFn, names: Sequence[Name], *, grouped: bool) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for part in [False, True] if grouped else [False]:
        types = {n.written: n.attribute.type for n in names if n.attribute.aggregates is part}
        values = {written: VALUES[type_] for written, type_ in types.items()}
        wanted: bool = draw(st.booleans())
        if types and wanted:
            drawn = draw(filters(types, values))
            times = sorted(n for n, type_ in types.items() if type_ in _TIMES)
            within: bool = draw(st.booleans())
            if times and within:
                during: Json = {"during": draw(st.sampled_from(sorted(PERIODS)))}
                drawn = {"and": [drawn, {draw(st.sampled_from(times)): during}]}
            found = {"and": [found, drawn]} if found else drawn
    return found


@st.composite
def _having(draw: st.DrawFn, names: Sequence[Name]) -> dict[str, Json]:
    """Draw conditions on groups, of computes that need not be selected."""
    found: dict[str, Json] = {}
    for name in names:
        if draw(_once_in(5)):
            (word,) = draw(_computes(name.attribute).map(lambda words: words[:1]))
            if _is_exact(name.attribute, word):
                type_ = _type(word, name.attribute.type)
                found[name.written] = {word: draw(conditions(type_, VALUES[type_]))}
    return found


def _type(word: str, type_: DataType) -> DataType:
    if word.startswith("count"):
        return DataType.INTEGER
    return DataType.FLOAT if word in {"avg", "median", "p50"} else type_
