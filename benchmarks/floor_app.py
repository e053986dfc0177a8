"""The least a server can do: DuckDB behind a bare ASGI handler, no key, no policy, no compiling.

Run it as `python -m benchmarks.floor_app PORT TABLE FILE`. The statement comes in the body, as
JSON: `{"sql": …, "parameters": […]}`. It runs on the event loop, on a cursor of its own: a thread
would cost time that a floor should not have.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.csv
import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BATCH_ROWS = 100_000
# What a Penstock connector gives DuckDB when it says nothing.
SETTINGS = "SET threads = 2; SET memory_limit = '1GB'"
READ = {
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
    "decimal": decimal.Decimal,
}


def make_app(table: str, file: str) -> App:
    database = duckdb.connect()
    database.execute(SETTINGS)
    database.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{file}')")  # noqa: S608 our own names
    fixed = b"{}"

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal fixed
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = await _read(receive)
        match scope["path"]:
            case "/fixed":
                await _answer(send, b"application/json", fixed)
            case "/fixed/set":
                fixed = body
                await _answer(send, b"application/json", fixed)
            case "/small" | "/json" | "/csv" | "/arrow" as path:
                media, encode = ENCODERS[path]
                asked = orjson.loads(body)
                values = [_value(value) for value in asked["parameters"]]
                with database.cursor() as cursor:
                    await _answer(send, media, encode(cursor, asked["sql"], values))
            case _:
                await _answer(send, b"text/plain", b"ready")

    return app


def _small(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> bytes:
    """Take few rows the quickest way: through Arrow they come up to a millisecond later."""
    rows = cursor.execute(sql, values).fetchall()
    names = [column[0] for column in cursor.description or ()]
    return orjson.dumps([dict(zip(names, row, strict=True)) for row in rows], default=float)


def _json(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> bytes:
    rows: list[dict[str, object]] = []
    for batch in _reader(cursor, sql, values):
        names = batch.schema.names
        columns = [_floats(column).to_pylist() for column in batch.columns]
        rows += (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return orjson.dumps(rows)


def _floats(column: pa.Array) -> pa.Array:
    """There are no decimals in orjson; cast here they cost half of what a callback would."""
    return column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column


def _csv(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> bytes:
    reader = _reader(cursor, sql, values)
    out = io.BytesIO()
    with pyarrow.csv.CSVWriter(out, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return out.getvalue()


def _arrow(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> bytes:
    reader = _reader(cursor, sql, values)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch)
    return out.getvalue()


ENCODERS = {
    "/small": (b"application/json", _small),
    "/json": (b"application/json", _json),
    "/csv": (b"text/csv", _csv),
    "/arrow": (b"application/vnd.apache.arrow.stream", _arrow),
}


def _reader(
    cursor: duckdb.DuckDBPyConnection, sql: str, values: list[object]
) -> pa.RecordBatchReader:
    return cursor.sql(sql, params=values).to_arrow_reader(BATCH_ROWS)


def _value(value: object) -> object:
    """JSON has no dates and no decimals: `{"date": "1995-01-01"}` is one."""
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return READ[kind](text)
    return value


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _answer(send: Send, media: bytes, body: bytes) -> None:
    headers = [(b"content-type", media), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


if __name__ == "__main__":
    port, table, file = sys.argv[1:]
    uvicorn.run(make_app(table, file), port=int(port), log_level="warning", access_log=False)
