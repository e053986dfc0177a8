"""ClickHouse's HTTP interface before the ClickHouse of this process: no server is to be had here.

It hands a statement, its parameters and its settings over, and the answer back. What it cannot
tell is whether a real server streams, or takes its passwords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from chdb import ChdbError
from chdb.session import Session

_FORMAT: Final = re.compile(r"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)
_NAMED: Final = re.compile(r"WHERE query_id = \{token:String\}")
_ERROR: Final = re.compile(r"Code: (\d+)")
# What belongs to HTTP, not to the statement.
_OURS: Final = frozenset(
    {"database", "query_id", "query", "client_protocol_version", "session_id", "compress", "user",
     "password", "wait_end_of_query", "cancel_http_readonly_queries_on_client_close"}
)  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: ClassVar[Path]

    def do_GET(self) -> None:
        self._answer(b"Ok.\n")

    def do_POST(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        text = "\n".join(part for part in (asked.get("query", ""), body) if part)
        session = Session(str(self.folder))
        try:
            self._answer(run(session, text, asked))
        except (ChdbError, RuntimeError) as error:
            self._fail(str(error))
        finally:
            session.cleanup()

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.end_headers()
        self.wfile.write(content)

    def _fail(self, words: str) -> None:
        found = _ERROR.search(words)
        content = words.encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-ClickHouse-Exception-Code", found[1] if found else "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing."""


def run(session: Session, text: str, asked: dict[str, str]) -> bytes:
    if database := asked.get("database"):
        session.query(f"USE {database}")
    parameters = {n.removeprefix("param_"): v for n, v in asked.items() if n.startswith("param_")}
    for name, value in asked.items():
        if name not in _OURS and not name.startswith("param_"):
            session.query(f"SET {name} = '{value}'")
    found = _FORMAT.search(text)
    text = text if found is None else text[: found.start()]
    # It has no names for statements: a comment before it is one.
    if _NAMED.search(text):
        parameters["token"] = f"/* {parameters['token']} */"
        text = _NAMED.sub("WHERE startsWith(query, {token:String})", text)
    text = f"/* {asked.get('query_id')} */ {text}"
    answer = session.query(text, "TabSeparated" if found is None else found[1], params=parameters)
    return bytes(answer.bytes())


@contextmanager
def serve_clickhouse(folder: Path) -> Iterator[int]:
    """Serve the data of a folder, and give the port."""
    handler = type("Handler", (Handler,), {"folder": folder})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()
