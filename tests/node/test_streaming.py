from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.laboratory import ROWS, token
from node.running import Node, Query, eventually, run_node

EVERYTHING: Query = {
    "data": {
        "fields": {"id": ["select"], "part": ["select"], "word": ["select"], "huge": ["select"]},
        "limit": None,
    }
}
ENDLESS: Query = {"data": {"fields": {"slow": ["sum"]}}}


@pytest.fixture(scope="module")
def hasty(laboratory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The laboratory, where no query may take longer than half a second."""
    folder = shutil.copytree(laboratory, tmp_path_factory.mktemp("hasty") / "project")
    root = folder / "penstock.yaml"
    root.write_text(root.read_text().replace("timeout: 60s", "timeout: 500ms"))
    with run_node(folder, folder.parent / "home", "--no-reload") as node:
        node.keys["analyst"] = token("analyst", "everything")
        yield node


def start(node: Node, query: Query, path: str = "/query") -> http.client.HTTPConnection:
    connection = node.connect()
    connection.request("POST", path, json.dumps(query), node.headers("analyst"))
    return connection


def test_a_large_answer_comes_in_chunks_and_whole(lab: Node) -> None:
    connection = start(lab, EVERYTHING, "/query.csv")
    response = connection.getresponse()
    first = response.read(1000)
    lines = first.count(b"\n") + sum(
        chunk.count(b"\n") for chunk in iter(lambda: response.read(1 << 20), b"")
    )
    connection.close()

    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers
    assert lines == ROWS + 1


def test_the_answer_starts_before_the_query_ends(lab: Node) -> None:
    connection = start(lab, EVERYTHING)
    response = connection.getresponse()
    response.read(1000)
    running = lab.metric("penstock_running")
    response.close()
    connection.close()

    assert running == 1
    eventually(lab.is_idle, "the place is free again")


def test_head_of_a_large_answer_sends_no_body(flights: Node) -> None:
    path = "/queries/delays/worst-routes.csv?top=100"
    reply = flights.request("HEAD", path, headers=flights.headers("analyst"))

    assert (reply.status, reply.body) == (200, b"")


def test_a_query_that_takes_too_long_is_504(hasty: Node) -> None:
    reply = hasty.post("/query", ENDLESS)

    assert reply.told == (504, "TIMEOUT")
    assert reply.object()["hint"]
    eventually(hasty.is_idle, "its place is free")


def test_an_answer_that_breaks_off_is_seen_to_be_broken(hasty: Node) -> None:
    wide = {"fields": {name: ["select"] for name in ("id", "word", "ratio", "huge")}, "limit": None}
    connection = start(hasty, {"data": wide})
    response = connection.getresponse()
    assert response.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    connection.close()

    (interrupted, *_) = eventually(lambda: hasty.events("Interrupted"), "it is noticed")
    assert "took longer" in str(interrupted["reason"])
    assert hasty.metric("penstock_interrupted_total") >= 1
    eventually(hasty.is_idle, "its place is free")


def test_a_client_that_stops_reading_loses_its_place(hasty: Node) -> None:
    def reasons() -> set[object]:
        return {event["reason"] for event in hasty.events("Interrupted")}

    connection = start(hasty, EVERYTHING)
    response = connection.getresponse()
    eventually(hasty.is_idle, "its place is free, though it never left")
    eventually(lambda: "The caller stopped reading the answer." in reasons(), "it is noticed")
    response.close()
    connection.close()


@pytest.mark.parametrize("query", [ENDLESS, EVERYTHING], ids=["before", "within"])
def test_a_client_that_leaves_stops_its_query(lab: Node, query: Query) -> None:
    noticed = len(lab.events("Interrupted"))
    connection = start(lab, query)
    eventually(lambda: lab.metric("penstock_running") == 1, "it runs")
    connection.close()

    eventually(lab.is_idle, "its place is free")
    eventually(lambda: len(lab.events("Interrupted")) > noticed, "it is noticed")


def test_who_finds_no_place_is_told_to_come_back(lab: Node) -> None:
    def query(number: int) -> Query:
        return {**ENDLESS, "filter": {"id": {"gte": -number}}}

    held = [start(lab, query(1)), start(lab, query(2))]
    eventually(lambda: lab.metric("penstock_running") == 2, "both run")
    held += [start(lab, query(3)), start(lab, query(4))]
    eventually(lambda: lab.metric("penstock_waiting") == 2, "both wait")
    reply = lab.post("/query", query(5))
    probes = [lab.get(path).status for path in ("/livez", "/me", "/dataset", "/metrics", "/readyz")]
    for connection in held:
        connection.close()

    assert reply.told == (503, "BUSY")
    assert int(reply.headers["retry-after"]) >= 1
    assert probes == [200] * 5
    eventually(lab.is_idle, "all places are free")
    assert lab.post("/query", {"data": {"fields": {"id": ["max"]}}}).status == 200


def test_sixty_four_clients_at_once_are_all_answered(flights: Node) -> None:
    def ask(number: int) -> int:
        where = {"distance": {"gt": -1000 - number}}
        query: Query = {"data": {"fields": {"distance": ["sum"]}}, "filter": where}
        return flights.post("/query", query).status

    with ThreadPoolExecutor(64) as clients:
        assert list(clients.map(ask, range(128))) == [200] * 128
