"""What PostgreSQL says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import pq

from penstock.engine.failures import away, no_room, overflow, unanswered, uncomputable
from penstock.errors import PenstockError

CANCELLED: Final = "57014"

_NO_ROOM: Final = frozenset({"53100", "53200", "53400"})
_OVERFLOWS: Final = frozenset({"22003", "22008", "22015"})
_DATA: Final = "22"  # SQL's class of what values are to blame for
# Connection lost, too many connections, shutting down, starting up, no such database, no entry.
_GONE: Final = ("08", "533", "57P", "3D", "28")


class ServerError(Exception):
    """What the server answered, by its code; its words may hold data and stay in the log."""

    def __init__(self, state: str, words: str) -> None:
        super().__init__(state, words)
        self.state = state


def read_error(result: pq.abc.PGresult) -> ServerError:
    """Return the error that a result is."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    words = (result.error_message or b"").decode(errors="replace")
    return ServerError(state.decode(), words)


def translate_error(error: Exception) -> PenstockError:
    """Return the error to raise from `error`."""
    state = error.state if isinstance(error, ServerError) else ""
    if isinstance(error, psycopg.OperationalError) or state.startswith(_GONE):
        return away()
    if state in _OVERFLOWS:
        return overflow()
    if state.startswith(_DATA):
        return uncomputable()
    if state in _NO_ROOM:
        return no_room()
    return unanswered()
