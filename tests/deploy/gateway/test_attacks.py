"""What callers may not say, and where they may not get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.gateway.site import Site, site
from penstock.deploy.gateway import ApiRoute
from penstock.deploy.types import Place


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("a"), "flights", "other") as opened:
        other = ApiRoute(
            place=Place("api_other"),
            project="flights",
            api="other",
            live=opened.upstreams("other"),
        )
        opened.publish(opened.config("flights", others=(other,)))
        yield opened


FORGED = {
    "Forwarded": "for=10.0.0.1",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Client-Cert": 'Subject="CN=admin"',
    "X-Real-IP": "10.0.0.1",
    "X-Envoy-Retry-On": "5xx",
    "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
    "X-Envoy-Original-Path": "/metrics",
    "X-Envoy-Decorator-Operation": "x",
    "X-Envoy-Internal": "true",
    "X-Penstock-Node": "evil",
    "x-penstock-": "evil",
    "X-Original-URL": "/metrics",
    "X-Rewrite-URL": "/metrics",
    "X-Request-Id": "evil",
}
OURS = {
    "accept-encoding", "host", "user-agent", "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address", "x-envoy-original-path", "x-forwarded-for", "x-forwarded-proto",
    "x-request-id",
}  # fmt: skip


def test_a_node_is_told_nothing_that_a_caller_forged(opened: Site) -> None:
    reply = opened.ask("/flights/api/x", FORGED)

    received = reply.received
    assert {name for name in received if name not in OURS} == set()
    assert received["x-forwarded-proto"] == "http"
    assert received["x-envoy-original-path"] == "/flights/api/x"
    assert not {value for value in FORGED.values() if value in received.values()}


def test_a_caller_s_own_headers_pass(opened: Site) -> None:
    sent = {"authorization": "Bearer x", "x-api-key": "y", "traceparent": "z", "accept": "text/csv"}
    received = opened.ask("/flights/api/x", sent).received

    assert sent.items() <= received.items()


def test_what_a_trusted_proxy_says_is_believed(folder: Path) -> None:
    with site(folder, "node") as proxied:
        proxied.publish(replace(proxied.config("node"), trusted_hops=1))
        received = proxied.ask("/flights/api/x", FORGED).received

    assert received["x-forwarded-for"].startswith("10.0.0.1,")
    assert received["x-forwarded-proto"] == "https"
    assert "x-forwarded-client-cert" not in received


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/flights/api/../api/x", "/x"),
        ("/flights/./api/x", "/x"),
        ("//flights//api//x", "/x"),
        ("/flights/api/%2e%2e/api/x", "/x"),
        ("/flights/api/%2E./api/x", "/x"),
        ("/flights/%61pi/x", "/x"),
        ("/flights/api/x/..;/y", "/y"),
        ("/flights/api/%252e%252e/x", "/%252e%252e/x"),
        ("http://here/flights/api/x", "/x"),
        ("http://evil.example/flights/api/x", "/x"),
    ],
)
def test_a_path_is_read_as_the_node_reads_it(opened: Site, path: str, target: str) -> None:
    reply = opened.path(path)

    assert (reply.told("node"), reply.told("target")) == ("flights", target)


@pytest.mark.parametrize(
    "path",
    [
        "/flights/api/metrics", "/flights/api/metrics/", "/flights/api//metrics",
        "/flights/api/%6detrics", "/flights/api/%6Detrics", "/flights/api/x/../metrics",
        "/flights/api/./metrics", "/flights/api/metrics?x", "/flights/api/metrics/x",
        "/flights/api/readyz", "/flights/api/%2e/readyz", "/preview/flights/api/metrics",
    ],
)  # fmt: skip
def test_what_is_for_operators_is_not_found(opened: Site, path: str) -> None:
    assert opened.path(path).problem == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    [
        "/flights/api/..%2fother/x", "/flights/api/%2Fmetrics", "/flights%2Fapi/x",
        "/flights/api/..%5cother/x", "/flights/api/%5C", "/flights/api/%00", "/flights/api/x%00y",
    ],
)  # fmt: skip
def test_a_path_that_can_be_read_in_two_ways_is_refused(opened: Site, path: str) -> None:
    assert opened.path(path).problem == (400, "INVALID_HTTP")


def test_a_path_leaves_its_api_only_as_if_the_other_had_been_asked(opened: Site) -> None:
    assert opened.path("/flights/api/../other/x").told("node") == "other"
    assert opened.path("/flights/api/../../x").problem == (404, "NOT_FOUND")
    assert opened.path("/flights/api/../../../../etc/passwd").problem == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "head",
    [
        "GET /flights/api/x HTTP/1.1",
        "GET /flights/api/x HTTP/1.1\nHost: a b",
        "GET /flights/api/x HTTP/1.1\nHost: here\nContent-Length: 1\nTransfer-Encoding: chunked",
        "GET /flights/api/x HTTP/1.1\nHost: here\nContent-Length: 1\nContent-Length: 2",
        "GET /flights/api/x HTTP/1.1\nHost: here\nTransfer-Encoding: chunked, identity",
        "GET /flights/api/x HTTP/1.1\nHost: here\nBad Header: x",
        "GET /flights/api/x\x00 HTTP/1.1\nHost: here",
        "GET /flights/api/x HTTP/1.1\nHost: here\nX: a\x00b",
        "NONSENSE",
    ],
)
def test_a_request_that_smuggles_is_refused(opened: Site, head: str) -> None:
    served = opened.ask("/flights/api/x").object()["served"]

    assert opened.send(head).status in {400, 501}
    assert opened.ask("/flights/api/x").object()["served"] == int(str(served)) + 1


def test_a_host_that_is_somewhere_else_is_no_way_there(opened: Site) -> None:
    for host in ("127.0.0.1", "169.254.169.254", "gateway", "unix:admin.sock", "x" * 300):
        assert opened.ask("/stats", {"Host": host}).problem == (404, "NOT_FOUND")
        assert opened.ask("/flights/api/x", {"Host": host}).told("node") == "flights"


def test_no_tunnel_is_opened(opened: Site) -> None:
    connect = opened.send("CONNECT here:80 HTTP/1.1\nHost: here:80")
    upgrade = opened.send(
        "GET /flights/api/x HTTP/1.1\nHost: here\nConnection: upgrade\nUpgrade: websocket"
    )

    assert connect.problem == (403, "INVALID_HTTP")
    assert upgrade.problem == (403, "INVALID_HTTP")


def test_headers_have_an_end(opened: Site) -> None:
    assert opened.ask("/flights/api/x", {"x-long": "x" * 70_000}).problem == (431, "INVALID_HTTP")
    many = {f"x-{number}": "" for number in range(200)}
    assert opened.ask("/flights/api/x", many).problem == (431, "INVALID_HTTP")
