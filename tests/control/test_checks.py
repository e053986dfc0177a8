from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from penstock.control.checks import run_smoke_test
from penstock.control.visit import NoAnswerError, visit
from penstock.deploy.rollout.types import SmokeTest
from penstock.deploy.types import Address
from penstock.secret import Secret


class Shop(BaseHTTPRequestHandler):
    """Answers like a node would, a little."""

    def do_GET(self) -> None:
        self._tell(200, b'{"results": [{"region": "north", "value": 3}], "a/b": true}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        known = self.headers["x-api-key"] == "pk_right"
        self._tell(200 if known else 401, body)

    def _tell(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "node"


class UnixServer(UnixStreamServer):
    def get_request(self) -> tuple[object, tuple[str, int]]:  # type: ignore[override] # the handler wants a pair
        request, _ = super().get_request()
        return request, ("node", 0)


@pytest.fixture
def shop() -> Iterator[Address]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Address(host="127.0.0.1", port=server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("test", "wrong"),
    [
        (SmokeTest(path="/"), None),
        (SmokeTest(path="/", json={"/results/0/value": 3, "/a~1b": True}), None),
        (SmokeTest(path="/", json={"/results/0/value": 4}), "is 3 instead of 4"),
        (SmokeTest(path="/", json={"/results/7/value": 4}), "is None instead of 4"),
        (SmokeTest(path="/", status=404), "200 instead of 404"),
        (SmokeTest(path="/", within=0.0), "more than 0 s"),
        (SmokeTest(path="/", method="POST", body="{}", key="KEY"), None),
        (SmokeTest(path="/", method="POST", body="not", key="KEY", json={"": 1}), "not JSON"),
        (SmokeTest(path="/", method="POST", body="{}", key="OTHER"), "no variable OTHER"),
        (SmokeTest(path="/", method="POST", body="{}"), "401 instead of 200"),
    ],
)
def test_an_answer_is_as_expected_or_it_is_said_how_not(
    shop: Address, test: SmokeTest, wrong: str | None
) -> None:
    failed = run_smoke_test(test, shop, {"KEY": Secret("pk_right")})

    assert (failed is None) == (wrong is None)
    assert wrong is None or wrong in str(failed)
    assert "pk_right" not in str(failed)


def test_nobody_there_is_an_answer_too(shop: Address) -> None:
    nobody = Address(host="127.0.0.1", port=1)

    failed = run_smoke_test(SmokeTest(path="/"), nobody, {})

    assert failed is not None
    assert "ConnectionRefusedError" in failed
    assert shop != nobody


def test_a_node_is_reached_over_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "node.sock")
    with UnixServer(path, Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = visit(Address(path=path), "/")
        server.shutdown()

    assert answer.status == 200
    with pytest.raises(NoAnswerError):
        visit(Address(path=str(tmp_path / "other.sock")), "/")
