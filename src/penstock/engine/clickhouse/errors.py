"""What ClickHouse says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from penstock.errors import (
    EngineError,
    PenstockError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
)

# Both drivers give the server's own words, which begin with the number of the error.
_CODE: Final = re.compile(r"\bCode: (\d+)\b|\berror code (\d+)\b")

_LATE: Final = frozenset({159, 160})
_CANCELLED: Final = frozenset({394, 734})
_OVERFLOWS: Final = frozenset({69, 70, 321, 407})
_NO_ROOM: Final = frozenset({173, 241, 243, 396})
# No connection, wrong password, no such database, too many at once.
_GONE: Final = frozenset({3, 81, 192, 193, 194, 202, 209, 210, 516, 279})


def translate_error(error: BaseException) -> PenstockError:
    """Return the error to raise from `error`."""
    if isinstance(error, PenstockError):
        return error
    code = read_code(error)
    if code is None:
        return _explain_driver(error)
    for codes, explain in _EXPLAINED:
        if code in codes:
            return explain()
    return EngineError("The database could not answer this query.")


def read_code(error: BaseException) -> int | None:
    """Return ClickHouse's number of an error, None where it has none."""
    found = _CODE.search(str(error))
    return None if found is None else int(found[1] or found[2])


def late() -> QueryTimeoutError:
    return QueryTimeoutError(
        "The query took longer than the database may take.",
        hint="Narrow the filter, or ask for fewer columns or rows.",
    )


def _explain_driver(error: BaseException) -> PenstockError:
    if isinstance(error, pa.ArrowInvalid):
        return _overflow()
    name = type(error).__name__
    if isinstance(error, OSError) or name in {"OperationalError", "HTTPError", "ProtocolError"}:
        return _gone()
    return EngineError("The database could not answer this query.")


def _stopped() -> QueryCancelledError:
    return QueryCancelledError("The query was stopped.")


def _no_room() -> EngineError:
    return EngineError(
        "The query needs more memory than the database may use.",
        hint="Ask for fewer groups or columns, or give the database more room.",
    )


def _gone() -> UnavailableError:
    return UnavailableError("The database cannot be reached at the moment.")


def _overflow() -> ResultOverflowError:
    return ResultOverflowError(
        "A number in the answer is larger than its type can hold.",
        hint="Narrow the filter, or make the attribute a float.",
    )


_EXPLAINED: Final[tuple[tuple[frozenset[int], Callable[[], PenstockError]], ...]] = (
    (_LATE, late),
    (_CANCELLED, _stopped),
    (_GONE, _gone),
    (_OVERFLOWS, _overflow),
    (_NO_ROOM, _no_room),
)
