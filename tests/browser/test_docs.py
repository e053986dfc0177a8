"""`/docs` in a real browser: it renders OpenAPI 3.1, tries a call, and talks to nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from browser.chromium import Browser, open_browser, why_not
from penstock.errors import NotFoundError
from penstock.node.docs_page import HEADERS, asset, docs_page

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Flights from New York", "version": "1", "summary": "Only 3.1 has this."},
    "paths": {
        "/query": {
            "post": {
                "operationId": "query",
                "summary": "Ask a question",
                "security": [{"key": []}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Query"},
                            "example": {"data": {"fields": {"distance": ["avg"]}}},
                        }
                    }
                },
                "responses": {"200": {"description": "The answer"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Query": {
                "type": "object",
                "properties": {"limit": {"type": ["integer", "null"]}, "data": {"const": {}}},
            }
        },
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}


class Node(BaseHTTPRequestHandler):
    """The node's part in this: the page, its assets, the document, one call."""

    protocol_version = "HTTP/1.1"
    keys: ClassVar[list[str | None]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.asked.append(path)
        match path.removeprefix("/"):
            case "docs":
                self._answer(docs_page("openapi.json"), "text/html; charset=utf-8")
            case "hostile":
                self._answer(docs_page("hostile.json"), "text/html; charset=utf-8")
            case "openapi.json":
                self._answer(json.dumps(OPENAPI).encode(), "application/json")
            case "hostile.json":
                self._answer(json.dumps(self._hostile()).encode(), "application/json")
            case other:
                self._asset(other.removeprefix("docs/assets/"))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.keys.append(self.headers["authorization"])
        self._answer(b'{"answer": 1048.4}', "application/json")

    def _hostile(self) -> dict[str, object]:
        """A description that calls this server by its other name, which is another origin."""
        _, port = self.headers["host"].split(":")
        spy = f"![spy](http://localhost:{port}/spy.png)"
        return {**OPENAPI, "info": {"title": "Hostile", "version": "1", "description": spy}}

    def _asset(self, name: str) -> None:
        try:
            found = asset(name)
        except NotFoundError:
            self.send_error(404)
        else:
            self._answer(found.body, found.media_type)

    def _answer(self, body: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        for name, value in HEADERS:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with open_browser(tmp_path) as browser:
        yield browser


def test_the_page_shows_a_3_1_document_and_asks_no_other_host(browser: Browser, node: str) -> None:
    browser.open(f"{node}/docs")
    title = browser.text(".info .title")
    operation = browser.text(".opblock-summary-path")
    asked = browser.requests()

    assert "Flights from New York" in title
    assert "OAS 3.1" in title
    assert "/query" in operation
    assert f"{node}/docs/assets/swagger-ui-bundle.js" in asked
    assert [url for url in asked if not url.startswith(f"{node}/")] == []
    assert browser.complaints() == []


def test_a_call_can_be_tried_with_a_key(browser: Browser, node: str) -> None:
    browser.open(f"{node}/docs")
    browser.click(".btn.authorize")
    browser.write(".auth-container input", "pk_test_1")
    browser.click(".auth-btn-wrapper .authorize")
    browser.click(".auth-btn-wrapper .btn-done")
    browser.click(".opblock-summary-control")
    browser.text(".opblock textarea")  # the example is in: only now does the button send it
    browser.click(".opblock .execute")
    answer = browser.text(".live-responses-table .response-col_description .microlight")

    assert "1048.4" in answer
    assert Node.keys == ["Bearer pk_test_1"]
    assert [url for url in browser.requests() if not url.startswith(f"{node}/")] == []
    assert browser.complaints() == []


def test_a_description_cannot_make_the_page_call_another_host(browser: Browser, node: str) -> None:
    browser.open(f"{node}/hostile")
    browser.text(".opblock-summary-path")

    assert "Content Security Policy" in "".join(browser.complaints())
    assert "/spy.png" not in Node.asked
