"""Strategies for queries: valid ones of a model, and everything that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hypothesis import strategies as st

from penstock.model.types import Attribute, DataType, Model
from penstock.query.types import Granularity, Json

Strategy: TypeAlias = st.SearchStrategy[Json]
Objects: TypeAlias = st.SearchStrategy[dict[str, Json]]

_LETTERS = "aAbB%_\\'\";-é ☃"
TEXTS: st.SearchStrategy[str] = st.text(_LETTERS, max_size=4)

HOSTILE: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(
        [
            "'; DROP TABLE flights; --",
            '" OR 1=1 --',
            "${PATH}",
            "$1",
            "?",
            "$principal.stations",
            "read_csv('/etc/passwd')",
            "\x00",
            "{{ 1 }}",
            "a/*",
            "*",
            "flights.*",
            "\\",
            "carrier\n",
            "carrier; SELECT 1",
        ]
    ),
    st.text(min_size=1, max_size=12),
).map(lambda text: f"☃{text}")
"""Every one holds a snowman, which no SQL of ours does."""

SCALARS: Strategy = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)

JSON: Strategy = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)

_VALUES: Mapping[DataType, Strategy] = {
    DataType.BOOLEAN: st.booleans(),
    DataType.INTEGER: st.integers(-9, 9),
    DataType.FLOAT: st.integers(-18, 18).map(lambda n: n / 2),
    DataType.DECIMAL: st.integers(-9, 9),
    DataType.STRING: TEXTS,
    DataType.DATE: st.dates().map(str),
    DataType.TIMESTAMP: st.datetimes().map(str),
    DataType.TIMESTAMP_TZ: st.integers(0, 2_000_000_000),
    DataType.TIME: st.times().map(str),
    DataType.BYTES: st.sampled_from(["", "YWI="]),
    DataType.JSON: st.nothing(),
}

_SINGLE = ("eq", "equal", "not_equal", "neq")
_ORDERED = ("gt", "gte", "lt", "lte")
_TEXT = ("like", "not_like", "ilike", "contains", "starts_with", "ends_with")


def conditions(type_: DataType, values: Strategy | None = None) -> Strategy:
    """Return conditions that suit an attribute of this type."""
    value = _VALUES[type_] if values is None else values
    listed = st.lists(st.one_of(st.none(), value), max_size=3)
    nulls = st.sampled_from(["is_null", "is_not_null"]).map(lambda word: {word: True})
    some: list[Strategy] = [nulls]
    if type_ is not DataType.JSON:
        some += [value, listed, _one(_SINGLE, value), _one(("in", "not_in"), listed)]
    if type_ not in {DataType.JSON, DataType.BOOLEAN}:
        pair = st.lists(value, min_size=2, max_size=2)
        ordered = st.tuples(_one(_ORDERED, value), _one(_SINGLE, value)).map(_merged)
        some += [_one(_ORDERED, value), _one(("between", "not_between"), pair), ordered]
    if type_ is DataType.STRING:
        some.append(_one(_TEXT, TEXTS))
    return st.one_of(some)


def _one(words: Sequence[str], values: Strategy) -> Objects:
    return st.dictionaries(st.sampled_from(words), values, min_size=1, max_size=1)


def _merged(parts: tuple[dict[str, Json], dict[str, Json]]) -> dict[str, Json]:
    return {**parts[0], **parts[1]}


def filters(types: Mapping[str, DataType], values: Mapping[str, Strategy] | None = None) -> Objects:
    """Return filters of any shape over attributes, by name and type."""
    own = values or {}
    one = st.sampled_from(sorted(types)).flatmap(
        lambda name: conditions(types[name], own.get(name)).map(lambda c: {name: c})
    )
    return st.recursive(
        one,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"and": parts}),
            inner.map(lambda part: {"not": part}),
            st.tuples(one, inner).map(_merged),
        ),
        max_leaves=5,
    )


_COUNTS = ("count", "count_distinct", "count_approx_distinct")
_SORTED = ("select", "select_distinct", "min", "max")
_NUMERIC = ("sum", "avg", "median", "stddev", "variance", "p05", "p50", "p99")


def computes(attribute: Attribute) -> st.SearchStrategy[list[str]]:
    """Return computes that suit an attribute."""
    if attribute.aggregates:
        return st.lists(st.just("select"), min_size=1, max_size=1)
    words = [*_COUNTS]
    if attribute.type is not DataType.JSON:
        words += _SORTED
    if attribute.type.is_number:
        words += _NUMERIC
    return st.lists(st.sampled_from(words), min_size=1, max_size=3)


def scale_names(attribute: Attribute) -> st.SearchStrategy[str]:
    """Return an attribute's name, with a granularity where one suits it."""
    if not attribute.type.is_temporal:
        return st.just(attribute.name)
    of_a_day = {"second", "minute", "hour", "hour_of_day"}
    fitting = [
        str(g) for g in Granularity if attribute.type is not DataType.DATE or g not in of_a_day
    ]
    return st.sampled_from([attribute.name, *(f"{attribute.name}:{g}" for g in fitting)])


@st.composite
def queries(draw: st.DrawFn, model: Model, table: str) -> dict[str, Json]:
    """Draw a valid query on one table of a model."""
    attributes = model.tables[table].attributes
    names = st.sampled_from(sorted(attributes))
    rows = sorted(name for name, a in attributes.items() if not a.aggregates)
    fields = {
        name: draw(computes(attributes[name]))
        for name in draw(st.lists(names, min_size=1, max_size=3, unique=True))
    }
    hints = draw(st.booleans())
    data: dict[str, Json] = {"fields": fields, "hints": hints}
    if draw(st.booleans()):
        data["limit"], data["skip"] = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    chosen = draw(st.lists(st.sampled_from(rows), max_size=3))
    scales = [draw(scale_names(attributes[name])) for name in chosen]
    query: dict[str, Json] = {"data": data, "scale": {"fields": scales}, "table_name": table}
    if draw(st.booleans()):
        query["filter"] = draw(filters({name: attributes[name].type for name in rows}))
    if draw(st.booleans()) and scales:
        query["order"] = {scales[0]: draw(st.sampled_from(["asc", "desc"]))}
    return query
