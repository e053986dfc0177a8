"""`evol` → how far to go back, how often, and by which calendar."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.errors import LimitError, suggestion
from penstock.query.conditions import Reader
from penstock.query.types import Evolution, Granularity, Json, Mode
from penstock.query.words import EVOLUTION, PERIODS

_HINT = 'Write {"scale": "month", "depth": 1}.'


def read_evolution(reader: Reader, raw: Json) -> Evolution | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        reader.unexpected("/evol", "'evol' is an object.", _HINT)
        return None
    reader.known_keys(raw, EVOLUTION, "/evol")
    field = raw.get("field")
    if field is not None and not isinstance(field, str):
        reader.unexpected("/evol/field", "'evol.field' is the name of a date or a timestamp.")
        field = None
    return Evolution(
        scale=_scale(reader, raw.get("scale")),
        mode=_mode(reader, raw.get("mode", Mode.DATE.value)),
        depth=_depth(reader, raw.get("depth", 1)),
        field=field,
    )


def _scale(reader: Reader, raw: Json) -> Granularity:
    words = {period.value: period for period in PERIODS}
    word = raw.lower() if isinstance(raw, str) else ""
    if word not in words:
        hint = suggestion(word, tuple(words)) or f"The periods are {', '.join(words)}."
        said = "'evol.scale' is missing: it says how far to go back."
        known = said if raw is None else f"One cannot go back by {raw!r}."
        reader.unexpected("/evol/scale", known, hint)
    return words.get(word, Granularity.YEAR)


def _mode(reader: Reader, raw: Json) -> Mode:
    try:
        return Mode(str(raw).lower())
    except ValueError:
        reader.unexpected(
            "/evol/mode",
            f"There is no mode {raw!r}.",
            "'date' goes back to the same date, 'weekday' by whole weeks.",
        )
        return Mode.DATE


def _depth(reader: Reader, raw: Json) -> int:
    most = reader.limits.max_evolution
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 1:
        reader.unexpected("/evol/depth", "'evol.depth' is a number of periods, 1 or more.")
        return 1
    if raw > most:
        said = f"The depth of {raw} periods is over the {most} that may be asked for."
        reader.note(LimitError(said, pointer="/evol/depth"))
        return 1
    return raw
