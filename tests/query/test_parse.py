from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from penstock.query.conditions import Reader
from penstock.query.parse import parse_query, read_query
from penstock.query.types import (
    Comparison,
    Compute,
    Granularity,
    Json,
    Limits,
    Operator,
    Percentile,
    Query,
)
from support.ask import problems

FIELDS: dict[str, Json] = {"fields": {"a": ["sum"]}}
SMALL = Limits(max_values=3, max_conditions=3, max_depth=2, max_fields=2, max_rows=10)


def parse(raw: Json, limits: Limits | None = None) -> Query:
    return parse_query(json.dumps(raw).encode(), limits or Limits()).query


# --- what is read


def test_a_query_is_read_as_written() -> None:
    query = parse(
        {
            "data": {"fields": {"a": ["SUM", "p05"]}, "limit": 7, "skip": 3, "hints": True},
            "scale": {"fields": ["b", ["c", "d:Month"]], "axis": {"x": ["b"]}},
            "order": {"a.sum": "DESC", "b": "asc"},
            "table_name": "t",
            "database_name": "db",
        }
    )

    assert [(f.attribute, f.computes) for f in query.fields] == [
        ("a", (Compute.SUM, Percentile(5)))
    ]
    assert [(s.attribute, s.granularity, s.part) for s in query.scales] == [
        ("b", None, 0),
        ("c", None, 1),
        ("d", Granularity.MONTH, 1),
    ]
    assert [(o.name, o.descending) for o in query.order] == [("a.sum", True), ("b", False)]
    assert (query.hints, query.limited, query.table_name, query.database_name) == (
        True,
        True,
        "t",
        "db",
    )


def test_null_stands_for_what_is_left_out() -> None:
    nothing: dict[str, Json] = dict.fromkeys(
        ("scale", "filter", "order", "table_name", "database_name", "having", "evol", "total")
    )
    asked = parse_query(json.dumps({"data": FIELDS, **nothing}).encode(), Limits())

    assert asked == parse_query(json.dumps({"data": FIELDS}).encode(), Limits())


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({}, (5_000,)),
        ({"limit": 10}, (10,)),
        ({"limit": 0}, (0,)),
        ({"limit": None}, (1_000_000,)),
        ({"limit": 1_000_000, "skip": 0}, (1_000_000, 0)),
        ({"skip": 5}, (5_000, 5)),
        ({"skip": None}, (5_000,)),
    ],
)
def test_limit_and_skip_are_values(data: dict[str, Json], values: tuple[int, ...]) -> None:
    asked = parse_query(json.dumps({"data": {**FIELDS, **data}}).encode(), Limits())

    assert asked.values == values
    assert asked.query.limited is ("limit" in data)
    assert (asked.query.skip is not None) is (len(values) > 1)


@pytest.mark.parametrize(
    ("condition", "operator", "values", "nulls"),
    [
        ("x", Operator.EQ, ("x",), ""),
        (1.5, Operator.EQ, (1.5,), ""),
        (False, Operator.EQ, (False,), ""),
        (["x", "y"], Operator.IN, ("x", "y"), ""),
        ([], Operator.IN, (), ""),
        ([None], Operator.IN, (), "and null"),
        ({"in": ["x", None]}, Operator.IN, ("x",), "and null"),
        ({"not_in": ["x", None]}, Operator.NOT_IN, ("x",), "and null"),
        ({"in": "x"}, Operator.IN, ("x",), ""),
        ({"equal": ["x"]}, Operator.EQ, ("x",), ""),
        ({"neq": "x"}, Operator.NOT_EQUAL, ("x",), ""),
        ({"between": ["a", "b"]}, Operator.BETWEEN, ("a", "b"), ""),
        ({"between": " a , b "}, Operator.BETWEEN, ("a", "b"), ""),
        ({"between": [" a", "b "]}, Operator.BETWEEN, (" a", "b "), ""),
        ({"not_between": [1, 2.5]}, Operator.NOT_BETWEEN, (1, 2.5), ""),
        ({"is_null": []}, Operator.IS_NULL, (), ""),
        ({"is_not_null": True}, Operator.IS_NOT_NULL, (), ""),
        ({"GT": 1}, Operator.GT, (1,), ""),
    ],
)
def test_a_condition_is_an_operator_and_its_values(
    condition: Json, operator: Operator, values: tuple[Json, ...], nulls: str
) -> None:
    reader = Reader(Limits())
    predicate, found = reader.read_filter({"a": condition}, ""), tuple(reader.values)

    assert isinstance(predicate, Comparison)
    assert predicate.operator is operator
    assert predicate.with_null is (nulls == "and null")
    assert found == values


def test_a_decoded_query_reads_like_its_text() -> None:
    raw: dict[str, Json] = {"data": FIELDS, "filter": {"a": [1, 2]}}

    assert read_query(raw, Limits()) == parse_query(json.dumps(raw).encode(), Limits())


def test_the_default_limit_is_never_more_than_may_be_asked_for() -> None:
    asked = parse_query(json.dumps({"data": FIELDS}).encode(), SMALL)

    assert asked.values == (10,)


# --- what is refused, where, and what to do about it

Refusal = tuple[Json, str, str, str]

INVALID = "INVALID_QUERY"
REFUSALS: dict[str, Refusal] = {
    "not an object": ([], "INVALID_QUERY", "", "Write"),
    "no data": ({}, "INVALID_QUERY", "/data", "Write"),
    "data that is no object": ({"data": []}, "INVALID_QUERY", "/data", "Write"),
    "empty data": ({"data": {}}, "INVALID_QUERY", "/data/fields", "Write"),
    "no fields": ({"data": {"limit": 1}}, "INVALID_QUERY", "/data/fields", "Write"),
    "empty fields": ({"data": {"fields": {}}}, "INVALID_QUERY", "/data/fields", "Write"),
    "a list of fields": ({"data": {"fields": ["a"]}}, "INVALID_QUERY", "/data/fields", "Write"),
    "no computes": ({"data": {"fields": {"a": []}}}, "INVALID_QUERY", "/data/fields/a", '["sum"]'),
    "a bare compute": (
        {"data": {"fields": {"a": "sum"}}},
        "INVALID_QUERY",
        "/data/fields/a",
        '["sum"]',
    ),
    "an unknown key": (
        {"data": FIELDS, "fliter": {}},
        "UNKNOWN_KEY",
        "/fliter",
        "Did you mean 'filter'?",
    ),
    "an unknown key of data": (
        {"data": {**FIELDS, "sort": 1}},
        "UNKNOWN_KEY",
        "/data/sort",
        "fields, limit, skip, hints",
    ),
    "an unknown key of scale": (
        {"data": FIELDS, "scale": {"field": []}},
        "UNKNOWN_KEY",
        "/scale/field",
        "'fields'",
    ),
    "a key with a slash": ({"data": FIELDS, "a/b~c": 1}, "UNKNOWN_KEY", "/a~1b~0c", "data"),
    "a key of data beside it": (
        {"data": FIELDS, "limit": 3},
        "UNKNOWN_KEY",
        "/limit",
        'beside the fields: {"data": {"fields": …, "limit": …}}',
    ),
    "a condition on groups that computes nothing": (
        {"data": FIELDS, "having": {"a": {"gt": 1}}},
        "UNKNOWN_COMPUTE",
        "/having/a/gt",
        'computed of each group. Write {"distance": {"sum"',
    ),
    "an unknown compute": (
        {"data": {"fields": {"a": ["sum", "sums"]}}},
        "UNKNOWN_COMPUTE",
        "/data/fields/a/1",
        "'sum'",
    ),
    "a percentile of one digit": (
        {"data": {"fields": {"a": ["p5"]}}},
        "UNKNOWN_COMPUTE",
        "/data/fields/a/0",
        "'p",
    ),
    "a percentile too far": (
        {"data": {"fields": {"a": ["p100"]}}},
        "UNKNOWN_COMPUTE",
        "/data/fields/a/0",
        "p",
    ),
    "a compute that is no text": (
        {"data": {"fields": {"a": [1]}}},
        "UNKNOWN_COMPUTE",
        "/data/fields/a/0",
        "sum",
    ),
    "scales without their key": (
        {"data": FIELDS, "scale": ["b"]},
        "INVALID_QUERY",
        "/scale",
        "fields",
    ),
    "one scale without a list": (
        {"data": FIELDS, "scale": {"fields": "b"}},
        "INVALID_QUERY",
        "/scale/fields",
        "[",
    ),
    "a scale that is no name": (
        {"data": FIELDS, "scale": {"fields": ["b", 1]}},
        "INVALID_QUERY",
        "/scale/fields/1",
        "Write",
    ),
    "a composite scale of nothing": (
        {"data": FIELDS, "scale": {"fields": [[]]}},
        "INVALID_QUERY",
        "/scale/fields/0",
        "",
    ),
    "a composite scale too deep": (
        {"data": FIELDS, "scale": {"fields": [["b", ["c"]]]}},
        "INVALID_QUERY",
        "/scale/fields/0/1",
        "Write",
    ),
    "an unknown granularity": (
        {"data": FIELDS, "scale": {"fields": ["b:mont"]}},
        "INVALID_QUERY",
        "/scale/fields/0",
        "'month'",
    ),
    "a filter that is no object": (
        {"data": FIELDS, "filter": []},
        "INVALID_QUERY",
        "/filter",
        "eq",
    ),
    "an unknown operator": (
        {"data": FIELDS, "filter": {"a": {"equals": 1}}},
        "UNKNOWN_OPERATOR",
        "/filter/a/equals",
        "'equal'",
    ),
    "an empty condition": (
        {"data": FIELDS, "filter": {"a": {}}},
        "INVALID_VALUE",
        "/filter/a",
        "eq",
    ),
    "null as a value": (
        {"data": FIELDS, "filter": {"a": None}},
        "INVALID_VALUE",
        "/filter/a",
        "is_null",
    ),
    "null to compare with": (
        {"data": FIELDS, "filter": {"a": {"gt": None}}},
        "INVALID_VALUE",
        "/filter/a/gt",
        "is_null",
    ),
    "two values for one": (
        {"data": FIELDS, "filter": {"a": {"eq": [1, 2]}}},
        "INVALID_VALUE",
        "/filter/a/eq",
        "'in'",
    ),
    "no value for one": (
        {"data": FIELDS, "filter": {"a": {"gt": []}}},
        "INVALID_VALUE",
        "/filter/a/gt",
        "",
    ),
    "an object as a value": (
        {"data": FIELDS, "filter": {"a": {"eq": {"b": 1}}}},
        "INVALID_VALUE",
        "/filter/a/eq",
        "",
    ),
    "a list in a list": (
        {"data": FIELDS, "filter": {"a": [[1]]}},
        "INVALID_VALUE",
        "/filter/a",
        "",
    ),
    "between one": (
        {"data": FIELDS, "filter": {"a": {"between": [1]}}},
        "INVALID_VALUE",
        "/filter/a/between",
        "a,b",
    ),
    "between three": (
        {"data": FIELDS, "filter": {"a": {"between": "1,2,3"}}},
        "INVALID_VALUE",
        "/filter/a/between",
        "a,b",
    ),
    "between null": (
        {"data": FIELDS, "filter": {"a": {"between": [None, 1]}}},
        "INVALID_VALUE",
        "/filter/a/between",
        "is_null",
    ),
    "is_null false": (
        {"data": FIELDS, "filter": {"a": {"is_null": False}}},
        "INVALID_VALUE",
        "/filter/a/is_null",
        "is_not_null",
    ),
    "an or of nothing": (
        {"data": FIELDS, "filter": {"or": []}},
        "INVALID_VALUE",
        "/filter/or",
        "or",
    ),
    "an or of an object": (
        {"data": FIELDS, "filter": {"or": {"a": 1}}},
        "INVALID_VALUE",
        "/filter/or",
        "or",
    ),
    "an and with an empty member": (
        {"data": FIELDS, "filter": {"and": [{"a": 1}, {}]}},
        "INVALID_VALUE",
        "/filter/and/1",
        "Write",
    ),
    "a not of a list": (
        {"data": FIELDS, "filter": {"not": [{"a": 1}]}},
        "INVALID_VALUE",
        "/filter/not",
        "not",
    ),
    "an order that is a list": (
        {"data": FIELDS, "order": ["a"]},
        "INVALID_QUERY",
        "/order",
        "desc",
    ),
    "an unknown direction": (
        {"data": FIELDS, "order": {"a": "down"}},
        "INVALID_QUERY",
        "/order/a",
        "",
    ),
    "a negative limit": ({"data": {**FIELDS, "limit": -1}}, "INVALID_QUERY", "/data/limit", ""),
    "a limit as text": ({"data": {**FIELDS, "limit": "10"}}, "INVALID_QUERY", "/data/limit", ""),
    "a limit of true": ({"data": {**FIELDS, "limit": True}}, "INVALID_QUERY", "/data/limit", ""),
    "a limit beyond the most": (
        {"data": {**FIELDS, "limit": 1_000_001}},
        "LIMIT_EXCEEDED",
        "/data/limit",
        "skip",
    ),
    "a negative skip": ({"data": {**FIELDS, "skip": -1}}, "INVALID_QUERY", "/data/skip", ""),
    "a skip beyond 64 bits": (
        {"data": {**FIELDS, "skip": 2**63}},
        "INVALID_QUERY",
        "/data/skip",
        "",
    ),
    "hints as text": ({"data": {**FIELDS, "hints": "yes"}}, "INVALID_QUERY", "/data/hints", ""),
    "a table that is no name": (
        {"data": FIELDS, "table_name": 1},
        "INVALID_QUERY",
        "/table_name",
        "",
    ),
    "a having that is a list": ({"data": FIELDS, "having": []}, INVALID, "/having", "sum"),
    "a having without a compute": (
        {"data": FIELDS, "having": {"a": 1}},
        INVALID,
        "/having/a",
        "sum",
    ),
    "a having of no known compute": (
        {"data": FIELDS, "having": {"a": {"summ": 1}}},
        "UNKNOWN_COMPUTE",
        "/having/a/summ",
        "sum",
    ),
    "a having of no known operator": (
        {"data": FIELDS, "having": {"a": {"sum": {"above": 1}}}},
        "UNKNOWN_OPERATOR",
        "/having/a/sum/above",
        "gt",
    ),
    "an evol that is a word": ({"data": FIELDS, "evol": "month"}, INVALID, "/evol", "depth"),
    "an evol without a scale": ({"data": FIELDS, "evol": {}}, INVALID, "/evol/scale", "quarter"),
    "an evol by the hour": (
        {"data": FIELDS, "evol": {"scale": "hour"}},
        INVALID,
        "/evol/scale",
        "week",
    ),
    "an evol of another mode": (
        {"data": FIELDS, "evol": {"scale": "week", "mode": "moon"}},
        INVALID,
        "/evol/mode",
        "weekday",
    ),
    "an evol of no depth": (
        {"data": FIELDS, "evol": {"scale": "week", "depth": 0}},
        INVALID,
        "/evol/depth",
        "",
    ),
    "an evol too deep": (
        {"data": FIELDS, "evol": {"scale": "week", "depth": 13}},
        "LIMIT_EXCEEDED",
        "/evol/depth",
        "",
    ),
    "an evol of a number": (
        {"data": FIELDS, "evol": {"scale": "week", "field": 1}},
        INVALID,
        "/evol/field",
        "",
    ),
    "an evol with more": (
        {"data": FIELDS, "evol": {"scale": "week", "deep": 1}},
        "UNKNOWN_KEY",
        "/evol/deep",
        "depth",
    ),
    "a total that is a list": ({"data": FIELDS, "total": []}, INVALID, "/total", "carrier"),
    "a total of a word": ({"data": FIELDS, "total": {"x": "a"}}, INVALID, "/total/x", "all"),
    "a total by what is no scale": (
        {"data": FIELDS, "scale": {"fields": ["carrier"]}, "total": {"x": ["carier"]}},
        INVALID,
        "/total/x/0",
        "carrier",
    ),
    "too many totals": (
        {"data": FIELDS, "total": {str(i): [] for i in range(17)}},
        "LIMIT_EXCEEDED",
        "/total",
        "",
    ),
    "a time zone that is none": (
        {"data": FIELDS, "timezone": "Europe/Pari"},
        INVALID,
        "/timezone",
        "Europe/Paris",
    ),
    "a period that is none": (
        {"data": FIELDS, "filter": {"a": {"during": "last moon"}}},
        "INVALID_VALUE",
        "/filter/a/during",
        "2013-Q2",
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_what_is_wrong_is_said_with_its_place_and_a_way_on(refusal: Refusal) -> None:
    raw, code, pointer, hint = refusal
    found = problems(lambda: parse(raw))

    assert [(problem.code, problem.pointer) for problem in found] == [(code, pointer)]
    assert hint in (found[0].hint or "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_JSON"),
        (b"{", "INVALID_JSON"),
        (b"\xff\xfe", "INVALID_JSON"),
        (b'{"data": NaN}', "INVALID_JSON"),
        (b"{'data': 1}", "INVALID_JSON"),
        (b'{"data": 1} x', "INVALID_JSON"),
        (b"[" * 100_000, "TOO_LARGE"),
    ],
)
def test_what_is_not_json_is_refused(body: bytes, code: str) -> None:
    found = problems(lambda: parse_query(body, Limits()))

    assert [problem.code for problem in found] == [code]


def test_an_empty_body_is_told_what_to_send() -> None:
    assert '"data"' in (problems(lambda: parse_query(b"  ", Limits()))[0].hint or "")


def test_all_problems_are_reported_at_once() -> None:
    found = problems(
        lambda: parse(
            {
                "data": {"fields": {"a": ["summ"], "b": []}, "limit": -1, "hints": 3},
                "scale": {"fields": ["d:mont", 1]},
                "filter": {"a": {"equals": 1}, "or": [{"b": None}, {"c": {"in": [[]]}}]},
                "order": {"a": "up"},
                "extra": 1,
                "total": {"x": ["nothing"]},
            }
        )
    )

    assert sorted(problem.pointer or "" for problem in found) == [
        "/data/fields/a/0",
        "/data/fields/b",
        "/data/hints",
        "/data/limit",
        "/extra",
        "/filter/a/equals",
        "/filter/or/0/b",
        "/filter/or/1/c/in",
        "/order/a",
        "/scale/fields/0",
        "/scale/fields/1",
        "/total/x/0",
    ]


OVER: dict[str, tuple[Mapping[str, Json], str]] = {
    "fields": ({"data": {"fields": {n: ["sum"] for n in "abc"}}}, "/data/fields"),
    "computes": ({"data": {"fields": {"a": ["sum", "avg", "min"]}}}, "/data/fields"),
    "scales": ({"data": FIELDS, "scale": {"fields": ["b", "c", "d"]}}, "/scale/fields"),
    "members of scales": (
        {"data": FIELDS, "scale": {"fields": [["b", "c", "d"]]}},
        "/scale/fields",
    ),
    "orders": ({"data": FIELDS, "order": dict.fromkeys("abc", "asc")}, "/order"),
    "values": ({"data": FIELDS, "filter": {"a": [1, 2, 3, 4]}}, "/filter/a"),
    "conditions": (
        {"data": FIELDS, "filter": {"a": {"gt": 1, "lt": 2}, "b": 1, "c": 1}},
        "/filter/c",
    ),
    "rows": ({"data": {**FIELDS, "limit": 11}}, "/data/limit"),
    "depth": (
        {"data": FIELDS, "filter": {"not": {"not": {"not": {"a": 1}}}}},
        "/filter/not/not/not",
    ),
}


@pytest.mark.parametrize("case", OVER.values(), ids=OVER)
def test_a_query_may_ask_for_so_much(case: tuple[Mapping[str, Json], str]) -> None:
    raw, pointer = case
    found = problems(lambda: parse(raw, SMALL))

    assert [(problem.code, problem.pointer) for problem in found] == [("LIMIT_EXCEEDED", pointer)]


def test_a_query_at_its_limits_is_read() -> None:
    parse(
        {
            "data": {"fields": {"a": ["sum"], "b": ["avg"]}, "limit": 10},
            "scale": {"fields": [["b", "c"]]},
            "filter": {"not": {"not": {"a": [1, 2, 3]}}, "b": {"gt": 1, "lt": 2}},
            "order": {"b": "asc", "c": "asc"},
        },
        SMALL,
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"data": {"fields": {"a" * 100_000: ["summ"] * 50}}},
        {"data": FIELDS, "filter": {"a" * 100_000: {f"eq{i}": 1 for i in range(50)}}},
    ],
    ids=["fields", "filter"],
)
def test_a_name_without_end_is_not_repeated_without_end(raw: Json) -> None:
    (problem,) = problems(lambda: parse(raw))

    assert "4096" in problem.detail


@pytest.mark.parametrize(
    "raw",
    [
        {"data": FIELDS, **{f"key{i}": 1 for i in range(5_000)}},
        {"data": {"fields": {"a": [f"sum{i}" for i in range(5_000)]}}},
        {"data": FIELDS, "filter": {"a": {f"eq{i}": 1 for i in range(5_000)}}},
        {"data": FIELDS, "filter": {"or": [1] * 5_000}},
    ],
    ids=["keys", "computes", "operators", "members"],
)
def test_thousands_of_mistakes_are_not_all_explained(raw: Json) -> None:
    assert len(problems(lambda: parse(raw))) == 100
