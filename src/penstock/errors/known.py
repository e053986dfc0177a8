"""What a caller of an API can see. A code, once published, keeps its meaning (docs/errors.md).

PenstockError
├── QueryError           400  the query is wrong            (query, plan, bind)
├── AuthenticationError  401  we do not know who is asking
├── ForbiddenError       403  we know, and they may not
├── NotFoundError        404  no such saved query, no such page
├── NotAcceptableError   406  no such format
├── TooLargeError        413  the body, the depth, the list
├── BusyError            503  too many at once, come back
├── UnavailableError     503  the database is down
├── StateError           503  our own state file cannot be used
├── QueryTimeoutError    504  the statement took too long
├── EngineError          500  the database refused what we sent
└── ConfigurationError    –   a project, a setting or an option is wrong (CLI, start-up)
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What went wrong, in words that HTTP and a shell can both translate."""

    QUERY = "the query is wrong"
    AUTHENTICATION = "who are you"
    PERMISSION = "you may not"
    NOT_FOUND = "there is no such thing"
    METHOD = "this method does not apply here"
    NOT_ACCEPTABLE = "no such format"
    TOO_LARGE = "too large"
    UNSUPPORTED = "it cannot be read in this form"
    BUSY = "too many at once"
    THROTTLED = "too often"
    UNAVAILABLE = "the database is down"
    TIMEOUT = "too slow"
    ENGINE = "the database refused"
    CONFIGURATION = "the configuration is wrong"
    CONFLICT = "not in this state"
    CHANGED = "somebody else was faster"
    UNCONDITIONAL = "say which state you mean"
    UNFIT = "it is not fit for this"
    FULL = "there is no room left"


class PenstockError(Exception):
    """A stable code, a sentence, a way forward, and where."""

    code: ClassVar[str] = "ERROR"
    kind: ClassVar[Kind] = Kind.ENGINE
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        pointer: str | None = None,
        position: tuple[int, int] | None = None,
    ) -> None:
        """`position` is the line and column in a text of the caller's, counted from 1."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.pointer = pointer
        self.position = position

    @property
    def parts(self) -> tuple[PenstockError, ...]:
        """Every problem this error stands for: itself, unless it gathers several."""
        return (self,)

    @property
    def told(self) -> str:
        """The sentence and its way forward, where there is one line for both."""
        if self.hint is None:
            return self.detail
        stop = "" if self.detail.endswith((".", "!", "?", "…")) else "."
        return f"{self.detail}{stop} {self.hint}"


class QueryError(PenstockError):
    """The query as written cannot be answered."""

    code = "INVALID_QUERY"
    kind = Kind.QUERY
    title = "The query is not valid"


class InvalidJSONError(QueryError):
    code = "INVALID_JSON"
    title = "The body is not valid JSON"


class UnknownKeyError(QueryError):
    code = "UNKNOWN_KEY"
    title = "The query has a key we do not know"


class UnknownComputeError(QueryError):
    code = "UNKNOWN_COMPUTE"
    title = "There is no such compute"


class UnknownOperatorError(QueryError):
    code = "UNKNOWN_OPERATOR"
    title = "There is no such filter operator"


class InvalidValueError(QueryError):
    """A value cannot be read as its attribute's type."""

    code = "INVALID_VALUE"
    title = "A value does not fit its attribute"


class LimitError(QueryError):
    """More rows, values, conditions or nesting than the project allows."""

    code = "LIMIT_EXCEEDED"
    title = "The query asks for more than the project allows"


class UnknownParameterError(QueryError):
    code = "UNKNOWN_PARAMETER"
    title = "The saved query has no such parameter"


class InvalidParameterError(QueryError):
    """An argument that its parameter's type, or what it allows, does not take."""

    code = "INVALID_PARAMETER"
    title = "An argument does not fit its parameter"


class NotSupportedError(QueryError):
    """A part of the language that this version does not answer."""

    code = "NOT_SUPPORTED"
    title = "This part of the language is not available"


class ComputeNotAllowedError(QueryError):
    """A compute that the attribute's type or formula does not allow."""

    code = "COMPUTE_NOT_ALLOWED"
    title = "This compute does not apply to this attribute"


class AmbiguousNameError(QueryError):
    code = "AMBIGUOUS_NAME"
    title = "The name means several things"


class NoTableError(QueryError):
    """The forced table does not exist, or not for this caller."""

    code = "NO_TABLE"
    title = "There is no such table"


class NoTableFoundError(QueryError):
    """No table the caller sees has all the attributes asked for."""

    code = "NO_TABLE_FOUND"
    title = "No table has all these attributes"


class EmptyTableError(QueryError):
    code = "EMPTY_TABLE"
    title = "The table has no rows"


class EmptyTablesError(QueryError):
    code = "EMPTY_TABLES"
    title = "Every table that could answer has no rows"


class SQLSyntaxError(QueryError):
    """A text that is not SQL, or SQL whose parts do not go together."""

    code = "INVALID_SQL"
    title = "The SQL is not valid"


class SQLNotAllowedError(QueryError):
    """SQL beyond one SELECT made of what is on the list of what is allowed."""

    code = "SQL_NOT_ALLOWED"
    title = "The SQL holds what is not allowed"


class UnknownColumnError(QueryError):
    """SQL names a column that nothing it reads has, or not for this caller."""

    code = "UNKNOWN_COLUMN"
    title = "There is no such column"


class SeveralErrors(PenstockError):  # noqa: N818 it is the plural of the others
    """Several problems of one request, reported at once; the first one speaks for all."""

    def __init__(self, errors: Sequence[PenstockError]) -> None:
        first = errors[0]
        super().__init__(first.detail, hint=first.hint, pointer=first.pointer)
        self.errors = tuple(errors)

    @property
    def parts(self) -> tuple[PenstockError, ...]:
        return self.errors


class AuthenticationError(PenstockError):
    """Missing, unknown, wrong or expired: one code and one sentence for all of them."""

    code = "UNAUTHENTICATED"
    kind = Kind.AUTHENTICATION
    title = "Authentication is required"


class SeveralCredentialsError(PenstockError):
    code = "SEVERAL_CREDENTIALS"
    kind = Kind.QUERY
    title = "Send one credential only"


class ForbiddenError(PenstockError):
    """The caller is known, and may not."""

    code = "FORBIDDEN"
    kind = Kind.PERMISSION
    title = "You may not do this"


class MissingAttributeError(ForbiddenError):
    """A row filter needs something that the credential does not carry."""

    code = "MISSING_ATTRIBUTE"
    title = "Your credential lacks an attribute that a row filter needs"


class NotFoundError(PenstockError):
    code = "NOT_FOUND"
    kind = Kind.NOT_FOUND
    title = "There is no such thing"


class MethodNotAllowedError(PenstockError):
    code = "METHOD_NOT_ALLOWED"
    kind = Kind.METHOD
    title = "This method does not apply here"


class NotAcceptableError(PenstockError):
    code = "NOT_ACCEPTABLE"
    kind = Kind.NOT_ACCEPTABLE
    title = "There is no such format"


class TooLargeError(PenstockError):
    code = "TOO_LARGE"
    kind = Kind.TOO_LARGE
    title = "The request is too large"


class UnsupportedEncodingError(PenstockError):
    code = "UNSUPPORTED_ENCODING"
    kind = Kind.UNSUPPORTED
    title = "The body is in a coding that is not read here"


class BusyError(PenstockError):
    """Too many queries at once; `retry_after` says in how many seconds to come back."""

    code = "BUSY"
    kind = Kind.BUSY
    title = "Too many queries at once"
    retry_after: int = 1


class UnavailableError(PenstockError):
    code = "DATABASE_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title = "The database cannot be reached"


class ApiUnavailableError(PenstockError):
    """The gateway knows the API, and has no node that answers for it."""

    code = "API_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title = "The API does not serve at the moment"


class InvalidHTTPError(PenstockError):
    """The gateway cannot read the request, or could read it in two ways."""

    code = "INVALID_HTTP"
    kind = Kind.QUERY
    title = "The request is not valid HTTP"


class QueryTimeoutError(PenstockError):
    code = "TIMEOUT"
    kind = Kind.TIMEOUT
    title = "The query took too long"


class QueryCancelledError(PenstockError):
    """The caller left; nobody reads this, but the log does."""

    code = "CANCELLED"
    kind = Kind.TIMEOUT
    title = "The query was cancelled"


class EngineError(PenstockError):
    """The database refused or failed. The caller never sees its words, the log does."""

    code = "ERROR"
    kind = Kind.ENGINE
    title = "The database could not answer"


class UncomputableError(EngineError):
    """A function or a cast had a value that it has no answer for: the query is not to blame."""


class DataExceptionError(PenstockError):
    """The same where the caller wrote the function or the cast: SQL's data exception."""

    code = "DATA_EXCEPTION"
    kind = Kind.QUERY
    title = "A value cannot be computed"


class ResultOverflowError(PenstockError):
    """A sum is larger than its type holds: better no number than a wrong one."""

    code = "NUMERIC_OVERFLOW"
    kind = Kind.QUERY
    title = "A number is too large for its type"


class ConfigurationError(PenstockError):
    code = "CONFIGURATION"
    kind = Kind.CONFIGURATION
    title = "The configuration is wrong"


class StateError(PenstockError):
    """The file under PENSTOCK_HOME is locked, damaged, of another version, or not ours to open."""

    code = "STATE_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title = "The state file cannot be used"


def raise_all(errors: Sequence[PenstockError]) -> None:
    """Raise nothing, the one, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralErrors(errors)


def suggestion(name: str, known: Sequence[str]) -> str | None:
    """Return "Did you mean 'x'?" when a known name is close enough."""
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else None
