"""What somebody types for a key's options -> values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from penstock.auth.principal import AttributeValue, Scalar
from penstock.errors import ConfigurationError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", re.ASCII)
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:*/-]{0,99}", re.ASCII)
_NAME_LENGTH = 100


def parse_name(text: str) -> str:
    """Return a key's name: printable, as it is shown in terminals and logs."""
    if not 0 < len(text) <= _NAME_LENGTH or not text.isprintable() or text != text.strip():
        raise ConfigurationError(
            f"{text!r} cannot be the name of a key.",
            hint=f"Use 1 to {_NAME_LENGTH} printable characters, such as 'sales dashboard'.",
        )
    return text


def parse_duration(text: str, option: str) -> float:
    """Return seconds: `90d`, `12h`, `2w`, `30m`, `45s`."""
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if seconds == 0:
        raise ConfigurationError(
            f"{option} {text!r} is not a duration.",
            hint="Write a number and a unit (s, m, h, d, w), such as 90d or 12h.",
        )
    return float(seconds)


def parse_words(texts: Iterable[str], option: str) -> tuple[str, ...]:
    """Return role or permission names, each once."""
    for text in texts:
        if _WORD.fullmatch(text) is None:
            raise ConfigurationError(
                f"{option} {text!r} is not a name.",
                hint=f"Give one name per {option}; repeat the option for more.",
            )
    return tuple(dict.fromkeys(texts))


def parse_attributes(texts: Iterable[str]) -> dict[str, AttributeValue]:
    """Return `name=value` pairs as attributes."""
    found: dict[str, AttributeValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or _ATTRIBUTE_NAME.fullmatch(name) is None:
            raise ConfigurationError(
                f"--attribute {text!r} is not name=value.",
                hint="Write --attribute station=JFK, or --attribute stations=JFK,LGA for a list.",
            )
        if name in found:
            raise ConfigurationError(
                f"The attribute {name!r} is given twice.",
                hint=f"Write a list with commas: --attribute {name}=JFK,LGA",
            )
        found[name] = _value(value, text)
    return found


def _value(text: str, option: str) -> AttributeValue:
    """Read JSON where somebody clearly wrote it, a list where there are commas, else one value."""
    if text.startswith(("[", '"')):
        return _json(text, option)
    if "," in text:
        return tuple(_scalar(part.strip(), option) for part in text.split(",") if part.strip())
    return _scalar(text, option)


def _scalar(text: str, option: str) -> Scalar:
    """Read one value. Not everything JSON calls a number is one here: `1E5` is an airport."""
    if not text:
        raise _no_value(option)
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _json(text: str, option: str) -> AttributeValue:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_value(option) from error
    if not isinstance(found, list):
        return _known_scalar(found, option)
    return tuple(_known_scalar(item, option) for item in found)


def _known_scalar(found: object, option: str) -> Scalar:
    if isinstance(found, str | int) or (isinstance(found, float) and abs(found) < float("inf")):
        return found
    raise _no_value(option)


def _no_value(option: str) -> ConfigurationError:
    return ConfigurationError(
        f"--attribute {option!r} has a value that cannot be used.",
        hint="A value is a text, a number, true or false, or a list of them: "
        "stations=JFK,LGA or 'stations=[\"JFK\"]'.",
    )
