"""What Spark says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

from typing import Final

import grpc
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.logger import PySparkLogger

from penstock.engine.failures import overflow, stopped, unanswered, uncomputable
from penstock.errors import PenstockError, UnavailableError

# The client would print each error of the server, with the statement and its values.
PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True

_OVERFLOW: Final = "22003"
_DATA: Final = "22"  # SQL's class of what values are to blame for
_LOST: Final = (
    "INVALID_HANDLE.SESSION_CHANGED",
    "INVALID_HANDLE.SESSION_CLOSED",
    "INVALID_HANDLE.SESSION_NOT_FOUND",
)
_AWAY: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})
_REFUSED: Final = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
_NO_TABLE: Final = "TABLE_OR_VIEW_NOT_FOUND"
_STOPPED: Final = "OPERATION_CANCELED"


def translate_error(error: Exception) -> PenstockError:
    """Return the error to raise from `error`."""
    condition = _condition(error)
    if condition == _STOPPED:
        return stopped()
    state = error.getSqlState() if isinstance(error, PySparkException) else None
    if state is not None and state.startswith(_DATA):
        return overflow() if state == _OVERFLOW else uncomputable()
    if is_away(error):
        return UnavailableError("Spark cannot be reached at the moment.")
    if _status(error) in _REFUSED:
        return UnavailableError(
            "Spark refuses the credentials of this connection.",
            hint="See `token` in the options of the database's connector.",
        )
    return unanswered()


def is_lost(error: Exception) -> bool:
    """Whether the server does not know the session any more: it was restarted, or waited long."""
    return _condition(error).startswith(_LOST)


def is_away(error: Exception) -> bool:
    """Whether nobody answers, so that the next one had better call anew."""
    return is_lost(error) or _status(error) in _AWAY


def is_missing(error: Exception) -> bool:
    """Whether there is no such table."""
    return _condition(error).startswith(_NO_TABLE)


def _condition(error: Exception) -> str:
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""


def _status(error: Exception) -> grpc.StatusCode | None:
    if isinstance(error, SparkConnectGrpcException):
        status: grpc.StatusCode = error.getGrpcStatusCode()
        return status
    return None
