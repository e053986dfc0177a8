"""Which address leads where, and what callers are told where none does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.gateway.site import Site, site
from penstock.deploy.gateway import ApiRoute, Domain, Limits
from penstock.deploy.types import Place


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One API everywhere: live, previewed, tested, under domains; one without nodes; one small."""
    folder = tmp_path_factory.mktemp("r")
    with site(folder, "live", "idle", "test", "small") as opened:
        flights = opened.config("live", preview="idle").routes[0]
        domains = (Domain("api.example.com"), Domain("*.flights.example"))
        tested = ApiRoute(
            place=Place("api_flights", "test"),
            project="flights",
            api="api",
            live=opened.upstreams("test"),
        )
        stopped = ApiRoute(place=Place("api_stopped"), project="flights", api="stopped")
        small = ApiRoute(
            place=Place("api_small"),
            project="flights",
            api="small",
            live=opened.upstreams("small"),
            max_body=100,
            timeout=0.3,
        )
        routes = (replace(flights, domains=domains), tested, stopped, small)
        opened.publish(
            replace(opened.config(), routes=routes, limits=Limits(body=100_000, request_time=1.0))
        )
        yield opened


@pytest.mark.parametrize(
    ("path", "node", "target"),
    [
        ("/flights/api/query", "live", "/query"),
        ("/flights/api/", "live", "/"),
        ("/flights/api/queries/a/b.csv?month=2&x=%2F", "live", "/queries/a/b.csv?month=2&x=%2F"),
        ("/flights/api/queries/caf%C3%A9", "live", "/queries/caf%C3%A9"),
        ("/preview/flights/api/query", "idle", "/query"),
        ("/@test/flights/api/query", "test", "/query"),
        ("/flights/small/livez", "small", "/livez"),
        ("/flights/api/docs/assets/docs.js", "live", "/docs/assets/docs.js"),
        ("/flights/api/metricsfoo", "live", "/metricsfoo"),
        ("/flights/api/preview/flights/api/", "live", "/preview/flights/api/"),
    ],
)
def test_a_path_leads_to_a_node(opened: Site, path: str, node: str, target: str) -> None:
    reply = opened.path(path)

    assert (reply.status, reply.told("node"), reply.told("target")) == (200, node, target)


@pytest.mark.parametrize(
    ("host", "node"),
    [
        ("api.example.com", "live"),
        ("API.Example.COM", "live"),
        ("api.example.com:8443", "live"),
        ("any.flights.example", "live"),
    ],
)
def test_a_domain_leads_to_its_api(opened: Site, host: str, node: str) -> None:
    reply = opened.ask("/query", {"Host": host})

    assert (reply.told("node"), reply.told("target")) == (node, "/query")
    assert opened.ask("/query", {"Host": host, "Penstock-Preview": "true"}).told("node") == "idle"


def test_a_header_leads_to_the_preview(opened: Site) -> None:
    reply = opened.ask("/flights/api/query", {"Penstock-Preview": "true"})

    assert (reply.told("node"), reply.told("target")) == ("idle", "/query")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/flights", "/flights/", "/flights/api", "/flights/apiary/query", "/flights/nothing/x",
        "/preview/flights", "/@none/flights/api/x", "/flights/api@test/x", "/metrics", "/readyz",
        "/FLIGHTS/api/query", "/clusters", "/config_dump",
    ],
)  # fmt: skip
def test_any_other_path_is_not_found(opened: Site, path: str) -> None:
    assert opened.path(path).problem == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "POST", "QUERY", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_every_method_reaches_a_node(opened: Site, method: str) -> None:
    sent = {"Content-Type": "application/json"}
    reply = opened.ask("/flights/api/query", sent, method=method, body=b"{}")

    assert reply.status == 200
    assert method == "HEAD" or reply.told("method") == method


def test_an_api_without_nodes_says_when_to_come_back(opened: Site) -> None:
    reply = opened.ask("/flights/stopped/query")

    assert reply.problem == (503, "API_UNAVAILABLE")
    assert reply.headers["retry-after"] == "2"
    assert reply.headers["cache-control"] == "no-store"
    assert opened.ask("/preview/@test/flights/api/query").problem == (503, "API_UNAVAILABLE")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/preview/@test/flights/api/query", {}),
        ("/@test/flights/api/query", {"Penstock-Preview": "true"}),
    ],
)
def test_where_nothing_is_to_be_previewed_that_is_said(
    opened: Site, path: str, headers: dict[str, str]
) -> None:
    reply = opened.ask(path, headers)

    assert b"nothing to preview" in reply.body


def test_a_body_is_no_larger_than_the_api_takes(opened: Site) -> None:
    assert opened.ask("/flights/small/x", method="POST", body=b"x" * 100).told("size") == "100"
    refused = opened.ask("/flights/small/x", method="POST", body=b"x" * 101)
    assert refused.problem == (413, "TOO_LARGE")
    large = opened.ask("/flights/api/x", method="POST", body=b"x" * 90_000)
    assert large.told("size") == "90000"
    assert opened.ask("/flights/api/x", method="POST", body=b"x" * 100_001).status == 413


def test_a_node_that_says_nothing_for_too_long_is_given_up(opened: Site) -> None:
    assert opened.ask("/flights/small/slow?seconds=0.1").status == 200
    assert opened.ask("/flights/small/slow?seconds=5").problem == (504, "TIMEOUT")


def test_an_answer_that_goes_on_may_take_longer_than_the_timeout(opened: Site) -> None:
    reply = opened.ask("/flights/small/stream?parts=6&pause=0.1")

    assert reply.body.splitlines()[-1] == b"part 5"


def test_a_request_that_does_not_come_whole_is_given_up(opened: Site) -> None:
    reply = opened.send(
        "POST /flights/api/x HTTP/1.1\nHost: here\nContent-Length: 100\nConnection: close"
    )

    assert reply.problem == (408, "INVALID_HTTP")


def test_the_documentation_has_one_address(opened: Site) -> None:
    reply = opened.path("/flights/api/docs/")

    assert (reply.status, reply.headers["location"]) == (308, "http://here/flights/api/docs")
    assert opened.ask("/docs/", {"Host": "api.example.com"}).headers["location"].endswith("/docs")


def test_an_answer_is_the_node_s_own(opened: Site) -> None:
    reply = opened.ask("/flights/api/fail")

    assert reply.status == 500
    assert reply.headers.keys() == {
        "content-type", "content-length", "traceparent", "date", "x-request-id"
    }  # fmt: skip
