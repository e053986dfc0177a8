"""What ClickHouse says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from penstock.engine.failures import (
    away,
    late,
    no_room,
    overflow,
    stopped,
    unanswered,
    uncomputable,
)
from penstock.errors import PenstockError

# Both drivers give the server's own words, which begin with the number of the error.
_CODE: Final = re.compile(r"\bCode: (\d+)\b|\berror code (\d+)\b")

_LATE: Final = frozenset({159, 160})
_CANCELLED: Final = frozenset({394, 734})
_OVERFLOWS: Final = frozenset({69, 70, 321, 407})
_NO_ROOM: Final = frozenset({173, 241, 243, 396})
# Text that is no number or date, a division by zero, a null where none can be, a bad pattern.
_DATA: Final = frozenset({6, 27, 38, 41, 72, 153, 349, 427})
# No connection, wrong password, no such database, too many at once.
_GONE: Final = frozenset({3, 81, 192, 193, 194, 202, 209, 210, 516, 279})


def translate_error(error: BaseException) -> PenstockError:
    """Return the error to raise from `error`."""
    code = read_code(error)
    if code is None:
        return _explain_driver(error)
    for codes, explain in _EXPLAINED:
        if code in codes:
            return explain()
    return unanswered()


def read_code(error: BaseException) -> int | None:
    """Return ClickHouse's number of an error, None where it has none."""
    found = _CODE.search(str(error))
    return None if found is None else int(found[1] or found[2])


def _explain_driver(error: BaseException) -> PenstockError:
    if isinstance(error, pa.ArrowInvalid):
        return overflow()
    name = type(error).__name__
    if isinstance(error, OSError) or name in {"OperationalError", "HTTPError", "ProtocolError"}:
        return away()
    return unanswered()


_EXPLAINED: Final[tuple[tuple[frozenset[int], Callable[[], PenstockError]], ...]] = (
    (_LATE, late),
    (_CANCELLED, stopped),
    (_GONE, away),
    (_OVERFLOWS, overflow),
    (_NO_ROOM, no_room),
    (_DATA, uncomputable),
)
