"""The body of a question in SQL → its shape and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.errors import (
    InvalidParameterError,
    LimitError,
    PenstockError,
    QueryError,
    UnknownKeyError,
    raise_all,
    suggestion,
)
from penstock.model.types import DataType
from penstock.query.conditions import escape
from penstock.query.types import Frozen, Json, Limits, Value

KEYS: Final = ("sql", "dialect", "parameters", "limit", "database_name")

_HINT: Final = 'Write {"sql": "SELECT carrier, COUNT(*) FROM flights GROUP BY carrier"}.'
_MOST: Final = 256


class Argument(Frozen, frozen=True):
    """A value that stands where the SQL says `:name`.

    `slots` number its values, none where it is null. A `many` is a list. Without a `type` it is
    read as what it is compared with.
    """

    name: str
    type: DataType | None
    slots: tuple[int, ...]
    many: bool = False


class SQLQuery(Frozen, frozen=True, kw_only=True):
    """The shape of a question in SQL. `limit` is the number of rows asked for beside the SQL."""

    text: str
    dialect: str | None = None
    arguments: tuple[Argument, ...] = ()
    limit: int | None = None
    limited: bool = False
    database_name: str | None = None


class SQLAsked(Frozen, frozen=True):
    """A shape and its values, `values[slot]` filling each slot of its arguments."""

    query: SQLQuery
    values: tuple[Value, ...]


def read_sql(raw: Json, limits: Limits, types: Mapping[str, DataType] | None = None) -> SQLAsked:
    """Read a decoded body; `types` are those of the parameters that are declared.

    Raises everything that is wrong with its form, all at once.
    """
    if not isinstance(raw, Mapping):
        raise QueryError("A question in SQL is a JSON object.", hint=_HINT)
    problems: list[PenstockError] = _unknown_keys(raw)
    values: list[Value] = []
    text = raw.get("sql")
    if not isinstance(text, str) or not text.strip():
        problems.append(QueryError("'sql' is missing: a SELECT.", hint=_HINT, pointer="/sql"))
    query = SQLQuery(
        text=text if isinstance(text, str) else "",
        dialect=_name(raw, "dialect", problems),
        arguments=_arguments(raw.get("parameters"), types or {}, values, problems),
        limit=_limit(raw, limits, problems),
        limited="limit" in raw,
        database_name=_name(raw, "database_name", problems),
    )
    raise_all(problems)
    return SQLAsked(query, tuple(values))


def _unknown_keys(raw: Mapping[str, Json]) -> list[PenstockError]:
    return [
        UnknownKeyError(
            f"Unknown key {key!r}.",
            hint=suggestion(key, KEYS) or f"The keys here are {', '.join(KEYS)}.",
            pointer=f"/{escape(key)}",
        )
        for key in list(raw)[:_MOST]
        if key not in KEYS
    ]


def _name(raw: Mapping[str, Json], key: str, problems: list[PenstockError]) -> str | None:
    name = raw.get(key)
    if name is None or isinstance(name, str):
        return name
    problems.append(QueryError(f"{key!r} is a name.", pointer=f"/{key}"))
    return None


def _limit(raw: Mapping[str, Json], limits: Limits, problems: list[PenstockError]) -> int | None:
    limit = raw.get("limit")
    if limit is None:
        return limits.max_rows if "limit" in raw else None
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        problems.append(
            QueryError("'limit' is a number of rows, 0 or more, or null.", pointer="/limit")
        )
        return None
    if limit > limits.max_rows:
        problems.append(
            LimitError(
                f"The limit of {limit} rows is over the {limits.max_rows} that may be asked for.",
                hint="Ask for fewer rows.",
                pointer="/limit",
            )
        )
    return limit


def _arguments(
    raw: Json,
    types: Mapping[str, DataType],
    values: list[Value],
    problems: list[PenstockError],
) -> tuple[Argument, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, Mapping) or len(raw) > _MOST:
        said = f"'parameters' is an object of {_MOST} values at most."
        problems.append(InvalidParameterError(said, pointer="/parameters"))
        return ()
    found: list[Argument] = []
    for name, value in raw.items():
        items = _scalars(value)
        if items is None:
            problems.append(
                InvalidParameterError(
                    f"{name!r} is not text, a number, true, false or null, nor a list of values.",
                    pointer=f"/parameters/{escape(name)}",
                )
            )
            continue
        first = len(values)
        values.extend(items)
        slots = tuple(range(first, len(values)))
        many = isinstance(value, list)
        found.append(Argument(name, types.get(name) or _type(items), slots, many))
    return tuple(found)


def _scalars(raw: Json) -> list[Value] | None:
    """Return the values of a parameter, none for null; None where they are no values."""
    if raw is None:
        return []
    items = raw if isinstance(raw, list) else [raw]
    kept: list[Value] = [item for item in items if isinstance(item, str | int | float)]
    return kept if len(kept) == len(items) else None


def _type(values: list[Value]) -> DataType | None:
    """Return what a list of values is; text is whatever it is compared with."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return DataType.BOOLEAN
    if kinds == {int}:
        return DataType.INTEGER
    return DataType.FLOAT if kinds and kinds <= {int, float} else None
