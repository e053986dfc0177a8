"""What DuckDB says → an error of ours, without its words: those are the `__cause__`."""

from __future__ import annotations

import duckdb

from penstock.engine.failures import no_room, overflow, stopped, unanswered, uncomputable
from penstock.errors import PenstockError, UnavailableError

# A reader under way raises OSError for everything; the kind is then the start of the message.
_KINDS = (
    ("INTERRUPT", duckdb.InterruptException),
    ("Out of Memory", duckdb.OutOfMemoryException),
    ("Out of Range", duckdb.OutOfRangeException),
    ("Conversion", duckdb.ConversionException),
    ("Invalid Input", duckdb.InvalidInputException),
    ("IO", duckdb.IOException),
    ("FATAL", duckdb.FatalException),
    ("INTERNAL", duckdb.InternalException),
)
# What it says of a file that is being written, or was cut off.
_BROKEN_FILE = (
    "No magic bytes found",
    "too small to be a Parquet file",
    "not a valid DuckDB database file",
    "Contents of view were altered",
)
# An `Invalid Input` that no value is to blame for: what was read was closed, or is incomplete.
_OUT_OF_TURN = ("pending query", "not provided", "closed", "invalidated")


def translate_error(error: Exception) -> PenstockError:
    """Return the error to raise from `error`."""
    kind, words = _kind(error), str(error)
    if issubclass(kind, duckdb.InterruptException):
        return stopped()
    if issubclass(kind, duckdb.OutOfMemoryException) or isinstance(error, MemoryError):
        return no_room(
            "Ask for fewer groups or columns, or raise `memory` of the database's connector."
        )
    if _is_overflow(kind, words):
        return overflow()
    if issubclass(kind, duckdb.IOException) or any(hint in words for hint in _BROKEN_FILE):
        return UnavailableError("The data cannot be read at the moment.")
    if _BAD_PATTERN in words or issubclass(kind, _OF_VALUES):
        return unanswered() if any(hint in words for hint in _OUT_OF_TURN) else uncomputable()
    return unanswered()


def is_fatal(error: Exception) -> bool:
    """Whether the database answers nothing any more and has to be opened again."""
    return issubclass(_kind(error), duckdb.FatalException | duckdb.InternalException)


def _kind(error: Exception) -> type[Exception]:
    if isinstance(error, duckdb.Error):
        return type(error)
    words = str(error)
    return next((kind for start, kind in _KINDS if words.startswith(f"{start} Error")), Exception)


_OF_VALUES = (duckdb.ConversionException, duckdb.InvalidInputException)
# The kind that it has is that of a mistake in the statement, and it comes while rows are read.
_BAD_PATTERN = "Like pattern must not end with escape character"


def _is_overflow(kind: type[Exception], words: str) -> bool:
    if issubclass(kind, duckdb.OutOfRangeException):
        return True
    return issubclass(kind, duckdb.ConversionException) and "out of range" in words
