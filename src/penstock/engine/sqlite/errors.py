"""What SQLite says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

import sqlite3
from typing import Final

from penstock.engine.failures import overflow, stopped, unanswered, uncomputable
from penstock.errors import EngineError, PenstockError, UnavailableError

_CODES: Final = {
    sqlite3.SQLITE_BUSY: "Another program writes to the database.",
    sqlite3.SQLITE_LOCKED: "Another program writes to the database.",
    sqlite3.SQLITE_CANTOPEN: "The data cannot be read at the moment.",
    sqlite3.SQLITE_IOERR: "The data cannot be read at the moment.",
    sqlite3.SQLITE_CORRUPT: "The data cannot be read at the moment.",
    sqlite3.SQLITE_NOTADB: "The data cannot be read at the moment.",
    sqlite3.SQLITE_PROTOCOL: "The data cannot be read at the moment.",
}
_PRIMARY: Final = 0xFF
# What it says of a sum of integers, and of a sum of ours that no number holds.
_OVERFLOWS: Final = (
    "integer overflow",
    "user-defined aggregate's 'finalize' method raised",
    "user-defined aggregate's 'value' method raised",
)
# And of a value that is none of those that a sum of ours adds.
_DATA: Final = (
    "malformed JSON",
    "bad JSON path",
    "JSON path error",
    "user-defined aggregate's 'step' method raised",
)


def translate_error(error: Exception) -> PenstockError:
    """Return the error to raise from `error`."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_INTERRUPT:
        return stopped()
    if code in _CODES:
        return UnavailableError(_CODES[code], hint="Try again.")
    if code == sqlite3.SQLITE_TOOBIG or any(words in str(error) for words in _OVERFLOWS):
        return overflow()
    if code == sqlite3.SQLITE_NOMEM or isinstance(error, MemoryError):
        return EngineError("The query needs more memory than there is.")
    if any(words in str(error) for words in _DATA):
        return uncomputable()
    return unanswered()
