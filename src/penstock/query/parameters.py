"""An argument as it came, in JSON or in a URL → a value of its parameter's type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from penstock.model.types import DataType
from penstock.query.types import Json, Value

_Key: TypeAlias = tuple[Decimal, str]

_MAX_EXPONENT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A typed value that a caller may give.

    Without one, and without a default, what it would fill is left out of the query, unless it is
    required. `minimum` and `maximum` are inclusive. A `many` takes a list.
    """

    name: str
    type: DataType
    default: Json = None
    required: bool = False
    many: bool = False
    allowed: tuple[str | float, ...] = ()
    minimum: str | float | None = None
    maximum: str | float | None = None
    title: str | None = None
    description: str | None = None


def describe(parameter: Parameter) -> str:
    said = f"It is of type {parameter.type}"
    if parameter.many:
        said = f"It is a list of type {parameter.type}"
    if parameter.allowed:
        said += f", one of {', '.join(map(str, parameter.allowed))}"
    if parameter.minimum is not None:
        said += f", {parameter.minimum} or more"
    if parameter.maximum is not None:
        said += f", {parameter.maximum} or less"
    return f"{said}."


def read_argument(parameter: Parameter, raw: Json) -> Json:
    """Return an argument as its type, None where there is none.

    Raises ValueError, its message the end of a sentence that starts with the parameter's name.
    """
    if raw is None:
        if parameter.required:
            raise ValueError("is required")
        return None
    if not parameter.many:
        return _read_one(parameter, raw)
    items = raw if isinstance(raw, list) else [raw]
    return [_read_one(parameter, item) for item in items]


def _read_one(parameter: Parameter, raw: Json) -> Value:
    if raw is None or isinstance(raw, Mapping) or not isinstance(raw, str | int | float):
        raise ValueError("takes one value" if isinstance(raw, list) else "takes a value")
    value, key = read_value(parameter.type, raw)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and key < read_value(parameter.type, low)[1]:
        raise ValueError(f"must be {low} or more, not {raw!r}")
    if high is not None and key > read_value(parameter.type, high)[1]:
        raise ValueError(f"must be {high} or less, not {raw!r}")
    if parameter.allowed and key not in _keys(parameter):
        raise ValueError(f"does not allow {raw!r}")
    return value


def _keys(parameter: Parameter) -> set[_Key]:
    return {read_value(parameter.type, value)[1] for value in parameter.allowed}


def read_value(type_: DataType, raw: str | float) -> tuple[Value, _Key]:
    """Return a value as its type, and what it sorts by among values of that type.

    Text is read as it comes in a URL: "3" is an integer. Raises ValueError.
    """
    try:
        return _READERS[type_](raw)
    except (ValueError, OverflowError, OSError, InvalidOperation) as error:
        raise ValueError(f"does not take {raw!r}") from error


def _number(raw: str | float) -> Decimal:
    text = raw if isinstance(raw, str) else repr(raw)
    if isinstance(raw, bool) or "_" in text or text != text.strip():
        raise ValueError(raw)
    number = Decimal(text)
    # 1e999999 is eight characters that take a minute to become an integer.
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError(raw)
    return number


def _read_integer(raw: str | float) -> tuple[Value, _Key]:
    number = _number(raw)
    if number != int(number) or abs(number) >= _BEYOND_INTEGERS:
        raise ValueError(raw)
    return int(number), (number, "")


def _read_float(raw: str | float) -> tuple[Value, _Key]:
    number = _number(raw)
    return float(number), (number, "")


def _read_decimal(raw: str | float) -> tuple[Value, _Key]:
    return raw, (_number(raw), "")


def _read_boolean(raw: str | float) -> tuple[Value, _Key]:
    word = str(raw).lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError(raw)
    return word in {"true", "1"}, (Decimal(word in {"true", "1"}), "")


def _read_string(raw: str | float) -> tuple[Value, _Key]:
    if not isinstance(raw, str):
        raise ValueError(raw)  # noqa: TRY004 - every misfit is a ValueError to the caller
    return raw, (Decimal(0), raw)


def _read_moment(raw: str | float) -> tuple[Value, _Key]:
    """Read ISO 8601, or seconds since 1970; the query's own reader takes it from there."""
    if not isinstance(raw, str) or raw.removeprefix("-").isdecimal():
        number = _number(raw)
        datetime.fromtimestamp(float(number), UTC)
        return raw, (number, "")
    moment = datetime.fromisoformat(raw)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return raw, (Decimal(repr(aware.timestamp())), "")


def _read_time(raw: str | float) -> tuple[Value, _Key]:
    moment = time.fromisoformat(str(raw))
    return raw, (Decimal(0), moment.isoformat("microseconds"))


_BEYOND_INTEGERS: Final = 1 << 63

_READERS: Final[Mapping[DataType, Callable[[str | float], tuple[Value, _Key]]]] = {
    DataType.BOOLEAN: _read_boolean,
    DataType.INTEGER: _read_integer,
    DataType.FLOAT: _read_float,
    DataType.DECIMAL: _read_decimal,
    DataType.STRING: _read_string,
    DataType.DATE: _read_moment,
    DataType.TIMESTAMP: _read_moment,
    DataType.TIMESTAMP_TZ: _read_moment,
    DataType.TIME: _read_time,
}

PARAMETER_TYPES: Final = tuple(_READERS)
"""The types a parameter can have: those whose values can be written in a URL."""
