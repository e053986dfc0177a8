"""How it was before: the same groups, over the rows of earlier periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from laws.arithmetic import back, cut
from laws.atlas import Place, Refused
from laws.choosing import Query, compared_in, named_in, scales_of
from laws.evaluation import Back, Evaluation, Row, groups
from laws.values import Cell, Record
from penstock.model.types import DataType
from penstock.query.types import Json

_EXTRACTS: Final = ("weekday", "month_of_year", "hour_of_day", "day_of_month")
_FINEST: Final = ("", "second", "minute", "hour", "day", "week", "month", "quarter", "semester")
_TEMPORAL: Final = (DataType.DATE, DataType.TIMESTAMP)


def evolution_of(query: Query) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", query.get("evol", {}))


def depth_of(query: Query) -> int:
    return cast("int", evolution_of(query).get("depth", 1)) if evolution_of(query) else 0


def time_of(asked: Evaluation) -> str:
    """Return a name of the time that goes back: of the scale, else of the filter, else as said."""
    said = evolution_of(asked.query).get("field")
    if said is not None:
        return str(said)
    of_scales = [name for name, word in map(_split, scales_of(asked.query)) if _cuts(word)]
    of_filter = [name for part in asked.parts() for name in named_in(part)]
    for names in (of_scales, of_filter):
        times = {asked.places[n]: n for n in names if asked.type_of(n) in _TEMPORAL}
        if len(times) > 1:
            raise Refused("AMBIGUOUS_NAME")
        if times:
            return next(iter(times.values()))
    raise Refused("INVALID_QUERY")


def _split(scale: str) -> tuple[str, str]:
    name, colon, word = scale.rpartition(":")
    return (name, word) if colon else (scale, "")


def _cuts(word: str) -> bool:
    return word not in _EXTRACTS


@dataclass(frozen=True)
class Past:
    """What the groups by some scales were before."""

    asked: Evaluation
    scales: Sequence[str]

    @property
    def periods(self) -> range:
        return range(1, depth_of(self.asked.query) + 1)

    def members(self, keys: Row, period: int) -> Sequence[Record] | None:
        """Return the rows of the group as it was then; None where there were none."""
        time = time_of(self.asked)
        place = self.asked.places[time]
        axes = [i for i, scale in enumerate(self.scales) if self._is_axis(scale, place)]
        named = {self.asked.places[n] for part in self.asked.parts() for n in compared_in(part)}
        if not axes and place not in named:
            return None

        def before(cell: Cell) -> Cell:
            evolution = evolution_of(self.asked.query)
            mode = str(evolution.get("mode", "date"))
            return back(cell, str(evolution["scale"]), mode, period)

        wanted = list(keys)
        if axes:
            finest = min(axes, key=lambda i: _fineness(self.scales[i]))
            then = before(keys[finest])
            if then is None:
                return None
            for i in axes:
                word = _split(self.scales[i])[1]
                wanted[i] = cut(word, then) if word else then
        found = groups(self.asked, self.scales, Back(time, before))
        return found.get(tuple(wanted)) or None

    def _is_axis(self, scale: str, time: Place) -> bool:
        name, word = _split(scale)
        return self.asked.places[name] == time and _cuts(word)


def _fineness(scale: str) -> int:
    word = _split(scale)[1]
    return _FINEST.index(word) if word in _FINEST else len(_FINEST)
