"""What is said of a statement that failed, whatever the engine: never in the database's words."""

from __future__ import annotations

from typing import Final

from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
    UncomputableError,
)

_MORE_ROOM: Final = "Ask for fewer groups or columns, or give the database more room."


def late() -> QueryTimeoutError:
    return QueryTimeoutError(
        "The query took longer than the database may take.",
        hint="Narrow the filter, or ask for fewer columns or rows.",
    )


def stopped() -> QueryCancelledError:
    """Return what is said where the database stopped it, and nobody here wanted that."""
    return QueryCancelledError("The query was stopped.")


def closed() -> UnavailableError:
    return UnavailableError("The database is closed.")


def away() -> UnavailableError:
    return UnavailableError("The database cannot be reached at the moment.")


def overflow() -> ResultOverflowError:
    return ResultOverflowError(
        "A number in the answer is larger than its type can hold.",
        hint="Narrow the filter, or make the attribute a float.",
    )


def uncomputable() -> UncomputableError:
    return UncomputableError(
        "A function or a cast of the query was given a value that it has no answer for."
    )


def no_room(hint: str = _MORE_ROOM) -> EngineError:
    return EngineError("The query needs more memory than the database may use.", hint=hint)


def unanswered() -> EngineError:
    return EngineError("The database could not answer this query.")
