from __future__ import annotations

import json

import pytest

from node.running import Node, Query, objects
from penstock.query.types import Json

FEBRUARY = b"EWR,Newark Liberty Intl,9107,"


@pytest.mark.parametrize("path", ["/queries/delays/by-origin", "/qb/query/delays/by-origin"])
def test_a_parameter_comes_in_the_address_or_in_the_body(flights: Node, path: str) -> None:
    got = flights.get(f"{path}.csv?month=2")
    posted = flights.post(f"{path}.csv", {"parameters": {"month": 2}})
    asked = flights.request(
        "QUERY", f"{path}.csv", {"parameters": {"month": 2}}, flights.headers("analyst")
    )

    assert got.status == 200
    assert got.body == posted.body == asked.body
    assert FEBRUARY in got.body
    assert FEBRUARY not in flights.get(f"{path}.csv").body


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        ("", "application/json"),
        (".json", "application/json"),
        (".ndjson", "application/x-ndjson"),
        (".csv", "text/csv; charset=utf-8"),
        (".arrow", "application/vnd.apache.arrow.stream"),
        (".parquet", "application/vnd.apache.parquet"),
    ],
)
def test_a_saved_query_has_every_format(flights: Node, suffix: str, media_type: str) -> None:
    reply = flights.get(f"/queries/fleet/makers{suffix}")

    assert (reply.status, reply.headers["content-type"]) == (200, media_type)


def test_shape_and_numbers_are_options_and_no_parameters(flights: Node) -> None:
    rows = flights.get("/queries/delays/by-origin?month=2&shape=rows&numbers=exact").rows()

    assert [row["origin"] for row in rows] == ["EWR", "JFK", "LGA"]


def test_a_list_is_a_repeated_name_or_a_list_in_json(flights: Node) -> None:
    got = flights.get("/queries/traffic/routes.csv?origins=JFK&origins=LGA")
    posted = flights.post(
        "/queries/traffic/routes.csv", {"parameters": {"origins": ["JFK", "LGA"]}}
    )

    assert got.body == posted.body
    assert b"EWR" not in got.body


def test_dynamic_parameters_filter_scale_and_add_fields(flights: Node) -> None:
    changes: list[Json] = [
        {"type": "filter", "reference": "carrier", "value": ["UA", "DL"]},
        {"type": "scale", "reference": "engine", "value": "engine"},
        {"type": "data", "reference": "distance", "value": ["sum"]},
    ]
    reply = flights.post("/queries/fleet/makers?shape=rows", {"dynamic_parameters": changes})

    assert reply.status == 200, reply.body
    row = reply.rows()[0]
    assert {"manufacturer", "engine", "distance_sum"} <= {*row}
    assert row["flight_count"] != 82912


def test_a_range_takes_a_lowest_and_a_highest_value(flights: Node) -> None:
    days = {"type": "filter", "reference": "range_flight_date", "value": "2013-02-01,2013-02-28"}
    reply = flights.post("/queries/delays/by-origin.csv", {"dynamic_parameters": [days]})

    assert FEBRUARY in reply.body
    again = flights.get("/queries/delays/by-origin.csv?range_flight_date=2013-02-01,2013-02-28")
    assert again.body == reply.body


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/queries/delays/by-origin?month=13", (400, "INVALID_PARAMETER")),
        ("/queries/delays/by-origin?month=two", (400, "INVALID_PARAMETER")),
        ("/queries/delays/by-origin?mnth=2", (400, "UNKNOWN_PARAMETER")),
        ("/queries/traffic/monthly", (400, "INVALID_PARAMETER")),
        ("/queries/traffic/routes?origins=BOS", (400, "INVALID_PARAMETER")),
        ("/queries/delays/by-orign", (404, "NOT_FOUND")),
        ("/queries/delays/by-origin.pdf", (406, "NOT_ACCEPTABLE")),
        ("/queries/../penstock", (404, "NOT_FOUND")),
        ("/queries/%00", (404, "NOT_FOUND")),
    ],
)
def test_what_is_wrong_with_a_call_is_said(flights: Node, path: str, told: tuple[int, str]) -> None:
    assert flights.get(path).told == told


def test_several_wrong_arguments_are_all_told_with_their_places(flights: Node) -> None:
    wrong: Query = {
        "parameters": {"month": 13, "moth": 1},
        "dynamic_parameters": [{"type": "filter", "reference": "tailnum", "value": 1}],
    }
    problem = flights.post("/queries/delays/by-origin", wrong).object()

    places = [error["pointer"] for error in objects(problem["errors"])]
    assert sorted(map(str, places)) == [
        "/dynamic_parameters/0",
        "/parameters/month",
        "/parameters/moth",
    ]


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"{", b"\xff"])
def test_arguments_are_a_json_object(flights: Node, body: bytes) -> None:
    status, code = flights.post("/queries/delays/by-origin", body).told

    assert status == 400
    assert code in {"INVALID_QUERY", "INVALID_JSON"}


def test_the_list_tells_of_parameters_and_chart(flights: Node) -> None:
    found = {q["name"]: q for q in objects(flights.get("/queries").object()["queries"])}

    assert sorted(map(str, found)) == [
        "delays/by-origin",
        "delays/weather",
        "delays/worst-routes",
        "fleet/makers",
        "traffic/busiest-days",
        "traffic/monthly",
        "traffic/routes",
    ]
    routes = found["traffic/routes"]
    assert routes["chart"] == {"kind": "heatmap", "x": "dest", "y": "origin"}
    assert objects(routes["parameters"])[0]["allowed"] == ["EWR", "JFK", "LGA"]


def test_a_row_filter_holds_in_a_saved_query_whatever_the_arguments(flights: Node) -> None:
    for path in ("?shape=rows", "?shape=rows&carrier=UA&carrier=B6"):
        rows = flights.get(f"/queries/delays/by-origin{path}", "jfk").rows()
        assert [row["origin"] for row in rows] == ["JFK"]


def test_a_query_that_names_something_hidden_does_not_exist(lab: Node) -> None:
    hidden = lab.get("/queries/secrets?below=3", "some")
    unknown = lab.get("/queries/secretx?below=3", "some")

    assert lab.get("/queries/secrets?below=3").status == 200
    assert hidden.told == (404, "NOT_FOUND")
    assert hidden.body.replace(b"secrets", b"") == unknown.body.replace(b"secretx", b"")


def test_a_change_to_something_hidden_is_not_offered_and_not_taken(lab: Node) -> None:
    (one,) = objects(lab.get("/queries", "some").object()["queries"])
    change: Query = {"type": "filter", "reference": "secret", "value": [7]}
    body = json.dumps({"dynamic_parameters": [change]}).encode()

    assert [d["reference"] for d in objects(one["dynamic_parameters"])] == ["part"]
    assert lab.post("/queries/one", body).status == 200
    assert lab.post("/queries/one", body, "some").told == (400, "UNKNOWN_PARAMETER")
