"""What the server says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pymysql
from pymysql.constants import CR, ER

from penstock.engine.failures import (
    away,
    late,
    no_room,
    overflow,
    stopped,
    unanswered,
    uncomputable,
)
from penstock.errors import EngineError, PenstockError

_KILLED: Final = frozenset({ER.QUERY_INTERRUPTED, 1927, 3024, 1969})  # 1927, 1969: MariaDB's
_LATE: Final = frozenset({1969, 3024})
_OVERFLOWS: Final = frozenset({1690, ER.WARN_DATA_OUT_OF_RANGE, 1916})
_NO_ROOM: Final = frozenset(
    {ER.OUT_OF_RESOURCES, ER.OUTOFMEMORY, ER.OUT_OF_SORTMEMORY, ER.RECORD_FILE_FULL, 1021, 1038}
)
_GONE: Final = frozenset(
    {
        CR.CR_CONN_HOST_ERROR,
        CR.CR_CONNECTION_ERROR,
        CR.CR_SERVER_GONE_ERROR,
        CR.CR_SERVER_LOST,
        CR.CR_SERVER_HANDSHAKE_ERR,
        CR.CR_SSL_CONNECTION_ERROR,
        ER.ACCESS_DENIED_ERROR,
        ER.BAD_DB_ERROR,
        ER.CON_COUNT_ERROR,
        ER.DBACCESS_DENIED_ERROR,
        ER.HOST_IS_BLOCKED,
        ER.HOST_NOT_PRIVILEGED,
        ER.SERVER_SHUTDOWN,
        ER.TOO_MANY_USER_CONNECTIONS,
    }
)
_MIXED_COLLATIONS: Final = frozenset({1267, 1270, 1271})
# A regular expression, JSON or a path into it that is none; a date that is none.
_DATA: Final = frozenset(
    {ER.REGEXP_ERROR, 1411, 1525, 3140, 3141, 3143, 3146, 3685, 3686, 3687, 3688, 3691, 4037, 4038}
)
_NO_ZONES: Final = ER.SUBQUERY_NO_1_ROW
_CUT_OFF: Final = 1260
_TRUNCATED: Final = 1292


def translate_error(error: BaseException) -> PenstockError:
    """Return the error to raise from `error`."""
    if isinstance(error, pa.ArrowInvalid):
        return overflow()
    code = read_code(error)
    if code in _GONE or isinstance(error, OSError):
        return away()
    if code in _LATE:
        return late()
    if code in _KILLED:
        return stopped()
    return _explain(code)


def _explain(code: int) -> PenstockError:
    if code in _OVERFLOWS:
        return overflow()
    if code in _NO_ROOM:
        return no_room()
    if code in _DATA:
        return uncomputable()
    if code in _MIXED_COLLATIONS:
        return EngineError(
            "Two columns that a relationship joins have different collations.",
            hint="Give both the same collation in the database.",
        )
    if code == _NO_ZONES:
        return EngineError(
            "The database cannot tell what the clocks of the time zone show.",
            hint="Its time zone tables are not loaded, or a time is before 1970 or after 2038.",
        )
    return unanswered()


def read_code(error: BaseException) -> int:
    """Return the server's or the driver's number of an error, 0 where it has none."""
    found = error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else 0
    return found if isinstance(found, int) else 0


def find_fault(warnings: Iterable[tuple[int, str]]) -> PenstockError | None:
    """Return what makes an answer wrong that the server only warns of."""
    for code, words in warnings:
        if code == _CUT_OFF:
            return EngineError(
                "The database has no room for a median or percentile of so many values.",
                hint="Narrow the filter, or raise `max_allowed_packet` of the server.",
            )
        if code in _OVERFLOWS:
            return _explain(code)
        if code == _TRUNCATED and words.startswith("Truncated incorrect"):
            return uncomputable()
    return None
