"""`total` → subtotals, each by some of the query's scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.errors import LimitError, QueryError, suggestion
from penstock.query.conditions import Reader, escape
from penstock.query.types import Json, Scale, Total

_MOST = 16
"""Each may be a reading of the table of its own."""

_HINT = 'Write {"all": [], "by carrier": ["carrier"]}.'


def read_totals(reader: Reader, raw: Json, scales: Sequence[Scale]) -> tuple[Total, ...]:
    """Read `{name: [scales kept]}`; the scales are named as in `scale.fields`."""
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        reader.unexpected("/total", "'total' is an object.", _HINT)
        return ()
    if len(raw) > _MOST:
        said = f"The query has {len(raw)} totals; {_MOST} at most."
        reader.note(LimitError(said, pointer="/total"))
        return ()
    return tuple(_total(reader, name, kept, scales) for name, kept in raw.items())


def _total(reader: Reader, name: str, raw: Json, scales: Sequence[Scale]) -> Total:
    pointer = f"/total/{escape(name)}"
    if not isinstance(raw, list):
        reader.unexpected(pointer, f"The scales of the total {name!r} are a list.", _HINT)
        raw = []
    words = {scale.name.lower(): scale.name for scale in scales}
    kept: dict[str, None] = {}
    for i, item in enumerate(raw):
        for j, word in enumerate(item if isinstance(item, list) else [item]):
            place = f"{pointer}/{i}/{j}" if isinstance(item, list) else f"{pointer}/{i}"
            found = words.get(word.lower()) if isinstance(word, str) else None
            if found is None:
                reader.note(_unknown(word, tuple(words.values()), place))
            else:
                kept[found] = None
    return Total(name, tuple(kept), reader.slot(reader.limits.max_rows), pointer)


def _unknown(word: Json, names: tuple[str, ...], pointer: str) -> QueryError:
    known = f"The scales are {', '.join(names)}." if names else "The query has no scale."
    return QueryError(
        f"{word!r} is not a scale of the query, so no total can keep it.",
        hint=suggestion(str(word), names) or known,
        pointer=pointer,
    )
