"""The way to a server: HTTP, and Arrow as it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from threading import Lock
from typing import Final, Protocol, cast

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from penstock.engine.clickhouse.link import READ_ONLY, SETTINGS, Question
from penstock.engine.clickhouse.options import Way
from penstock.engine.failures import unanswered
from penstock.errors import EngineError


class Raw(Protocol):
    """The bytes of an answer, as they come."""

    def close(self) -> None: ...


_KILL: Final = "KILL QUERY WHERE query_id = {token:String} ASYNC"


class Server:
    """Implements Link. Connected to when first asked."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._lock = Lock()
        self._client: Client | None = None

    def open(self, question: Question) -> Answer:
        settings = {
            **SETTINGS,
            **READ_ONLY,
            "query_id": question.token,
            "max_execution_time": ceil(question.timeout) + 1,
            "cancel_http_readonly_queries_on_client_close": 1,
        }
        raw = self._connect().raw_stream(
            question.text, dict(question.parameters), settings, fmt="ArrowStream"
        )
        return Answer(cast("Raw", raw))

    def kill(self, token: str) -> None:
        with suppress(ClickHouseError, OSError):
            self._connect().command(_KILL, {"token": token})

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connect(self) -> Client:
        with self._lock:
            if self._client is None:
                # Without a session of its own there can be several statements at once.
                self._client = clickhouse_connect.get_client(
                    **self._way.connection,  # type: ignore[arg-type]  # read_options checked them
                    autogenerate_session_id=False,
                    client_name="penstock",
                    query_retries=0,
                )
            return self._client


class Answer:
    """Implements Stream."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        try:
            self._reader = pa.ipc.open_stream(raw)
        except pa.ArrowInvalid as error:
            raw.close()
            raise unanswered() from error
        except BaseException:
            raw.close()
            raise
        self.schema = self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._reader
        except pa.ArrowInvalid as error:
            # What goes wrong after the first rows is told in the midst of them.
            raise EngineError("The database broke off its answer.") from error

    def close(self) -> None:
        # What is left is not read: the server sees that nobody listens.
        with suppress(OSError, ClickHouseError):
            self._raw.close()
