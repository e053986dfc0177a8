"""`/sql` over HTTP: formats, shapes, roles, the cache, and what is refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from node.running import Node
from penstock.query.types import Json

BY_ORIGIN = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin ORDER BY origin"
ROWS = [["EWR", 120835], ["JFK", 111279], ["LGA", 104662]]


def ask(sql: str, **more: Json) -> dict[str, Json]:
    return {"sql": sql, **more}


def test_an_answer_is_arrays_of_values(flights: Node) -> None:
    reply = flights.post("/sql", ask(BY_ORIGIN)).object()

    assert reply["rows"] == ROWS
    assert reply["table_name"] == "flights"


def test_shapes_are_those_of_a_table(flights: Node) -> None:
    rows = flights.post("/sql?shape=rows", ask(BY_ORIGIN)).object()["rows"]
    columns = flights.post("/sql?shape=columns", ask(BY_ORIGIN)).object()["values"]

    assert rows == [{"origin": origin, "n": n} for origin, n in ROWS]
    assert columns == {"origin": ["EWR", "JFK", "LGA"], "n": [120835, 111279, 104662]}
    assert flights.post("/sql?shape=nested", ask(BY_ORIGIN)).status == 400


@pytest.mark.parametrize("suffix", [".json", ".ndjson", ".csv", ".xlsx", ".arrow", ".parquet"])
def test_there_is_every_format(flights: Node, suffix: str) -> None:
    assert flights.post(f"/sql{suffix}", ask(BY_ORIGIN)).status == 200


def test_arrow_has_the_names_and_types_of_the_answer(flights: Node) -> None:
    sql = 'SELECT origin AS "a b", SUM(distance) AS d FROM flights GROUP BY 1 ORDER BY 1'
    table = pa.ipc.open_stream(flights.post("/sql.arrow", ask(sql)).body).read_all()

    assert table.column_names == ["a b", "d"]
    assert table.schema.field("d").type == pa.int64()
    assert table["d"].to_pylist() == [127691515, 140906931, 81619161]


def test_a_role_narrows_every_reading(flights: Node) -> None:
    nothing = "SELECT origin, 0 FROM flights WHERE FALSE"
    sql = f"WITH f AS ({BY_ORIGIN}) SELECT * FROM f UNION ALL {nothing}"

    assert flights.post("/sql", ask(sql), who="jfk").object()["rows"] == [["JFK", 111279]]


def test_what_a_role_hides_is_not_there(flights: Node) -> None:
    hidden = flights.post("/sql", ask("SELECT tailnum FROM flights"), who="jfk")
    never = flights.post("/sql", ask("SELECT nowhere FROM flights"), who="jfk")

    assert hidden.status == never.status == 400
    assert hidden.object()["code"] == never.object()["code"] == "UNKNOWN_COLUMN"
    assert (
        flights.post("/sql", ask("SELECT * FROM planes"), who="jfk").object()["code"] == "NO_TABLE"
    )


def test_a_stranger_is_told_nothing(flights: Node) -> None:
    assert flights.post("/sql", ask(BY_ORIGIN), who=None).status == 401


def test_answers_of_roles_and_of_parameters_are_kept_apart(flights: Node) -> None:
    sql = "SELECT COUNT(*) FROM flights WHERE month = :month"

    def count(month: int, who: str) -> Json:
        return flights.post("/sql", ask(sql, parameters={"month": month}), who=who).object()["rows"]

    first = [count(month, who) for month in (1, 2) for who in ("analyst", "jfk")]

    assert first == [count(month, who) for month in (1, 2) for who in ("analyst", "jfk")]
    assert len({json.dumps(each) for each in first}) == 4


def test_the_same_question_comes_from_the_cache(flights: Node) -> None:
    question = ask("SELECT COUNT(*) AS kept FROM flights")
    flights.post("/sql", question)

    assert flights.post("/sql", question).object()["cache"] is True


def test_limits_are_those_of_the_project(flights: Node) -> None:
    listing = "SELECT flight FROM flights"
    asked = flights.post("/sql", ask(listing, limit=3)).object()
    own = flights.post("/sql", ask(f"{listing} LIMIT 2", limit=3)).object()
    default = flights.post("/sql", ask(listing)).object()

    assert [len(each["rows"]) for each in (asked, own, default)] == [3, 2, 5000]  # type: ignore[arg-type] # rows are a list
    assert "default limit" in str(default["warning"])
    assert (
        flights.post("/sql", ask(f"{listing} LIMIT 99999999")).object()["code"] == "LIMIT_EXCEEDED"
    )


def test_every_problem_is_told_at_once(flights: Node) -> None:
    reply = flights.post("/sql", ask("SELECT nope, version() FROM flights")).object()

    assert [each["code"] for each in reply["errors"]] == ["UNKNOWN_COLUMN", "SQL_NOT_ALLOWED"]  # type: ignore[union-attr,index,call-overload] # a list of objects


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sql": ""},
        {"sql": 1},
        {"sql": "SELECT 1", "more": 1},
        {"sql": "SELECT 1", "limit": -1},
        [],
    ],
)
def test_a_body_of_another_form_is_refused(flights: Node, body: Json) -> None:
    assert flights.post("/sql", json.dumps(body).encode()).status == 400


def test_whoever_writes_a_cast_is_told_that_a_value_has_none(flights: Node) -> None:
    reply = flights.post("/sql", ask("SELECT SUM(CAST(carrier AS INTEGER)) AS n FROM flights"))

    assert reply.told == (400, "DATA_EXCEPTION")
    assert reply.object()["pointer"] == "/sql"
    assert b"9E" not in reply.body


def test_a_saved_query_in_sql_takes_typed_parameters(flights: Node) -> None:
    path = "/queries/traffic/busiest-days"

    assert flights.get(f"{path}.csv?origin=JFK").body != flights.get(f"{path}.csv").body
    assert flights.get(f"{path}?shape=rows").rows()[0]["flights"] == 943
    assert flights.get(f"{path}?origin=JFK", who="jfk").status == 200


def test_the_document_of_the_api_describes_it(flights: Node) -> None:
    assert "/sql" in str(flights.get("/openapi.json").object()["paths"])
