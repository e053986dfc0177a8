"""Which table answers: it counts fewest measures more than once; of equals, the fewest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from laws.atlas import Place, Refused, Seen
from laws.truth import Filter
from penstock.query.types import Json

Query: TypeAlias = Mapping[str, Json]
Words: TypeAlias = Mapping[str, Sequence[str]]

_SAME_HOWEVER_OFTEN = (
    "select",
    "select_distinct",
    "min",
    "max",
    "count_distinct",
    "count_approx_distinct",
)


def fields_of(query: Query) -> Mapping[str, Sequence[str]]:
    data = cast("Mapping[str, Json]", query["data"])
    return cast("Mapping[str, Sequence[str]]", data["fields"])


def scales_of(query: Query) -> list[str]:
    """Return the scales, composite ones taken apart, each once."""
    scale = cast("Mapping[str, Sequence[str | Sequence[str]]]", query.get("scale", {}))
    parts = [[s] if isinstance(s, str) else list(s) for s in scale.get("fields", ())]
    return list(dict.fromkeys(member for part in parts for member in part))


def named_in(filter_: Filter) -> Iterator[str]:
    for name, condition in filter_.items():
        if name in {"and", "or"}:
            for part in cast("Sequence[Filter]", condition):
                yield from named_in(part)
        elif name == "not":
            yield from named_in(cast("Filter", condition))
        else:
            yield name


def compared_in(filter_: Filter) -> Iterator[str]:
    """Give the names that are compared with a value: that one is null is no comparison."""
    for name, condition in filter_.items():
        if name in {"and", "or"}:
            for part in cast("Sequence[Filter]", condition):
                yield from compared_in(part)
        elif name == "not":
            yield from compared_in(cast("Filter", condition))
        elif _has_value(condition):
            yield name


def _has_value(condition: object) -> bool:
    match condition:
        case Mapping():
            tests = {word: value for word, value in condition.items() if "null" not in word.lower()}
            return any(map(_has_value, tests.values()))
        case str():
            return True
        case Sequence():
            return any(map(_has_value, condition))
        case _:
            return condition is not None


def names_of(query: Query) -> list[str]:
    """Return every attribute that a query names."""
    found = [*fields_of(query)]
    found += [scale.rpartition(":")[0] or scale for scale in scales_of(query)]
    found += named_in(cast("Filter", query.get("filter", {})))
    found += cast("Filter", query.get("having", {}))
    evolution = cast("Mapping[str, Json]", query.get("evol", {}))
    found += [str(evolution["field"])] if "field" in evolution else []
    return list(dict.fromkeys(found))


def words_of(query: Query) -> Words:
    """Return what is computed of each name; what is filtered by may be an aggregate, too."""
    having = cast("Mapping[str, Mapping[str, Json]]", query.get("having", {}))
    found: dict[str, list[str]] = {n: [] for n in named_in(cast("Filter", query.get("filter", {})))}
    for each in (fields_of(query), having):
        for name, words in each.items():
            found[name] = [*found.get(name, ()), *words]
    return found


def multiplied(seen: Seen, base: str, places: Mapping[str, Place], words: Words) -> list[str]:
    """Return the measures that are of another row, which several rows may lead to."""
    found = []
    for name, computed in words.items():
        place = places[name]
        may_change = seen.attribute(place).aggregates or any(
            word.lower() not in _SAME_HOWEVER_OFTEN for word in computed
        )
        if may_change and not all(way.one_to_one for way in seen.ways_along(base, place.path)):
            found.append(name)
    return found


def choose(
    seen: Seen, names: Sequence[str], words: Words, forced: Json = None
) -> tuple[str, dict[str, Place]]:
    """Return the table that has all names, and what each means there. Raises Refused."""
    if forced is not None and forced not in seen.attributes:
        raise Refused("NO_TABLE")
    tables = [str(forced)] if forced is not None else list(seen.attributes)
    meant = {t: {n: seen.find(t, n) for n in names} for t in tables}
    able = [t for t in tables if all(len(places) == 1 for places in meant[t].values())]
    if not able:
        many = any(all(places for places in found.values()) for found in meant.values())
        raise Refused("AMBIGUOUS_NAME" if many else "NO_TABLE_FOUND")
    sizes = {t: len(seen.world.rows[t]) for t in able}
    filled = [t for t in able if sizes[t]]
    if not filled:
        raise Refused("EMPTY_TABLES" if forced is None else "EMPTY_TABLE")
    places = {t: {name: found[0] for name, found in meant[t].items()} for t in filled}
    base = min(filled, key=lambda t: (len(multiplied(seen, t, places[t], words)), sizes[t], t))
    return base, places[base]


def choose_each(
    query: Query, seen: Seen, aggregates: Callable[[str], bool]
) -> dict[str, tuple[str, dict[str, Place]]]:
    """Return, for each measure, the table that answers it by all scales and filters."""
    words = words_of(query)
    shared = [
        name
        for name in names_of({**query, "data": {"fields": {}}, "having": {}})
        if not aggregates(name)
    ]
    return {
        name: choose(seen, [name, *shared], {name: words[name]})
        for name in measured(query, aggregates)
    }


def measured(query: Query, aggregates: Callable[[str], bool]) -> list[str]:
    """Return what is computed of groups: what was asked for, then what is tested."""
    scales = scales_of(query)
    filter_ = cast("Filter", query.get("filter", {}))
    asked = [
        name
        for name, words in fields_of(query).items()
        if name not in scales or any(not word.lower().startswith("select") for word in words)
    ]
    tested = [name for name in named_in(filter_) if aggregates(name)]
    return list(dict.fromkeys([*asked, *tested, *cast("Filter", query.get("having", {}))]))
