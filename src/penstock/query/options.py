"""`options` → how a sheet shows the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from penstock.errors import QueryError, suggestion
from penstock.query.conditions import Reader
from penstock.query.types import Json, Layout, Query
from penstock.query.words import OPTIONS

_AXES: Final = ("x", "y")
_HINT: Final = 'Write {"scales": {"x": ["flight_date:month"], "y": ["carrier"]}}.'


def read_options(reader: Reader, raw: Json, query: Query) -> Layout | None:
    """Read `{"scales": {"x": […], "y": […]}, "collapse": true}`, None where nothing is said.

    The scales are named as in `scale.fields`. An axis that is not written has those that the other
    one leaves.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        reader.unexpected("/options", "'options' is an object.", _HINT)
        return None
    reader.known_keys(raw, OPTIONS, "/options")
    collapse = _collapse(reader, raw.get("collapse"), query)
    if raw.get("scales") is None:
        return Layout(None, None, collapse) if collapse else None
    x, y = _scales(reader, raw["scales"], [scale.name for scale in query.scales])
    if query.totals:
        reader.note(
            QueryError(
                "A pivot has no totals: it is one table.",
                hint="Leave out 'total' or 'options.scales', or ask for the totals by themselves.",
                pointer="/options/scales",
            )
        )
    return Layout(x, y, collapse)


def _collapse(reader: Reader, raw: Json, query: Query) -> bool:
    if raw is not None and not isinstance(raw, bool):
        reader.unexpected("/options/collapse", "'collapse' is true or false.")
        return False
    if raw and not query.scales:
        reader.unexpected(
            "/options/collapse",
            "'collapse' merges the labels of scales, and the query has no scale.",
            'Write {"scale": {"fields": ["carrier"]}}.',
        )
    return bool(raw)


def _scales(reader: Reader, raw: Json, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pointer = "/options/scales"
    if not isinstance(raw, Mapping):
        reader.unexpected(pointer, "'options.scales' is an object.", _HINT)
        return (), ()
    reader.known_keys(raw, _AXES, pointer)
    if all(raw.get(axis) is None for axis in _AXES):
        reader.unexpected(pointer, "A pivot needs the scales of 'x', of 'y', or of both.", _HINT)
    placed: dict[str, str] = {}
    for axis in _AXES:
        for word, place in _words(reader, raw.get(axis), f"{pointer}/{axis}"):
            _place(reader, (word, place), names, placed)
    left = [name for name in names if name not in placed]
    missing = [axis for axis in _AXES if raw.get(axis) is None]
    if missing:
        placed |= dict.fromkeys(left, f"{pointer}/{missing[0]}/")
    else:
        for name in left:
            said = f"The scale {name!r} is neither in 'x' nor in 'y'."
            reader.unexpected(pointer, said, "A pivot has a place for each scale.")
    return _of(placed, f"{pointer}/x/"), _of(placed, f"{pointer}/y/")


def _of(placed: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(name for name, place in placed.items() if place.startswith(prefix))


def _words(reader: Reader, raw: Json, pointer: str) -> Iterator[tuple[Json, str]]:
    """Yield each name of an axis and its place; a composite scale is a list of its members."""
    if raw is None:
        return
    if not isinstance(raw, list):
        reader.unexpected(pointer, "The scales of an axis are a list.", _HINT)
        return
    for i, item in enumerate(raw):
        if isinstance(item, list):
            yield from ((member, f"{pointer}/{i}/{j}") for j, member in enumerate(item))
        else:
            yield item, f"{pointer}/{i}"


def _place(
    reader: Reader, named: tuple[Json, str], names: list[str], placed: dict[str, str]
) -> None:
    word, pointer = named
    known = {name.lower(): name for name in names}
    name = known.get(word.lower()) if isinstance(word, str) else None
    if name is None:
        listed = f"The scales are {', '.join(names)}." if names else "The query has no scale."
        hint = suggestion(str(word), names) or listed
        reader.unexpected(pointer, f"{word!r} is not a scale of the query.", hint)
    elif name in placed:
        reader.unexpected(pointer, f"The scale {name!r} has its place already: {placed[name]}.")
    else:
        placed[name] = pointer
