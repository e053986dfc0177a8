"""Options → a session on a Spark Connect server, with the tables of declared files in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.connect.column import Column
from pyspark.sql.connect.conf import RuntimeConf
from pyspark.sql.connect.functions import lit
from pyspark.sql.connect.plan import SQL
from pyspark.sql.types import StructType

from penstock.engine.names import BACKTICK, quote
from penstock.errors import ConfigurationError
from penstock.sql.types import Bound, Statement

_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timeType.enabled": "true",
}
# About five seconds in all; its own policy would try for ten minutes.
_RETRIES: Final = {"max_retries": 4, "max_backoff": 4_000}

# A server that is back is found within a second, not within the two minutes of gRPC's own.
_CHANNEL: Final = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
)

_FORMATS: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".orc": "orc",
}


class Session:
    """One session of one client; statements of several threads run in it side by side."""

    def __init__(self, url: str, catalog: str | None, schema: str | None) -> None:
        self._client = SparkConnectClient(
            url,
            user_id="penstock",
            channel_options=list(_CHANNEL),
            retry_policy=dict(_RETRIES),
        )
        self.broken = False
        settings = RuntimeConf(self._client)
        for name, value in _SETTINGS.items():
            settings.set(name, value)
        if catalog is not None:
            self._command(f"USE CATALOG {quote(catalog, BACKTICK)}")
        if schema is not None:
            self._command(f"USE SCHEMA {quote(schema, BACKTICK)}")

    def create_views(self, files: Mapping[str, Path]) -> None:
        """Make tables of files, for this session only. Raises ConfigurationError."""
        for table, path in files.items():
            format_ = _FORMATS.get(path.suffix.lower())
            if format_ is None:
                raise ConfigurationError(
                    f"The data of table {table!r} is of no format that Spark reads: {path.suffix}.",
                    hint=f"Known are {', '.join(_FORMATS)}.",
                )
            options = f"path {_text(str(path))}" + (
                ", header 'true', inferSchema 'true'" if format_ == "csv" else ""
            )
            view = quote(table, BACKTICK)
            self._command(f"CREATE TEMPORARY VIEW {view} USING {format_} OPTIONS ({options})")

    def run(self, statement: Statement, tag: str) -> Iterator[pa.Table | StructType]:
        """Start a statement that `interrupt` finds by its tag, and return what comes of it."""
        named = {f"p{n}": _literal(value) for n, value in enumerate(statement.parameters, 1)}
        plan = SQL(statement.text, [], named, []).to_proto(self._client)
        answer = self._client.to_table_as_iterator(plan, {})
        # Tags are the thread's, and are read when the first thing is asked for.
        self._client.add_tag(tag)
        try:
            first = next(answer)
        finally:
            self._client.remove_tag(tag)
        return _after(first, answer)

    def schema(self, text: str) -> StructType:
        """Return the schema that a query would have."""
        return self._client.schema(SQL(text, [], {}, []).to_proto(self._client))

    def list(self, text: str, column: int) -> list[str]:
        """Return one column of what a command lists."""
        found, _ = self._client.to_table(SQL(text, [], {}, []).to_proto(self._client), {})[:2]
        values: list[str] = [value.as_py() for value in found.column(column)]
        return values

    def interrupt(self, tag: str) -> None:
        self._client.interrupt_tag(tag)

    def ping(self) -> None:
        RuntimeConf(self._client).get("spark.sql.ansi.enabled")

    def close(self) -> None:
        try:
            self._client.interrupt_all()
            self._client.release_session()
        except Exception:  # noqa: BLE001, S110 - the server may be gone; the channel is closed anyhow
            pass
        self._client.close()

    def _command(self, text: str) -> None:
        self._client.execute_command(SQL(text, [], {}, []).command(self._client))


def _after(
    first: pa.Table | StructType, rest: Iterator[pa.Table | StructType]
) -> Iterator[pa.Table | StructType]:
    try:
        yield first
        yield from rest
    finally:
        # To close the client's generator is to tell the server to stop.
        close = getattr(rest, "close", None)
        if close is not None:
            close()


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _literal(value: Bound) -> Column:
    # The dialect casts times from text: the client would read them in the zone of its machine.
    return lit(value.isoformat() if isinstance(value, datetime | time) else value)
