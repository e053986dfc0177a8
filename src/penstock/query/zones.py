"""`timezone` → the name of a time zone."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from penstock.errors import suggestion
from penstock.query.conditions import Reader
from penstock.query.types import Json


def read_timezone(reader: Reader, raw: Json) -> str:
    """Return the zone that days are of; the project's own where the query names none."""
    if raw is None:
        return reader.limits.timezone
    if isinstance(raw, str) and is_timezone(raw):
        return raw
    reader.unexpected("/timezone", *unknown_timezone(str(raw)))
    return reader.limits.timezone


def unknown_timezone(name: str) -> tuple[str, str]:
    """Return what to say of a time zone that there is not, and a way forward."""
    hint = suggestion(name, tuple(_zones())) or "Write an IANA name, such as 'Europe/Paris'."
    return f"There is no time zone {name!r}.", hint


def is_timezone(name: str) -> bool:
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    # Read from the system once; a name outside it could say anything to a database.
    return frozenset(available_timezones() - {"localtime"})
