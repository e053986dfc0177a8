"""One statement on a connection: sent, and its results fetched as they come."""

from __future__ import annotations

from collections.abc import Callable
from select import POLLIN, POLLOUT, poll
from time import monotonic
from typing import Final

from psycopg import pq

from penstock.engine.postgres.errors import read_error
from penstock.engine.postgres.parameters import write_parameters
from penstock.sql.types import Statement

# Rows of one batch. The first comes when so many are there: of 2 million rows after 5 ms.
BATCH_ROWS: Final = 8_192
_TICK: Final = 20  # milliseconds between two looks at whether to go on
_BINARY: Final = 1

_DONE: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


def send(pg: pq.abc.PGconn, statement: Statement, check: Callable[[], None]) -> None:
    """Send a statement. Raises psycopg.OperationalError, ValueError, and what `check` raises."""
    texts, types = write_parameters(statement.parameters)
    pg.send_query_params(statement.text.encode(), texts, types, None, _BINARY)
    pg.set_chunked_rows_mode(BATCH_ROWS)
    while pg.flush():
        _wait(pg, POLLIN | POLLOUT, check)
        pg.consume_input()


def fetch(pg: pq.abc.PGconn, check: Callable[[], None]) -> pq.abc.PGresult | None:
    """Return the next rows, None after the last. Raises ServerError, psycopg.OperationalError."""
    while pg.is_busy():
        _wait(pg, POLLIN, check)
        pg.consume_input()
    result = pg.get_result()
    if result is None or result.status in _DONE or result.status == pq.ExecStatus.TUPLES_CHUNK:
        return result
    raise read_error(result)


def drain(pg: pq.abc.PGconn, seconds: float) -> bool:
    """Throw away what comes; whether the statement's end was among it, within so many seconds.

    Raises psycopg.OperationalError.
    """
    end = monotonic() + seconds
    while True:
        while not pg.is_busy():
            if pg.get_result() is None:
                return True
        left = end - monotonic()
        if left <= 0:
            return False
        if _poller(pg, POLLIN).poll(left * 1000):
            pg.consume_input()


def is_readable(pg: pq.abc.PGconn) -> bool:
    """Whether something came that nobody asked for: the server says goodbye."""
    return bool(_poller(pg, POLLIN).poll(0))


def _wait(pg: pq.abc.PGconn, events: int, check: Callable[[], None]) -> None:
    poller = _poller(pg, events)
    while not poller.poll(_TICK):
        check()
    check()


def _poller(pg: pq.abc.PGconn, events: int) -> poll:
    poller = poll()
    poller.register(pg.socket, events)
    return poller
