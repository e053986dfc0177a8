"""A stand-in for Trino's coordinator: its REST protocol over real HTTP, DuckDB behind it.

What is asked in Trino's SQL is translated and run there; types and values are told as Trino tells
them. It shows that the engine speaks the protocol, not that Trino understands the SQL.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Final, cast

import duckdb
import sqlglot

from penstock.query.types import Json

CATALOG: Final = "memory"
SCHEMA: Final = "main"

_CALL: Final = re.compile(r"EXECUTE IMMEDIATE '((?:[^']|'')*)' USING (.*)", re.DOTALL)
_DURATION: Final = re.compile(r"query_max_run_time=([0-9.]+)s")
_WAIT: Final = 0.2  # how long an unfinished statement keeps its client waiting for each answer

_OWN: Final = f'"{CATALOG}".information_schema.columns'
_TOLD: Final = "told.columns"

_TYPES: Final = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIME": "time(6)",
    "TIMESTAMP": "timestamp(6)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(6) with time zone",
    "BLOB": "varbinary",
    "JSON": "json",
    '"NULL"': "unknown",
}


@dataclass(slots=True)
class Query:
    """One statement, from its POST to its last page, or to the DELETE."""

    id: str
    text: str
    headers: Mapping[str, str]
    cursor: duckdb.DuckDBPyConnection
    done: Event = field(default_factory=Event)
    columns: Sequence[Mapping[str, Json]] | None = None
    rows: list[Sequence[Json]] = field(default_factory=list)
    error: Mapping[str, Json] | None = None
    deleted: bool = False


@dataclass(slots=True)
class Coordinator:
    """Where it is, what was asked of it, and how it is to behave."""

    port: int
    scheme: str
    database: duckdb.DuckDBPyConnection
    page: int = 1_000
    password: str | None = None
    refusals: int = 0
    """How many more requests are answered with 503, as by a coordinator that has too much to do."""
    asked: list[Query] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def find(self, id_: str) -> Query:
        return next(query for query in self.asked if query.id == id_)

    def start(self, text: str, headers: Mapping[str, str]) -> Query:
        query = Query(f"q_{next(self.numbers)}", text, headers, self.database.cursor())
        self.asked.append(query)
        Thread(target=_run, args=(query,), daemon=True).start()
        return query

    def answer(self, query: Query, token: int) -> Mapping[str, Json]:
        """Return the page of this number; while there is none, what Trino says of its work."""
        if not query.done.wait(_WAIT):
            return self._page(query, "RUNNING", next_token=token)
        if query.error is not None:
            return {**self._page(query, "FAILED"), "error": query.error}
        rows = query.rows[token * self.page : (token + 1) * self.page]
        more = len(query.rows) > (token + 1) * self.page
        page = self._page(query, "FINISHED", next_token=token + 1 if more else None)
        return {**page, "columns": query.columns, **({"data": rows} if rows else {})}

    def _page(self, query: Query, state: str, next_token: int | None = None) -> dict[str, Json]:
        base = f"{self.scheme}://localhost:{self.port}"
        path = f"{base}/v1/statement/executing/{query.id}/y/{next_token}"
        return {
            "id": query.id,
            "infoUri": f"{base}/ui/query.html?{query.id}",
            "stats": {"state": state, "queued": False, "scheduled": True, "nodes": 1},
            "warnings": [],
            **({} if next_token is None else {"nextUri": path}),
        }


@contextmanager
def run_coordinator(
    database: duckdb.DuckDBPyConnection, *, certificate: tuple[Path, Path] | None = None
) -> Iterator[Coordinator]:
    """Serve on a port of loopback; with a certificate and its key, over TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    _describe(database)
    scheme = "http" if certificate is None else "https"
    coordinator = Coordinator(server.server_address[1], scheme, database)
    server.coordinator = coordinator  # type: ignore[attr-defined]  # how its handlers find it
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield coordinator
    finally:
        server.shutdown()
        server.server_close()


def _describe(database: duckdb.DuckDBPyConnection) -> None:
    """Make what Trino's `information_schema` says of the tables, in its words."""
    words = " ".join(f"WHEN '{ours}' THEN '{theirs}'" for ours, theirs in _TYPES.items())
    database.execute("CREATE SCHEMA IF NOT EXISTS told")
    database.execute(
        f"CREATE VIEW IF NOT EXISTS {_TOLD} AS SELECT schema_name AS table_schema, table_name,"
        f" column_name, CASE data_type {words} ELSE lower(data_type) END AS data_type,"
        " column_index AS ordinal_position FROM duckdb_columns()"
        f" WHERE NOT internal AND schema_name <> 'told' AND database_name = '{CATALOG}'"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def coordinator(self) -> Coordinator:
        found: Coordinator = self.server.coordinator  # type: ignore[attr-defined]  # set above
        return found

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._may_enter():
            query = self.coordinator.start(text, dict(self.headers))
            self._say(200, self.coordinator.answer(query, 0))

    def do_GET(self) -> None:
        if self._may_enter():
            *_, id_, _, token = self.path.split("/")
            self._say(200, self.coordinator.answer(self.coordinator.find(id_), int(token)))

    def do_DELETE(self) -> None:
        query = self.coordinator.find(self.path.split("/")[-3])
        query.deleted = True
        query.cursor.interrupt()
        self._say(204, None)

    def _may_enter(self) -> bool:
        coordinator = self.coordinator
        if coordinator.refusals > 0:
            coordinator.refusals -= 1
            self._say(503, None)
            return False
        given = self.headers.get("Authorization", "")
        if coordinator.password is not None and not _knows(given, coordinator.password):
            self._say(401, None)
            return False
        return True

    def _say(self, status: int, body: Mapping[str, Json] | None) -> None:
        said = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
        """Say nothing on the console."""


def _knows(given: str, password: str) -> bool:
    kind, _, rest = given.partition(" ")
    if kind == "Bearer":
        return rest == password
    return kind == "Basic" and base64.b64decode(rest).decode().endswith(f":{password}")


def _run(query: Query) -> None:
    try:
        text, values = _read_call(query)
        translated = sqlglot.transpile(text.replace(_OWN, _TOLD), read="trino", write="duckdb")[0]
        duration = _DURATION.search(query.headers.get("X-Trino-Session", ""))
        assert duration is not None, "no time is set"
        found = query.cursor.execute(translated, values)
        query.columns = [_column(name, str(type_)) for name, type_, *_ in found.description or ()]
        query.rows = [[_told(value) for value in row] for row in found.fetchall()]
    except (duckdb.Error, sqlglot.ParseError, AssertionError) as error:
        query.error = _error(error, query)
    query.done.set()


def _read_call(query: Query) -> tuple[str, list[object]]:
    """Return the statement, and the values that its call passes."""
    call = _CALL.fullmatch(query.text)
    if call is None:
        return query.text, []
    values = sqlglot.transpile(f"SELECT {call[2]}", read="trino", write="duckdb")[0]
    passed = query.cursor.execute(values).fetchone()
    return call[1].replace("''", "'"), list(passed or ())


def _column(name: str, type_: str) -> Mapping[str, Json]:
    said = _TYPES.get(type_, type_.lower())
    return {"name": name, "type": said, "typeSignature": {"rawType": said, "arguments": []}}


def _told(value: object) -> Json:
    """Return a value as Trino tells it in JSON."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime(tzinfo=None):
            return f"{value:%Y-%m-%d %H:%M:%S.%f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S.%f} UTC"
        case date() | time() | Decimal():
            return f"{value:%H:%M:%S.%f}" if isinstance(value, time) else str(value)
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - not a number
            return str(value).replace("nan", "NaN").replace("inf", "Infinity")
        case _:
            return cast("Json", value)


_ERRORS: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (duckdb.InterruptException, "USER_CANCELED", "USER_ERROR"),
    (duckdb.CatalogException, "TABLE_NOT_FOUND", "USER_ERROR"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE", "USER_ERROR"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT", "USER_ERROR"),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES"),
    (Exception, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"),
)


def _error(error: Exception, query: Query) -> Mapping[str, Json]:
    _, name, kind = next(known for known in _ERRORS if isinstance(error, known[0]))
    return {
        "message": f"{error} in {query.text}",
        "errorCode": 1,
        "errorName": name,
        "errorType": kind,
        "failureInfo": {"type": "java.lang.RuntimeException", "message": str(error), "stack": []},
    }
