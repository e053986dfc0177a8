"""Template + the values of one request → statement. Each value is read as its attribute's type."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from penstock.errors import ForbiddenError, InvalidValueError, PenstockError, raise_all
from penstock.model.types import DataType
from penstock.plan.types import Parameter
from penstock.query.periods import resolve_period
from penstock.query.types import Value
from penstock.sql.lists import write_list
from penstock.sql.shift import go_back
from penstock.sql.types import (
    Bound,
    Edge,
    Listed,
    Marker,
    Part,
    Pattern,
    Sought,
    Statement,
    Template,
    WholeStatement,
    WholeTemplate,
)

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - timestamps without zone have none
_UTC = "UTC"
_INT64 = 1 << 63
_ENOUGH = 100
_SHOWN = 80


def bind_values(
    template: Template, values: Sequence[Value], guard_values: Sequence[Value], now: datetime
) -> Statement:
    """Fill a template; `now`, aware, says which days are meant by `last 30 days`.

    Raises InvalidValueError for each value of the query that its attribute's type cannot hold;
    ForbiddenError if one of the caller's own attributes, in a row filter, does not fit.
    """
    problems: list[PenstockError] = []
    given = _Given(values, guard_values, now, problems)
    bound = tuple([given.fill(marker) for marker in template.markers])
    if not template.parts:
        raise_all(problems)
        return Statement(template.text, bound, template.types)
    parts = _bind_parts(template, values, guard_values, now, problems)
    raise_all(problems)
    whole = template.whole
    asked = None if whole is None else _bind_whole(whole, values, guard_values, now)
    return Statement(template.text, bound, template.types, parts, asked)


@dataclass(slots=True)
class _Given:
    """What a request gives, and what is wrong with it."""

    values: Sequence[Value]
    guard_values: Sequence[Value]
    now: datetime
    problems: list[PenstockError]

    def fill(self, marker: Marker | Listed | Sought) -> Bound:
        match marker:
            case Marker():
                return self.read(marker)
            case Listed():
                return self.read_list(marker)
            case Sought():
                return None  # it is not found yet
            case unreachable:
                assert_never(unreachable)

    def read(self, marker: Marker) -> Bound:
        """Return what fills a placeholder; None, and a problem, where the value does not fit."""
        slot = marker.parameter.slot
        value = self.guard_values[slot.index] if slot.guard else self.values[slot.index]
        try:
            return _read(marker, value, self.now)
        except (ValueError, OverflowError, InvalidOperation):
            if len(self.problems) < _ENOUGH:
                self.problems.append(_unfit(marker, value))
            return None

    def read_list(self, listed: Listed) -> str:
        found = [self.read(marker) for marker in listed.markers]
        return "" if self.problems else write_list(found, listed.writing)


def _bind_parts(
    template: Template,
    values: Sequence[Value],
    guard_values: Sequence[Value],
    now: datetime,
    problems: list[PenstockError],
) -> tuple[Part, ...]:
    """Fill the parts too; what is wrong with a value is said once, however many it goes to."""
    parts: list[Part] = []
    for part in template.parts:
        try:
            statement = bind_values(part.template, values, guard_values, now)
            parts.append(Part(part.fragment, statement))
        except PenstockError as error:
            known = {(type(problem), problem.pointer) for problem in problems}
            problems += [each for each in error.parts if (type(each), each.pointer) not in known]
    return tuple(parts)


def _bind_whole(
    whole: WholeTemplate, values: Sequence[Value], guard_values: Sequence[Value], now: datetime
) -> WholeStatement:
    """Fill what may be asked instead: its values are those of the parts, and were found to fit."""
    statement = bind_values(whole.template, values, guard_values, now)
    sought = [marker if isinstance(marker, Sought) else None for marker in whole.template.markers]
    return WholeStatement(whole.database, whole.part, statement, tuple(sought))


def _read(marker: Marker, value: Value, now: datetime) -> Bound:
    """Return what fills a placeholder. Raises ValueError, OverflowError, InvalidOperation."""
    parameter, reading = marker.parameter, marker.reading
    if isinstance(reading, Edge):
        return _edge(parameter, reading, str(value), now)
    if parameter.type is DataType.TIMESTAMP_TZ and parameter.zone != _UTC:
        value = _by_clocks(value, parameter.zone)
    bound = _READ[parameter.type](value)
    if reading is not None:
        return _pattern(reading, bound)
    return bound if parameter.back is None else go_back(bound, parameter.back)


def _by_clocks(value: Value, zone: str) -> Value:
    """Return text of a time without zone as the moment at which the zone's clocks show it."""
    if not isinstance(value, str) or _seconds(value) is not None:
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.replace(tzinfo=ZoneInfo(zone)).isoformat() if moment.tzinfo is None else value


def _edge(parameter: Parameter, edge: Edge, text: str, now: datetime) -> Bound:
    zone = ZoneInfo(parameter.zone)
    first, after = resolve_period(text, now.astimezone(zone).date())
    day: Bound = first if edge is Edge.FIRST else after
    if parameter.back is not None:
        day = go_back(day, parameter.back)
    if parameter.type is DataType.DATE or not isinstance(day, date):
        return day
    midnight = datetime.combine(day, time())
    if parameter.type is DataType.TIMESTAMP:
        return midnight
    return midnight.replace(tzinfo=zone).astimezone(UTC)


def _unfit(marker: Marker, value: Value) -> PenstockError:
    parameter = marker.parameter
    if parameter.slot.guard:
        return ForbiddenError(
            "An attribute of your credential does not fit the row filter it decides.",
            hint="Ask for a credential whose attributes have the expected form.",
        )
    shown = repr(value) if len(repr(value)) <= _SHOWN else f"{repr(value)[:_SHOWN]}…"
    whose = f"of {parameter.attribute!r}, which is of" if parameter.attribute else "of"
    return InvalidValueError(
        f"{shown} is not a value {whose} type {parameter.type}.",
        hint=_HINTS.get(parameter.type),
        pointer=parameter.pointer,
    )


_HINTS: Final[Mapping[DataType, str]] = {
    DataType.DATE: "Write a date as '2013-01-31', or as seconds since 1970.",
    DataType.TIMESTAMP: "Write a time as '2013-01-31T10:00:00', or as seconds since 1970.",
    DataType.TIMESTAMP_TZ: "Write a time as '2013-01-31T10:00:00Z', or as seconds since 1970.",
    DataType.TIME: "Write a time of day as '10:00:00'.",
    DataType.BOOLEAN: "Write true or false.",
    DataType.INTEGER: "Write a whole number.",
    DataType.BYTES: "Write bytes in base64.",
}


def _pattern(pattern: Pattern, value: Bound) -> Bound:
    if not isinstance(value, str):
        return value
    literal = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    before = "%" if pattern is not Pattern.START else ""
    after = "%" if pattern is not Pattern.END else ""
    return f"{before}{literal}{after}"


def _boolean(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError(word)
    return word in {"true", "1"}


def _integer(value: Value) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = value if isinstance(value, int) else int(_text_of_number(value))
    if isinstance(value, bool) or not -_INT64 <= number < _INT64:
        raise ValueError(value)
    return number


def _text_of_number(value: Value) -> str:
    """Return text that may be a number; Python reads '1_000' and ' 1 ' as numbers, SQL does not."""
    if not isinstance(value, str) or "_" in value or value != value.strip():
        raise ValueError(value)
    return value


def _float(value: Value) -> float:
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    number = float(_text_of_number(value)) if isinstance(value, str) else float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _decimal(value: Value) -> Decimal:
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    number = Decimal(_text_of_number(value) if isinstance(value, str) else repr(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _string(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    return repr(value)


def _seconds(value: Value) -> float | None:
    """Return seconds since 1970 where the value is a number, or text of digits."""
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004 - every misfit is a ValueError to the caller
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None


def _moment(value: Value) -> datetime:
    """Return a time, aware where the text has a zone or the value counts seconds."""
    seconds = _seconds(value)
    if seconds is not None:
        return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=UTC)
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - every misfit is a ValueError to the caller
    return datetime.fromisoformat(value)


def _timestamp(value: Value) -> datetime:
    moment = _moment(value)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _timestamp_tz(value: Value) -> datetime:
    moment = _moment(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _date(value: Value) -> date:
    moment = _timestamp(value)
    if _seconds(value) is None and moment.time() != time():
        raise ValueError(value)
    return moment.date()


def _time(value: Value) -> time:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - every misfit is a ValueError to the caller
    found = time.fromisoformat(value)
    if found.tzinfo is not None:
        raise ValueError(value)
    return found


def _bytes(value: Value) -> bytes:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - every misfit is a ValueError to the caller
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(value) from error


_READ: Final[Mapping[DataType, Callable[[Value], Bound]]] = {
    DataType.BOOLEAN: _boolean,
    DataType.INTEGER: _integer,
    DataType.FLOAT: _float,
    DataType.DECIMAL: _decimal,
    DataType.STRING: _string,
    DataType.DATE: _date,
    DataType.TIMESTAMP: _timestamp,
    DataType.TIMESTAMP_TZ: _timestamp_tz,
    DataType.TIME: _time,
    DataType.BYTES: _bytes,
    DataType.JSON: _string,
}
