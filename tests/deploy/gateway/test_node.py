"""A real node behind the gateway: its answers, its documentation, its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

import pytest

from deploy.gateway.site import PLACE, Site, eventually
from node.running import ROOT, Node, run_node
from penstock.deploy.gateway import ApiRoute, Domain, Upstream, access_records
from penstock.deploy.types import Address
from penstock.store.keys import KeyDraft

PATH = "/flights/api/"


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Node]]:
    folder = tmp_path_factory.mktemp("n")
    draft = KeyDraft(name="analyst", roles=("analyst",))
    with Site(folder) as opened, run_node(ROOT, folder / "home", drafts=(draft,)) as node:
        live = (Upstream("n-real", Address(host="127.0.0.1", port=node.port)),)
        route = ApiRoute(
            place=PLACE,
            project="flights",
            api="api",
            live=live,
            domains=(Domain("flights.example"),),
        )
        opened.gateway.start()
        opened.publish(replace(opened.config(), routes=(route,)))
        yield opened, node


QUERY = b'{"data": {"fields": {"carrier": ["count"]}}}'


def test_an_answer_is_the_same_and_joined_by_its_trace(flights: tuple[Site, Node]) -> None:
    opened, node = flights
    headers = {**node.headers("analyst"), "Content-Type": "application/json"}
    direct = node.request("POST", "/query", QUERY, headers)
    through = opened.ask(f"{PATH}query", headers, method="POST", body=QUERY)

    assert through.status == direct.status == 200
    assert through.object()["results"] == direct.object()["results"]
    trace = through.headers["traceparent"]
    log = opened.gateway.access_log
    eventually(lambda: trace in {one.trace for one in access_records(log)}, "the gateway's line")
    eventually(lambda: trace in {one["trace"] for one in node.events("Answered")}, "the node's")


@pytest.mark.parametrize(("docs", "host"), [(f"{PATH}docs", "here"), ("/docs", "flights.example")])
def test_the_documentation_works_behind_a_prefix(
    flights: tuple[Site, Node], docs: str, host: str
) -> None:
    opened, node = flights
    headers = {"Host": host, **node.headers("analyst")}
    page = opened.ask(docs, headers)
    links = re.findall(r'(?:href|src|data-openapi)="([^"]+)"', page.body.decode())
    found = {link: opened.ask(urljoin(docs, link), headers) for link in links}

    assert len(found) >= 6
    assert {reply.status for reply in found.values()} == {200}
    servers = found["openapi.json"].object()["servers"]
    assert servers == [{"url": "./"}]
    asked = opened.ask(urljoin(urljoin(docs, "openapi.json"), "./") + "me", headers)
    assert asked.status == 200


def test_errors_of_the_node_are_its_own(flights: tuple[Site, Node]) -> None:
    opened, _ = flights

    assert opened.ask(f"{PATH}me").problem == (401, "UNAUTHENTICATED")
    assert opened.ask(f"{PATH}nothing").problem == (404, "NOT_FOUND")
    assert opened.ask(f"{PATH}livez").status == 200


def test_large_answers_are_compressed_once(flights: tuple[Site, Node]) -> None:
    opened, node = flights
    headers = {**node.headers("analyst"), "Accept-Encoding": "gzip"}
    direct = node.request("GET", "/openapi.json", None, headers)
    through = opened.ask(f"{PATH}openapi.json", headers)

    assert through.body == direct.body
    assert through.headers.get("content-encoding") == direct.headers.get("content-encoding")
