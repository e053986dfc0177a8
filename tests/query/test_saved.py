from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import PenstockError
from penstock.model.types import DataType
from penstock.query.dynamic import Change, DynamicParameter
from penstock.query.parameters import Parameter
from penstock.query.saved import SavedQuery, arguments_from_pairs, resolve
from penstock.query.types import Json


def saved(query: dict[str, Json], *declared: Parameter | DynamicParameter) -> SavedQuery:
    return SavedQuery(
        name="delays/by-origin",
        query=query,
        parameters={p.name: p for p in declared if isinstance(p, Parameter)},
        dynamic_parameters=tuple(d for d in declared if isinstance(d, DynamicParameter)),
    )


def dynamic(type_: Change, reference: str, value: Json = None) -> DynamicParameter:
    return DynamicParameter(type=type_, reference=reference, transform=type_.value, value=value)


def give(query: SavedQuery, **parameters: Json) -> dict[str, Json]:
    return resolve(query, {"parameters": parameters})


def problems(query: SavedQuery, arguments: dict[str, Json]) -> list[tuple[str, str | None]]:
    with pytest.raises(PenstockError) as caught:
        resolve(query, arguments)
    return [(problem.code, problem.pointer) for problem in caught.value.parts]


MONTH = Parameter(name="month", type=DataType.INTEGER, default=1, minimum=1, maximum=12)
BY_MONTH = saved({"filter": {"month": "$param.month"}}, MONTH)


def test_a_value_stands_where_its_parameter_stood() -> None:
    assert give(BY_MONTH, month=3) == {"filter": {"month": 3}}


def test_a_default_is_used_where_nothing_is_given() -> None:
    assert give(BY_MONTH) == {"filter": {"month": 1}}
    assert resolve(BY_MONTH, {}) == {"filter": {"month": 1}}
    assert give(BY_MONTH, month=None) == {"filter": {"month": 1}}


def test_text_of_a_url_is_read_as_the_type_of_its_parameter() -> None:
    assert resolve(BY_MONTH, arguments_from_pairs(BY_MONTH, [("month", "3")])) == give(
        BY_MONTH, month=3
    )


@pytest.mark.parametrize(
    ("type_", "given_", "read"),
    [
        (DataType.INTEGER, "3", 3),
        (DataType.INTEGER, 3.0, 3),
        (DataType.FLOAT, "1.5", 1.5),
        (DataType.DECIMAL, "1.50", "1.50"),
        (DataType.BOOLEAN, "true", True),
        (DataType.BOOLEAN, "0", False),
        (DataType.STRING, "3", "3"),
        (DataType.DATE, "2013-01-31", "2013-01-31"),
        (DataType.DATE, 1357603200, 1357603200),
        (DataType.TIMESTAMP, "2013-01-31T10:00:00", "2013-01-31T10:00:00"),
        (DataType.TIMESTAMP_TZ, "2013-01-31T10:00:00Z", "2013-01-31T10:00:00Z"),
        (DataType.TIME, "10:00", "10:00"),
    ],
)
def test_every_type_has_its_values(type_: DataType, given_: Json, read: Json) -> None:
    query = saved({"filter": {"a": "$param.p"}}, Parameter(name="p", type=type_))

    assert give(query, p=given_) == {"filter": {"a": read}}


@pytest.mark.parametrize(
    ("type_", "given_"),
    [
        (DataType.INTEGER, "three"),
        (DataType.INTEGER, 3.5),
        (DataType.INTEGER, True),
        (DataType.INTEGER, "1_000"),
        (DataType.INTEGER, " 3"),
        (DataType.INTEGER, 1 << 63),
        (DataType.INTEGER, "9" * 5000),
        (DataType.INTEGER, "1e999999"),
        (DataType.FLOAT, "nan"),
        (DataType.FLOAT, "inf"),
        (DataType.DECIMAL, "NaN"),
        (DataType.BOOLEAN, "maybe"),
        (DataType.STRING, 3),
        (DataType.DATE, "31/01/2013"),
        (DataType.DATE, 10**30),
        (DataType.TIME, "noon"),
        (DataType.STRING, ["a"]),
        (DataType.STRING, {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused(type_: DataType, given_: Json) -> None:
    query = saved({"filter": {"a": "$param.p"}}, Parameter(name="p", type=type_))

    assert problems(query, {"parameters": {"p": given_}}) == [
        ("INVALID_PARAMETER", "/parameters/p")
    ]


def test_everything_wrong_with_the_arguments_is_said_at_once() -> None:
    query = saved(
        {"filter": {"month": "$param.month", "carrier": "$param.carrier"}},
        MONTH,
        Parameter(name="carrier", type=DataType.STRING, required=True),
        Parameter(name="origin", type=DataType.STRING, allowed=("JFK", "LGA")),
        dynamic(Change.FILTER, "dest"),
    )
    arguments: dict[str, Json] = {
        "parameters": {"month": 13, "origin": "EWR", "mnth": 1},
        "dynamic_parameters": [
            {"type": "filter", "reference": "nowhere", "value": 1},
            {"type": "filter", "reference": "dest"},
            {"type": "filter", "reference": "dest", "value": 1, "valeu": 2},
            3,
        ],
        "params": {},
    }

    assert problems(query, arguments) == [
        ("UNKNOWN_KEY", "/params"),
        ("UNKNOWN_PARAMETER", "/parameters/mnth"),
        ("INVALID_PARAMETER", "/parameters/month"),
        ("INVALID_PARAMETER", "/parameters/carrier"),
        ("INVALID_PARAMETER", "/parameters/origin"),
        ("UNKNOWN_PARAMETER", "/dynamic_parameters/0"),
        ("INVALID_PARAMETER", "/dynamic_parameters/1"),
        ("UNKNOWN_KEY", "/dynamic_parameters/2/valeu"),
        ("INVALID_PARAMETER", "/dynamic_parameters/3"),
    ]


def test_a_hint_says_what_a_parameter_takes() -> None:
    with pytest.raises(PenstockError) as caught:
        give(BY_MONTH, month=13)

    assert caught.value.detail == "'month' must be 12 or less, not 13."
    assert caught.value.hint == "It is of type integer, 1 or more, 12 or less."


@pytest.mark.parametrize("day", ["2012-12-31", "2014-01-01", "1356912000"])
def test_dates_have_bounds(day: str) -> None:
    since = Parameter(name="since", type=DataType.DATE, minimum="2013-01-01", maximum="2013-12-31")
    query = saved({"filter": {"day": {"gte": "$param.since"}}}, since)

    assert give(query, since="2013-06-01") == {"filter": {"day": {"gte": "2013-06-01"}}}
    assert problems(query, {"parameters": {"since": day}})


ORIGINS = Parameter(name="origins", type=DataType.STRING, many=True, allowed=("EWR", "JFK", "LGA"))


def test_a_list_fills_a_whole_operator_or_a_part_of_one() -> None:
    whole = saved({"filter": {"origin": {"in": "$param.origins"}}}, ORIGINS)
    part = saved({"filter": {"origin": ["BOS", "$param.origins"]}}, ORIGINS)

    assert give(whole, origins=["JFK", "LGA"]) == {"filter": {"origin": {"in": ["JFK", "LGA"]}}}
    assert give(part, origins=["JFK", "LGA"]) == {"filter": {"origin": ["BOS", "JFK", "LGA"]}}
    assert give(whole, origins="JFK") == {"filter": {"origin": {"in": ["JFK"]}}}
    assert problems(whole, {"parameters": {"origins": ["JFK", "BOS"]}})


def test_what_has_no_value_is_left_out_with_all_that_depends_on_it() -> None:
    query = saved(
        {
            "data": {"limit": "$param.top", "fields": {"a": ["sum"]}},
            "filter": {
                "origin": {"in": "$param.origins"},
                "month": {"gte": "$param.from", "lte": 12},
                "or": [{"a": "$param.from"}, {"not": {"b": ["$param.from"]}}],
            },
        },
        ORIGINS,
        Parameter(name="top", type=DataType.INTEGER),
        Parameter(name="from", type=DataType.INTEGER),
    )

    assert give(query) == {
        "data": {"fields": {"a": ["sum"]}},
        "filter": {"month": {"lte": 12}},
    }


def test_an_empty_list_that_was_given_filters_everything_away() -> None:
    whole = saved({"filter": {"origin": {"in": "$param.origins"}}}, ORIGINS)
    part = saved({"filter": {"origin": ["$param.origins"]}}, ORIGINS)

    assert give(whole, origins=[]) == {"filter": {"origin": {"in": []}}}
    assert give(part, origins=[]) == {"filter": {"origin": []}}


TEXT = Parameter(name="text", type=DataType.STRING)


@given(st.text())
def test_no_text_whatever_becomes_anything_but_that_value(text: str) -> None:
    query = saved({"filter": {"a": {"eq": "$param.text"}, "b": 1}}, TEXT)

    assert give(query, text=text) == {"filter": {"a": {"eq": text}, "b": 1}}


def test_a_value_that_looks_like_a_parameter_is_a_value() -> None:
    query = saved(
        {"filter": {"a": "$param.text", "b": "$param.other"}},
        TEXT,
        Parameter(name="other", type=DataType.STRING, default="secret"),
    )

    assert give(query, text="$param.other") == {"filter": {"a": "$param.other", "b": "secret"}}


def test_a_saved_query_is_not_changed_by_being_asked() -> None:
    original: dict[str, Json] = {"filter": {"a": 1}, "scale": {"fields": ["a"]}}
    query = saved(original, dynamic(Change.FILTER, "b"), dynamic(Change.SCALE, "c", value=True))
    arguments: dict[str, Json] = {
        "dynamic_parameters": [{"type": "filter", "reference": "b", "value": 2}]
    }

    assert resolve(query, arguments) == resolve(query, arguments)
    assert original == {"filter": {"a": 1}, "scale": {"fields": ["a"]}}


@pytest.mark.parametrize(
    ("declared", "value", "changed"),
    [
        (dynamic(Change.FILTER, "b"), ["x"], {"filter": {"and": [{"a": 1}, {"b": {"in": ["x"]}}]}}),
        (dynamic(Change.FILTER, "a"), 2, {"filter": {"and": [{"a": 1}, {"a": {"in": 2}}]}}),
        (
            dynamic(Change.FILTER, "range_b"),
            [1, 2],
            {"filter": {"and": [{"a": 1}, {"b": {"between": [1, 2]}}]}},
        ),
        (dynamic(Change.SCALE, "b"), True, {"scale": {"fields": ["a", "b"]}}),
        (dynamic(Change.SCALE, "b"), "month", {"scale": {"fields": ["a", "b:month"]}}),
        (dynamic(Change.SCALE, "b"), ["c", "a"], {"scale": {"fields": ["a", "c"]}}),
        (dynamic(Change.SCALE, "b"), False, {"scale": {"fields": ["a"]}}),
        (dynamic(Change.DATA, "b"), True, {"data": {"fields": {"a": ["sum"], "b": ["select"]}}}),
        (dynamic(Change.DATA, "b"), "max", {"data": {"fields": {"a": ["sum"], "b": ["max"]}}}),
        (dynamic(Change.DATA, "a"), ["max"], {"data": {"fields": {"a": ["sum", "max"]}}}),
    ],
)
def test_a_dynamic_parameter_adds_to_the_query(
    declared: DynamicParameter, value: Json, changed: dict[str, Json]
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"a": ["sum"]}},
        "scale": {"fields": ["a"]},
        "filter": {"a": 1},
    }
    entry: Json = {"type": declared.type.value, "reference": declared.reference, "value": value}

    assert resolve(saved(query, declared), {"dynamic_parameters": [entry]}) == query | changed


def test_a_dynamic_parameter_starts_what_the_query_does_not_have() -> None:
    query = saved(
        {"data": {"fields": {"a": ["sum"]}}},
        dynamic(Change.FILTER, "b"),
        dynamic(Change.SCALE, "c"),
    )
    asked: list[Json] = [
        {"type": "filter", "reference": "b", "value": "x"},
        {"type": "scale", "reference": "c", "transform": "scale"},
    ]

    assert resolve(query, {"dynamic_parameters": asked}) == {
        "data": {"fields": {"a": ["sum"]}},
        "filter": {"b": {"in": "x"}},
        "scale": {"fields": ["c"]},
    }


def test_a_dynamic_parameter_may_have_a_value_of_its_own() -> None:
    query = saved({}, dynamic(Change.FILTER, "b", value=["x"]))
    other: list[Json] = [{"type": "filter", "reference": "b", "value": ["y"]}]
    nothing: list[Json] = [{"type": "filter", "reference": "b", "value": None}]

    assert resolve(query, {}) == {"filter": {"b": {"in": ["x"]}}}
    assert resolve(query, {"dynamic_parameters": other}) == {"filter": {"b": {"in": ["y"]}}}
    assert resolve(query, {"dynamic_parameters": nothing}) == {}


def test_many_dynamic_filters_do_not_nest() -> None:
    query = saved(
        {"filter": {"a": 1}}, *(dynamic(Change.FILTER, f"b{i}", value=i) for i in range(30))
    )
    filter_ = resolve(query, {})["filter"]

    assert isinstance(filter_, dict)
    assert list(filter_) == ["and"]
    assert len(filter_["and"]) == 31


def test_a_url_names_parameters_and_references() -> None:
    query = saved({}, MONTH, dynamic(Change.FILTER, "origin"), dynamic(Change.FILTER, "range_day"))
    pairs = [("month", "3"), ("origin", "JFK"), ("range_day", "1"), ("range_day", "9"), ("x", "y")]

    assert arguments_from_pairs(query, pairs) == {
        "parameters": {"month": "3", "x": "y"},
        "dynamic_parameters": [
            {"type": "filter", "reference": "origin", "value": "JFK"},
            {"type": "filter", "reference": "range_day", "value": ["1", "9"]},
        ],
    }
