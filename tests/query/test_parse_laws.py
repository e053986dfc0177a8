"""What holds for every body, however odd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.query.parse import parse_query
from penstock.query.types import Asked, Json, Limits
from support import samples
from support.ask import answer, open_gate, problems
from support.flights import ANALYST, FLIGHTS, POLICIES
from support.pointers import resolves
from support.queries import HOSTILE, JSON, Objects, Strategy, queries

MISSING = {"/data", "/data/fields"}
"""What must be there: an error about its absence points at where it should be."""

GATE = open_gate(FLIGHTS, POLICIES)
WORDS = st.sampled_from(
    [
        *("data", "fields", "limit", "skip", "hints", "scale", "axis", "filter", "order", "having"),
        *("table_name", "database_name", "carrier", "distance", "flight_date", "origin", "nothing"),
        *("sum", "select", "in", "eq", "between", "is_null", "or", "and", "not", "asc", "a/b~c"),
        *("evol", "total", "flight_date:month", "flights.year", "plane.year", "UA", "flights"),
    ]
)


def likely(inner: Strategy) -> Strategy:
    lists = st.lists(inner, max_size=3)
    return st.one_of(lists, st.dictionaries(WORDS, inner, max_size=4))


LIKELY: Strategy = st.recursive(st.one_of(WORDS, st.integers(-1, 9), st.none()), likely)

SHAPED: Objects = st.fixed_dictionaries(
    {"data": st.fixed_dictionaries({"fields": LIKELY}, optional={"limit": JSON, "skip": JSON})},
    optional={
        "scale": LIKELY | st.fixed_dictionaries({"fields": LIKELY}),
        "filter": LIKELY | st.dictionaries(WORDS, LIKELY, max_size=3),
        "order": LIKELY,
        "table_name": WORDS | JSON,
        "hints": JSON,
    },
)


def parse(raw: Json) -> Asked:
    return parse_query(json.dumps(raw).encode(), Limits())


@given(body=st.binary(max_size=40))
@example(b"")
@example(b"\xff")
@example(b"[" * 100_000)
@example(b'{"data":' * 100_000)
@example(b'{"data":{"fields":{"a":["sum"]}},"filter":{"a":"\\ud800"}}')
@example(b'{"data":{"fields":{"a":["sum"]}},"filter":{"a":1e999}}')
@example(b'{"data":{"fields":{"a":["sum"]}},"filter":{"a":' + b"9" * 5_000 + b"}}")
def test_no_bytes_break_the_parser(body: bytes) -> None:
    problems(lambda: parse_query(body, Limits()))


@given(raw=JSON | LIKELY | SHAPED)
@settings(max_examples=300)
def test_no_json_breaks_anything_but_the_query(raw: Json) -> None:
    found = problems(lambda: answer(cast("Mapping[str, Json]", raw), GATE, ANALYST))

    assert all(problem.detail for problem in found)


@given(raw=SHAPED)
@settings(max_examples=300)
def test_every_problem_points_into_the_request(raw: dict[str, Json]) -> None:
    for problem in problems(lambda: answer(raw, GATE, ANALYST)):
        assert problem.pointer is not None
        assert problem.pointer in MISSING or resolves(problem.pointer, raw)


@given(query=queries(samples.SAMPLES, "samples"))
def test_every_valid_query_parses_to_itself(query: dict[str, Json]) -> None:
    asked = parse(query)

    assert asked == parse(query)
    assert hash(asked.query) == hash(parse(query).query)


@given(query=queries(samples.SAMPLES, "samples"), key=HOSTILE)
def test_an_unknown_key_is_named_wherever_it_is(query: dict[str, Json], key: str) -> None:
    data = cast("dict[str, Json]", query["data"])
    scale = cast("dict[str, Json]", query["scale"])
    spoilt = {**query, key: 1, "data": {**data, key: 1}, "scale": {**scale, key: 1}}
    found = problems(lambda: parse(spoilt))

    assert [problem.code for problem in found] == ["UNKNOWN_KEY"] * 3
    assert all(problem.pointer and resolves(problem.pointer, spoilt) for problem in found)


@given(values=st.lists(st.text() | st.integers() | st.booleans(), min_size=1, max_size=5))
def test_values_are_kept_apart_from_the_shape(values: list[Json]) -> None:
    data: Json = {"fields": {"n": ["count"]}}
    asked = parse({"data": data, "filter": {"a": values}})
    other = parse({"data": data, "filter": {"a": ["x"] * len(values)}})

    assert asked.query == other.query
    assert asked.values == (*values, Limits().default_rows)


@given(depth=st.integers(1, 40), word=st.sampled_from(["not", "and", "or"]))
def test_filters_nest_as_deep_as_the_limit_and_no_deeper(depth: int, word: str) -> None:
    filter_: Json = {"a": 1}
    for _ in range(depth):
        filter_ = {word: filter_} if word == "not" else {word: [filter_]}
    found = problems(lambda: parse({"data": {"fields": {"a": ["sum"]}}, "filter": filter_}))

    assert [problem.code for problem in found] == (["LIMIT_EXCEEDED"] if depth > 16 else [])
