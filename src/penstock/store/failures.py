"""What a database says went wrong -> a sentence and a way forward."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from penstock.errors import PenstockError, StateError, StorageFullError

_LOCKED_STATES = frozenset(
    {"55P03", "57014", "40P01", "40001"}
)  # lock, statement timeout, deadlock
_FULL_STATES = frozenset({"53100"})
_DOWN_STATES = frozenset({"57P01", "57P02", "57P03", "53300"})


def is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what drivers raise into StateError and StorageFullError; `place` holds no password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _translate(place, error) from error


def _translate(place: str, error: Exception) -> PenstockError:
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, PenstockError):
        return cause
    if isinstance(cause, sqlite3.Error | OSError):
        return _of_file(place, cause)
    return _of_server(place, cause)


def _of_file(place: str, cause: sqlite3.Error | OSError) -> PenstockError:
    if isinstance(cause, sqlite3.Error) and is_busy(cause):
        return StateError(
            f"{place} is locked by another process.",
            hint="Try again; if it stays so, look for a program that holds it open for writing.",
        )
    if _is_full(cause):
        return _full(place)
    reason = cause.strerror if isinstance(cause, OSError) else str(cause)
    return StateError(
        f"{place} cannot be used: {reason}.",
        hint="Penstock needs to read and write it, and the folder it is in.",
    )


def _is_full(cause: sqlite3.Error | OSError) -> bool:
    if isinstance(cause, OSError):
        return cause.errno in {errno.ENOSPC, errno.EDQUOT}
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def _full(place: str) -> StorageFullError:
    return StorageFullError(
        f"There is no room left for {place}; nothing was changed.",
        hint="Make room on its disk, then do it again.",
    )


def _of_server(place: str, cause: Exception) -> PenstockError:
    state = getattr(cause, "sqlstate", None) or ""
    if state in _LOCKED_STATES:
        return StateError(
            f"{place} is locked by another process.",
            hint="Try again; if it stays so, look in pg_stat_activity for a session that waits.",
        )
    if state in _FULL_STATES:
        return _full(place)
    reason = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
    if state == "" or state.startswith("08") or state in _DOWN_STATES:
        return StateError(
            f"{place} cannot be reached: {reason.rstrip('.')}.",
            hint="Is the server running, and PENSTOCK_DATABASE right? It is tried again each time.",
        )
    return StateError(
        f"{place} cannot be used: {reason.rstrip('.')}.",
        hint="The database's log says more; its user needs to own the tables.",
    )
