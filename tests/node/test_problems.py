from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.running import ROOT, Node, Query, Reply, objects
from penstock.query.types import Json
from support.pointers import resolves

DATA: Query = {"fields": {"distance": ["sum"]}}
SUM: Query = {"data": DATA}

# What would tell of our insides: traces, SQL, paths of this machine, the database's own words.
INSIDES = (
    *(b"Traceback", b'.py"', b"SELECT", b"duckdb", b"DuckDB", b"sqlglot", b".parquet", b"Binder"),
    *(b"<class", b"object at 0x", str(ROOT).encode()),
)


def check(reply: Reply) -> None:
    """A problem is one, and tells nothing of our insides."""
    assert reply.headers["content-type"] == "application/problem+json"
    assert not [word for word in INSIDES if word in reply.body], reply.body
    problem = reply.object()
    assert {"type", "title", "status", "code", "detail"} <= {*problem}
    assert problem["success"] is False
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["traceparent"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", (400, "INVALID_JSON")),
        (b"{", (400, "INVALID_JSON")),
        (b"\xff\xfe\x00", (400, "INVALID_JSON")),
        (b'{"data": NaN}', (400, "INVALID_JSON")),
        (b"[]", (400, "INVALID_QUERY")),
        (b"null", (400, "INVALID_QUERY")),
        (b'{"data": {"fields": {}}}', (400, "INVALID_QUERY")),
        (b"[" * 100_000, (413, "TOO_LARGE")),
        (b'{"a":' * 100_000, (413, "TOO_LARGE")),
        (b'{"data":{"fields":{"distance":["sum"]}},"x":' + b"[" * 900 + b"]" * 900 + b"}",
         (400, "UNKNOWN_KEY")),
        (b" " * (1 << 20) + b"{}", (413, "TOO_LARGE")),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else str(value[1]),
)  # fmt: skip
def test_a_body_that_is_no_query_is_refused(
    flights: Node, body: bytes, told: tuple[int, str]
) -> None:
    reply = flights.post("/query", body)

    check(reply)
    assert reply.told == told


def ask(**fields: str) -> Query:
    return {"data": {"fields": {name: [compute] for name, compute in fields.items()}}}


def nested(depth: int) -> Json:
    found: Json = {"month": 1}
    for _ in range(depth):
        found = {"not": found}
    return found


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        (ask(distnce="sum"), "NO_TABLE_FOUND", "/data/fields/distnce"),
        (ask(distance="total"), "UNKNOWN_COMPUTE", "/data/fields/distance/0"),
        (ask(year="max"), "AMBIGUOUS_NAME", "/data/fields/year"),
        (ask(late_share="sum"), "COMPUTE_NOT_ALLOWED", "/data/fields/late_share"),
        (ask(carrier="sum"), "COMPUTE_NOT_ALLOWED", "/data/fields/carrier"),
        ({**SUM, "table_name": "flihts"}, "NO_TABLE", "/table_name"),
        ({**SUM, "database_name": "dmo"}, "NO_TABLE", "/database_name"),
        ({**SUM, "filter": {"month": {"equals": 1}}}, "UNKNOWN_OPERATOR", "/filter/month/equals"),
        ({**SUM, "filter": {"month": "May"}}, "INVALID_VALUE", "/filter/month"),
        ({**SUM, "filter": {"dest": {"gt": [1, 2]}}}, "INVALID_VALUE", "/filter/dest/gt"),
        ({**SUM, "filter": nested(30)}, "LIMIT_EXCEEDED", "/filter" + "/not" * 17),
        ({**SUM, "filter": {"month": [1] * 10_001}}, "LIMIT_EXCEEDED", "/filter/month"),
        ({"data": {**DATA, "limit": 10**9}}, "LIMIT_EXCEEDED", "/data/limit"),
        ({**SUM, "fliter": {}}, "UNKNOWN_KEY", "/fliter"),
        ({**SUM, "scale": {"fields": ["hour:mont"]}}, "INVALID_QUERY", "/scale/fields/0"),
        ({**SUM, "order": {"distance": "up"}}, "INVALID_QUERY", "/order/distance"),
        ({**SUM, "evol": {"scale": "month"}}, "INVALID_QUERY", "/evol"),
        ({**SUM, "total": {"all": ["origin"]}}, "INVALID_QUERY", "/total/all/0"),
        ({**SUM, "having": {"distance": 1}}, "INVALID_QUERY", "/having/distance"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wrong_query_says_what_where_and_how_to_go_on(
    flights: Node, query: Query, code: str, pointer: str
) -> None:
    reply = flights.post("/query", query)

    check(reply)
    assert reply.told == (400, code)
    problem = reply.object()
    assert problem["pointer"] == pointer
    assert resolves(pointer, dict(query))


def test_every_problem_is_told_at_once_and_the_first_one_leads(flights: Node) -> None:
    wrong: Query = {
        "data": {"fields": {"distance": ["smu"]}, "limit": -1},
        "filter": {"month": {"gt": [1, 2]}},
        "colour": "red",
    }
    problem = flights.post("/query", wrong).object()

    errors = objects(problem["errors"])
    assert {str(error["pointer"]) for error in errors} == {
        "/data/fields/distance/0",
        "/data/limit",
        "/filter/month/gt",
        "/colour",
    }
    assert {key: problem[key] for key in errors[0]} == errors[0]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/query", "POST, QUERY"),
        ("HEAD", "/query", "POST, QUERY"),
        ("DELETE", "/query.csv", "POST, QUERY"),
        ("GET", "/qb/query", "POST, QUERY"),
        ("PUT", "/queries/delays/by-origin", "GET, HEAD, POST, QUERY"),
        ("POST", "/dataset", "GET, HEAD"),
        ("POST", "/qb/dataset", "GET, HEAD"),
        ("PATCH", "/me", "GET, HEAD"),
        ("GET", "/refresh", "POST"),
        ("POST", "/livez", "GET, HEAD"),
        ("OPTIONS", "/metrics", "GET, HEAD"),
        ("TRACE", "/docs", "GET, HEAD"),
    ],
)
def test_a_method_that_does_not_apply_is_405_with_those_that_do(
    flights: Node, method: str, path: str, allowed: str
) -> None:
    reply = flights.request(method, path, headers=flights.headers("analyst"))

    assert (reply.status, reply.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/query.pdf", "/queryx", "/qb", "/QUERY", "/dataset/x", "/%ff%00"]
)
def test_where_there_is_nothing_is_404_and_is_noticed_too(flights: Node, path: str) -> None:
    reply = flights.post(path, b"")

    check(reply)
    assert reply.told == (404, "NOT_FOUND")


def test_an_unknown_path_is_counted_and_logged(flights: Node) -> None:
    sample = 'penstock_requests_total{cache="",route="elsewhere",status="404"}'
    before = flights.metric(sample)
    flights.get("/nowhere-at-all")

    assert flights.metric(sample) == before + 1


NAMES = st.sampled_from(
    ["data", "fields", "scale", "filter", "order", "or", "and", "not", "in", "between", "distance",
     "origin", "flight_date", "flight_date:month", "late_share", "planes.year", "sum", "limit",
     "table_name", "hints", "like", "axis"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | NAMES
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.fixed_dictionaries({"data": ANYTHING}, optional={
    "scale": ANYTHING, "filter": ANYTHING, "order": ANYTHING, "table_name": ANYTHING,
}))  # fmt: skip
def test_whatever_is_sent_is_answered_or_told_what_is_wrong(
    flights: Node, body: Mapping[str, Json]
) -> None:
    sent = json.dumps(body).encode()
    reply = flights.post("/query", sent)

    if reply.status != 200:
        assert reply.status in {400, 413}, (reply.body, sent)
        check(reply)


MEASURES = ("distance", "origin", "flight_date", "is_late", "speed_mph", "late_share", "air_time")
WAYS = ("sum", "min", "max", "avg", "count", "count_distinct", "median", "p90", "stddev", "select")
GROUPS = ("carrier", "flight_date:month", "flight_date:weekday", "hour", "is_late", "plane.size")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from(MEASURES),
        st.lists(st.sampled_from((*WAYS, "select_distinct")), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    scales=st.lists(st.sampled_from((*GROUPS, "airline.name", "late_share")), max_size=2),
    where=st.dictionaries(
        st.sampled_from(MEASURES), SCALARS | st.lists(SCALARS, max_size=3), max_size=2
    ),
)
def test_a_question_made_of_known_words_never_breaks_the_node(
    flights: Node, fields: Mapping[str, Json], scales: list[Json], where: Mapping[str, Json]
) -> None:
    query = {"data": {"fields": fields, "limit": 3}, "scale": {"fields": scales}, "filter": where}
    reply = flights.post("/query", json.dumps(query).encode())

    assert reply.status in {200, 400}, (reply.body, query)
