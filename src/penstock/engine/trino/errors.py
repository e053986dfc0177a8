"""What Trino says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

from typing import Final

import requests
from trino.exceptions import (
    HttpError,
    TrinoConnectionError,
    TrinoExternalError,
    TrinoQueryError,
)

from penstock.engine.failures import late, no_room, overflow, stopped, unanswered, uncomputable
from penstock.errors import BusyError, PenstockError, UnavailableError

_TOO_LONG: Final = frozenset({"EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT"})
_STOPPED: Final = frozenset({"USER_CANCELED", "ADMINISTRATIVELY_KILLED", "ABANDONED_QUERY"})
_FULL: Final = frozenset(
    {"QUERY_QUEUE_FULL", "EXCEEDED_GLOBAL_MEMORY_LIMIT", "CLUSTER_OUT_OF_MEMORY"}
)
_AWAY: Final = frozenset(
    {"NO_NODES_AVAILABLE", "SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "REMOTE_HOST_GONE"}
)
_MEMORY: Final = frozenset({"EXCEEDED_LOCAL_MEMORY_LIMIT"})
_OVERFLOW: Final = "NUMERIC_VALUE_OUT_OF_RANGE"
_DATA: Final = frozenset({"DIVISION_BY_ZERO", "INVALID_CAST_ARGUMENT", "INVALID_FUNCTION_ARGUMENT"})
_REFUSED: Final = ("error 401", "error 403")


def translate_error(error: Exception) -> PenstockError:
    """Return the error to raise from `error`."""
    if isinstance(error, TrinoQueryError | TrinoExternalError):
        return _translate_query_error(str(error.error_name))
    if isinstance(error, HttpError) and str(error).startswith(_REFUSED):
        return UnavailableError(
            "Trino refuses the credentials of this connection.",
            hint="See `user`, `password` and `token` in the options of the database's connector.",
        )
    if isinstance(error, TrinoConnectionError | HttpError | requests.RequestException):
        return UnavailableError("Trino cannot be reached at the moment.")
    return unanswered()


def is_missing(error: Exception) -> bool:
    """Whether there is no such table."""
    names = {"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND"}
    return isinstance(error, TrinoQueryError) and error.error_name in names


def _translate_query_error(name: str) -> PenstockError:
    if name in _TOO_LONG:
        return late()
    if name == _OVERFLOW:
        return overflow()
    if name in _DATA:
        return uncomputable()
    if name in _MEMORY:
        return no_room("Ask for fewer groups or columns.")
    return _translate_state(name)


def _translate_state(name: str) -> PenstockError:
    if name in _STOPPED:
        return stopped()
    if name in _FULL:
        return BusyError("Trino has too much to do at the moment.", hint="Ask again in a while.")
    if name in _AWAY:
        return UnavailableError("Trino cannot be reached at the moment.")
    return unanswered()
