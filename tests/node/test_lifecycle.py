from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.laboratory import token, write_laboratory
from node.running import ROOT, Node, environment, eventually, penstock, run_node

SMALL = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_laboratory(tmp_path / "project", rows=SMALL)


@pytest.fixture
def node(folder: Path, tmp_path: Path) -> Iterator[Node]:
    with run_node(folder, tmp_path / "home") as running:
        running.keys["analyst"] = token("analyst", "everything")
        yield running


def test_a_changed_project_is_followed_and_a_broken_one_is_not(node: Node, folder: Path) -> None:
    (folder / "queries/new.yaml").write_text("query: {data: {fields: {id: [count]}}}\n")
    eventually(lambda: node.get("/queries/new.csv").body == b"id_count\n1000\n", "the new query")
    eventually(lambda: node.events("Reloaded"), "it is noticed")

    (folder / "queries/new.yaml").write_text("query: {data: {fields: {idd: [count]}}}\n")
    (refused, *_) = eventually(lambda: node.events("ReloadRefused"), "the refusal")
    assert "queries/new.yaml:1:" in str(refused["issues"])
    assert "idd" in str(refused["issues"])
    assert node.get("/queries/new.csv").body == b"id_count\n1000\n"
    assert node.metric("penstock_refused_reloads_total") == 1

    (folder / "queries/new.yaml").unlink()
    eventually(lambda: node.get("/queries/new.csv").status == 404, "the query is gone")
    assert node.stop() == 0


def test_a_node_without_its_data_is_not_ready_and_says_no_path(node: Node, folder: Path) -> None:
    data = folder / "data/numbers.parquet"
    assert node.get("/readyz", None).object() == {"status": "ready", "problems": {}}
    data.rename(data.with_suffix(".away"))

    reply = eventually(
        lambda: reply if (reply := node.get("/readyz", None)).status == 503 else None, "unready"
    )
    assert reply.object()["problems"] == {"lab": "The data cannot be read at the moment."}
    assert str(folder).encode() not in reply.body
    assert node.get("/livez", None).status == 200
    asked = node.post("/query", {"data": {"fields": {"huge": ["max"]}}})
    assert asked.told == (503, "DATABASE_UNAVAILABLE")
    assert asked.headers["retry-after"]

    data.with_suffix(".away").rename(data)
    eventually(lambda: node.get("/readyz", None).status == 200, "ready again")
    assert node.post("/query", {"data": {"fields": {"huge": ["max"]}}}).status == 200


def test_a_stopped_node_finishes_what_it_answers(laboratory: Path, tmp_path: Path) -> None:
    with run_node(laboratory, tmp_path / "home") as node:
        node.keys["analyst"] = token("analyst", "everything")
        query = {"data": {"fields": {"id": ["select"], "huge": ["select"]}, "limit": 500_000}}
        connection = node.connect()
        connection.request("POST", "/query.csv", json.dumps(query), node.headers("analyst"))
        response = connection.getresponse()
        got = response.read(1000)
        node.process.terminate()
        eventually(lambda: _refuses(node), "it takes no new connection")
        got += response.read()
        connection.close()

        assert got.count(b"\n") == 500_001
        assert node.process.wait(30) == 0
        assert node.events("Stopping")
        assert node.events("Answered")[-1]["rows"] == 500_000


def _refuses(node: Node) -> bool:
    try:
        node.get("/livez", None)
    except ConnectionError:
        return True
    return False


def test_a_stopped_node_waits_for_nobody_longer_than_a_query_may_take(tmp_path: Path) -> None:
    folder = write_laboratory(tmp_path / "project", timeout="1s")
    with run_node(folder, tmp_path / "home") as node:
        node.keys["analyst"] = token("analyst", "everything")
        query = {"data": {"fields": {"id": ["select"], "huge": ["select"]}, "limit": None}}
        connection = node.connect()
        connection.request("POST", "/query", json.dumps(query), node.headers("analyst"))
        response = connection.getresponse()
        response.read(1000)
        code = node.stop()
        response.close()
        connection.close()

        assert code == 0
        assert node.events("Stopping")
        assert node.events("Interrupted")


def test_a_node_that_was_reloaded_stops_at_once(node: Node, folder: Path) -> None:
    (folder / "queries/new.yaml").write_text("query: {data: {fields: {id: [count]}}}\n")
    eventually(lambda: node.events("Reloaded"), "the reload")

    # The old state's queries could take a minute; nobody asked any.
    node.process.terminate()
    assert node.process.wait(15) == 0


def test_a_second_node_on_the_port_says_what_is_wrong(flights: Node, tmp_path: Path) -> None:
    done = subprocess.run(
        penstock("serve", ROOT, "--port", str(flights.port), "--home", tmp_path),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert f"error: Cannot listen on 127.0.0.1:{flights.port}" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_that_can_no_longer_be_read_make_it_unready(node: Node) -> None:
    (node.home / "penstock.db").rename(node.home / "elsewhere")
    shutil.copy(node.logged, node.home / "penstock.db")

    reply = eventually(
        lambda: reply if (reply := node.get("/readyz", None)).status == 503 else None, "unready"
    )
    assert reply.object()["problems"] == {"keys": "The key store cannot be read."}
    assert node.post("/query", {"data": {"fields": {"id": ["max"]}}}).status == 200
