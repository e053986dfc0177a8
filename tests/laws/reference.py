"""The answer to a query as the specification says it: row by row, group by group, plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from laws.atlas import Place, Refused, Seen, see
from laws.choosing import (
    Query,
    choose,
    choose_each,
    fields_of,
    measured,
    multiplied,
    names_of,
    scales_of,
    words_of,
)
from laws.evaluation import Evaluation, Row, groups
from laws.past import Past, depth_of, evolution_of, time_of
from laws.truth import Subject, holds, tested
from laws.values import Cell, Record
from laws.worlds import World
from penstock.query.types import Json


@dataclass(frozen=True)
class Column:
    """`kind` is scale, measure, past or label; `written` is how the query names the attribute."""

    name: str
    kind: str
    written: str
    word: str | None = None


@dataclass(frozen=True)
class Expected:
    """What the answer must be: `everything` has the rows without skip and limit."""

    table: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    everything: Sequence[Row]
    is_ordered: bool
    totals: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """The tables that answer, each as an evaluation of the query, and which one has a measure."""

    evaluations: Sequence[Evaluation]
    owners: Mapping[str, Evaluation]

    def owner(self, name: str) -> Evaluation:
        return self.owners.get(name, self.evaluations[0])


def answer(world: World, query: Query) -> Expected:
    """Answer a query. Raises Refused."""
    facts = _find_facts(see(world), query)
    asked = facts.evaluations[0]
    if is_grouped(asked):
        if evolution_of(query):
            time_of(asked)
        columns, everything = _grouped(facts, scales_of(query))
        is_ordered = True
    else:
        columns, everything = _listed(asked)
        is_ordered = bool(query.get("order")) or _data(query).get("skip") is not None
    ordered = _ordered(asked, columns, everything)
    table = ", ".join(evaluation.base for evaluation in facts.evaluations)
    return Expected(table, columns, page(query, ordered), ordered, is_ordered, _totals(facts))


def _find_facts(seen: Seen, query: Query) -> Facts:
    """Return the one table that has everything, each row once; else the one of each measure."""

    def aggregates(name: str) -> bool:
        found = [place for table in seen.attributes for place in seen.find(table, name)]
        return any(seen.attribute(place).aggregates for place in found)

    may_split = "table_name" not in query and _groups(query, aggregates)
    words = words_of(query)
    try:
        base, places = choose(seen, names_of(query), words, query.get("table_name"))
    except Refused as refused:
        measures = measured(query, aggregates)
        # Where the measures have a table in common, it is not they that never meet.
        if any(all(len(seen.find(t, n)) == 1 for n in measures) for t in seen.attributes):
            raise
        if refused.code != "NO_TABLE_FOUND" or not may_split:
            raise
        return _apart(seen, query, choose_each(query, seen, aggregates))
    if may_split and multiplied(seen, base, places, words):
        chosen = choose_each(query, seen, aggregates)
        if len({table for table, _ in chosen.values()}) > 1:
            return _apart(seen, query, chosen)
    return Facts([Evaluation(query, seen, base, places)], {})


def _apart(
    seen: Seen, query: Query, chosen: Mapping[str, tuple[str, Mapping[str, Place]]]
) -> Facts:
    """Evaluate the query in each of the tables that answer a measure."""
    known = {name: place for _, places in chosen.values() for name, place in places.items()}
    tables = dict.fromkeys(base for base, _ in chosen.values())
    evaluations = {
        table: Evaluation(
            query,
            seen,
            table,
            {
                **known,
                **{n: p for base, ps in chosen.values() if base == table for n, p in ps.items()},
            },
        )
        for table in tables
    }
    owners = {name: evaluations[base] for name, (base, _) in chosen.items()}
    return Facts(list(evaluations.values()), owners)


def is_grouped(asked: Evaluation) -> bool:
    return _groups(asked.query, asked.aggregates)


def _groups(query: Query, aggregates: Callable[[str], bool]) -> bool:
    fields = fields_of(query)
    words = {word.lower() for computes in fields.values() for word in computes}
    return bool(
        scales_of(query)
        or words - {"select", "select_distinct"}
        or any(aggregates(name) for name in fields)
    )


def measures_of(asked: Evaluation, scales: Sequence[str]) -> list[Column]:
    """Return what is computed of groups; what is a scale too is not computed again.

    What a total's scales leave out comes first.
    """
    found: dict[str, Column] = {}
    for name, computes in fields_of(asked.query).items():
        for word in map(str.lower, computes):
            if not word.startswith("select"):
                found[f"{name}_{word}"] = Column(f"{name}_{word}", "measure", name, word)
            elif name not in scales:
                found[name] = Column(name, "measure", name, "select")
    dropped = [name for name in scales_of(asked.query) if name in found]
    return [found[name] for name in dict.fromkeys([*dropped, *found])]


def _grouped(
    facts: Facts, scales: Sequence[str], *, all_groups: bool = False
) -> tuple[tuple[Column, ...], list[Row]]:
    """Return the groups by some scales: those that `having` keeps, or for a total all of them."""
    asked = facts.evaluations[0]
    columns: list[Column] = []
    for scale in scales:
        columns.append(Column(scale, "scale", scale.rpartition(":")[0] or scale))
        if ":" not in scale and asked.has_label(scale):
            columns.append(Column(f"{scale}_label", "label", scale))
    measures = measures_of(asked, scales)
    found = {e.base: groups(e, scales) for e in facts.evaluations}
    rows: list[Row] = []
    for keys in dict.fromkeys(keys for each in found.values() for keys in each):
        group = Group(facts, scales, keys, {base: each.get(keys) for base, each in found.items()})
        if all_groups or group.is_kept():
            row = _named(asked, columns, dict(zip(scales, keys, strict=True)))
            rows.append((*row, *(cell for m in measures for cell in group.measured(m))))
    with_past = [
        Column(f"{m.name}_{period}", "past", m.written, m.word) if period else m
        for m in measures
        for period in range(depth_of(asked.query) + 1)
    ]
    return (*columns, *with_past), rows


@dataclass(frozen=True)
class Group:
    """One row of the answer: what each table has in it, None where that is nothing."""

    facts: Facts
    scales: Sequence[str]
    keys: Row
    members: Mapping[str, Sequence[Record] | None]

    def measured(self, column: Column) -> Iterator[Cell]:
        """Give a measure now, and as it was in each period before."""
        owner, name, word = self.facts.owner(column.written), column.written, column.word or ""
        past = Past(owner, self.scales)
        then = [past.members(self.keys, period) for period in past.periods]
        for members in (self.members[owner.base], *then):
            yield None if members is None else owner.measure(members, name, word)

    def is_kept(self) -> bool:
        """Whether the group stays: the filter's part on aggregates, and `having`."""

        def find(name: str, word: str = "select") -> Subject:
            owner = self.facts.owner(name)
            members = self.members[owner.base]
            cell = None if members is None else owner.measure(members, name, word)
            return Subject(cell, owner.result_type(name, word))

        asked = self.facts.evaluations[0]
        having = cast("Mapping[str, Mapping[str, Json]]", asked.query.get("having", {}))
        return all(holds(part, find) for part in asked.parts() if asked.is_of_groups(part)) and all(
            tested(condition, find(name, word))
            for name, computes in having.items()
            for word, condition in computes.items()
        )


def _named(asked: Evaluation, columns: Sequence[Column], keys: Mapping[str, Cell]) -> list[Cell]:
    return [
        asked.label(c.written, keys[c.written]) if c.kind == "label" else keys[c.name]
        for c in columns
    ]


def _totals(facts: Facts) -> dict[str, Sequence[Row]]:
    query = facts.evaluations[0].query
    totals = cast("Mapping[str, Sequence[str | Sequence[str]]]", query.get("total", {}))
    found: dict[str, Sequence[Row]] = {}
    for name, raw in totals.items():
        kept = {member for part in raw for member in ([part] if isinstance(part, str) else part)}
        scales = [scale for scale in scales_of(query) if scale in kept]
        columns, rows = _grouped(facts, scales, all_groups=True)
        for at in reversed([i for i, c in enumerate(columns) if c.kind == "scale"]):
            rows = _sorted(rows, at, descending=False)
        found[name] = rows
    return found


def _listed(asked: Evaluation) -> tuple[tuple[Column, ...], list[Row]]:
    columns: list[Column] = []
    for name in fields_of(asked.query):
        columns.append(Column(name, "measure", name, "select"))
        if asked.has_label(name):
            columns.append(Column(f"{name}_label", "label", name))
    rows = [
        tuple(
            asked.label(c.written, asked.cell(row, c.written))
            if c.kind == "label"
            else asked.cell(row, c.written)
            for c in columns
        )
        for row in asked.passing()
    ]
    words = {word.lower() for computes in fields_of(asked.query).values() for word in computes}
    return tuple(columns), list(dict.fromkeys(rows)) if "select_distinct" in words else rows


def _ordered(asked: Evaluation, columns: Sequence[Column], rows: list[Row]) -> list[Row]:
    """Order as asked, then by the scales; what is listed, by everything that is selected."""
    order = cast("Mapping[str, str]", asked.query.get("order", {}))
    ways = [(_position(name, columns), way.lower() == "desc") for name, way in order.items()]
    scales = [i for i, column in enumerate(columns) if column.kind == "scale"]
    rest = scales or [i for i, column in enumerate(columns) if column.kind == "measure"]
    for at, descending in reversed([*ways, *((i, False) for i in rest)]):
        rows = _sorted(rows, at, descending=descending)
    return rows


def _position(name: str, columns: Sequence[Column]) -> int:
    fitting: list[Callable[[Column], bool]] = [
        lambda c: c.name == name,
        lambda c: c.kind in {"scale", "measure"} and c.written == name,
        lambda c: c.kind == "measure" and f"{c.written}.{c.word}" == name,
    ]
    for fits in fitting:
        found = [i for i, column in enumerate(columns) if fits(column)]
        if found:
            (at,) = found
            return at
    raise AssertionError(name)


def _sorted(rows: list[Row], at: int, *, descending: bool) -> list[Row]:
    """Sort by one column, nulls last, both ways; rows that are equal in it stay as they are."""
    present = [row for row in rows if row[at] is not None]
    present.sort(key=lambda row: cast("float", row[at]), reverse=descending)
    return [*present, *(row for row in rows if row[at] is None)]


def _data(query: Query) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", query["data"])


def page(query: Query, rows: Sequence[Row]) -> Sequence[Row]:
    skip, limit = _data(query).get("skip"), _data(query).get("limit")
    rest = rows[skip:] if isinstance(skip, int) else rows
    return rest[:limit] if isinstance(limit, int) else rest
