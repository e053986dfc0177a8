from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest

from node.running import PATIENCE, Node, eventually, make_key
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft, KeyRepository

QUERY = json.dumps({"data": {"fields": {"distance": ["max"]}}}).encode()


@contextmanager
def connect(node: Node) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", node.port), PATIENCE) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes, or breaks."""
    parts: list[bytes] = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def head(node: Node, length: int | str, *more: str) -> bytes:
    lines = [
        "POST /query HTTP/1.1",
        "host: penstock",
        f"authorization: Bearer {node.keys['analyst']}",
        f"content-length: {length}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(flights: Node) -> None:
    with connect(flights) as connection:
        connection.sendall(head(flights, 100 * 1024 * 1024))
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        problem = json.loads(response.read())

    assert (response.status, problem["code"]) == (413, "TOO_LARGE")


def test_a_body_of_unknown_length_is_refused_when_it_is_too_large(flights: Node) -> None:
    start = head(flights, 0).replace(b"content-length: 0", b"transfer-encoding: chunked")
    with connect(flights) as connection:
        connection.sendall(start)
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(17):
            connection.sendall(chunk)
        answer = connection.recv(1 << 16)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_stranger_is_refused_before_the_body_is_read(flights: Node) -> None:
    with connect(flights) as connection:
        connection.sendall(b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        answer = connection.recv(1 << 16)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_pipelined_questions_are_answered_in_turn(flights: Node) -> None:
    one = head(flights, len(QUERY)) + QUERY
    last = head(flights, len(QUERY), "connection: close") + QUERY
    with connect(flights) as connection:
        connection.sendall(one * 3 + last)
        answers = read_all(connection)

    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.count(b'"value":4983') == 4


GARBAGE: Mapping[str, bytes] = {
    "bytes": b"\x00\xff\xfe garbage \r\n\r\n",
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "negative": b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "two lengths": b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
    b"content-length: 6\r\n\r\nabcdef",
    "length and chunks": b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk": b"POST /query HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "folded": b"GET /\r\n /me HTTP/1.1\r\n\r\n",
    "method": b"FLY /query HTTP/1.1\r\nhost: x\r\n\r\n",
    "escape": b"GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "upgrade": b"GET /livez HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n"
    b"connection: upgrade, close\r\n\r\n",
    "long": b"GET " + b"/x" * 100_000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_its_connection_and_nothing_else(flights: Node, garbage: bytes) -> None:
    with connect(flights) as connection:
        with suppress(OSError):  # some garbage is refused before it has all been sent
            connection.sendall(head(flights, len(QUERY)) + QUERY + garbage)
            connection.shutdown(socket.SHUT_WR)
        answers = read_all(connection)

    assert b"Traceback" not in answers
    assert b"500 Internal" not in answers
    assert flights.get("/livez", None).status == 200
    assert not flights.events("Failed")


def test_a_client_that_leaves_in_the_middle_of_its_body_breaks_nothing(flights: Node) -> None:
    for _ in range(20):
        with connect(flights) as connection:
            connection.sendall(head(flights, 1000) + b"{")

    assert flights.get("/livez", None).status == 200
    assert flights.is_idle()
    assert not flights.events("Failed")


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(flights: Node) -> None:
    with connect(flights) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nhost: penstock\r\n")
        try:
            for i in range(200):
                connection.sendall(f"x-{i}: ".encode() + b"a" * 1000 + b"\r\n")
        except ConnectionError:
            pass
        told = read_all(connection)

    # A reset may overtake the refusal; an answer never comes.
    assert told.startswith(b"HTTP/1.1 431 ") or told == b""


def test_many_requests_on_one_connection_never_add_up_to_a_long_head(flights: Node) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", flights.port, timeout=PATIENCE)
    try:
        for _ in range(20):
            connection.request("GET", "/livez", headers={"x-padding": "a" * 8000})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
    finally:
        connection.close()


def test_an_endless_accept_header_is_refused(flights: Node) -> None:
    accept = ", ".join(f"text/x-{i}" for i in range(200))

    reply = flights.get("/queries/delays/by-origin", accept=accept)

    assert reply.told == (406, "NOT_ACCEPTABLE")


def test_a_compressed_body_is_refused(flights: Node) -> None:
    reply = flights.post("/query", QUERY, content_encoding="gzip")

    assert reply.told == (415, "UNSUPPORTED_ENCODING")


@pytest.mark.parametrize("path", ["/dataset/", "//dataset", "/metrics/", "/query/"])
def test_an_address_is_exact(flights: Node, path: str) -> None:
    assert flights.get(path).told == (404, "NOT_FOUND")


def test_a_key_revoked_while_its_body_comes_is_refused(flights: Node) -> None:
    identifier, key = make_key(flights.home, KeyDraft(name="parked", roles=("analyst",)))
    bearer = {"Authorization": f"Bearer {key}"}

    def answers(status: int) -> bool:
        return flights.request("GET", "/me", headers=bearer).status == status

    eventually(lambda: answers(200), "the new key")
    with connect(flights) as connection:
        start = head(flights, len(QUERY)).replace(flights.keys["analyst"].encode(), key.encode())
        connection.sendall(start + QUERY[:5])
        began = time.monotonic()
        with open_database(flights.home) as database:
            KeyRepository(database).revoke(identifier, time.time())
        eventually(lambda: answers(401) and time.monotonic() - began > 1.1, "the revocation")
        connection.sendall(QUERY[5:])
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        problem = json.loads(response.read())

    assert (response.status, problem["code"]) == (401, "UNAUTHENTICATED")


def test_requests_sent_in_a_row_are_answered_in_their_order(flights: Node) -> None:
    asked = [b"/livez", b"/nowhere", b"/livez"]
    lines = [b"GET %b HTTP/1.1\r\nhost: penstock\r\n\r\n" % path for path in asked[:-1]]
    lines.append(b"GET /livez HTTP/1.1\r\nhost: penstock\r\nconnection: close\r\n\r\n")
    with connect(flights) as connection:
        connection.sendall(b"".join(lines))
        answers = read_all(connection)

    statuses = re.findall(rb"HTTP/1.1 (\d+)", answers)
    assert statuses == [b"200", b"404", b"200"]
    assert b"connection: close" in answers
