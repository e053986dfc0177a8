"""A column's values → the cells of a sheet, as XML, each as exact as a spreadsheet can hold it.

A spreadsheet's numbers are doubles, of which it shows 15 digits: what has more is a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from penstock.encode.json_text import is_nested, json_text
from penstock.encode.text import Kind, content, joined, plain, text_of, ticks_of


class Style(IntEnum):
    """The formats of `xlsx_book`, in its order."""

    GENERAL = 0
    HEADER = 1
    DATE = 2
    MOMENT = 3
    EXACT_MOMENT = 4
    TIME = 5
    EXACT_TIME = 6


@dataclass(frozen=True, slots=True)
class Cells:
    """What follows the address in the XML of each cell; a null is no cell at all."""

    before: str
    values: pa.StringArray
    after: str

    @property
    def complete(self) -> pa.StringArray:
        return joined(self.before, self.values, self.after)

    def addressed(self, letters: str, rows: pa.StringArray) -> list[pa.StringArray | str]:
        """Return the words that make a column's cells; `rows` are the numbers of their rows."""
        words = [f'<c r="{letters}', rows, self.before, self.values, self.after]
        return words if self.values.null_count == 0 else [joined(*words)]


def cells_of(array: pa.Array, style: Style = Style.GENERAL) -> Cells:
    """Return the cells of any column. The style is for texts: numbers and moments have theirs."""
    array = plain(array)
    if is_nested(array.type):
        return _texts(json_text(array).values, style)
    for applies, write in _WRITERS:
        if applies(array.type):
            return write(array)
    text = text_of(array)
    if text.kind is Kind.LITERAL:
        return _numbers(text.values)
    return _texts(text.values, style)


_LONGEST: Final = 32_767
"""UTF-16 units of a cell; what is longer ends with an ellipsis."""

_DIGITS: Final = 15
_MARKUP: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
# What XML cannot hold, or would change, is written as `_x000D_`, and what looks like that too.
_CONTROLS: Final = bytes({*range(32)} - {9, 10})
_RARE: Final = (b"_x", "\ufffe".encode(), "\uffff".encode())
_ESCAPED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def _texts(values: pa.StringArray, style: Style = Style.GENERAL) -> Cells:
    styled = f' s="{style}"' if style else ""
    return Cells(
        f'"{styled} t="inlineStr"><is><t xml:space="preserve">', _escaped(values), "</t></is></c>"
    )


def _escaped(values: pa.StringArray) -> pa.StringArray:
    characters = content(values)
    if _has_rare(characters) or (pc.max(pc.binary_length(values)).as_py() or 0) > _LONGEST:
        rewritten = [None if v is None else _rewritten(v) for v in values.to_pylist()]
        values = pa.array(rewritten, pa.string())
    for character, escape in _MARKUP:
        if character.encode() in characters:
            values = pc.replace_substring(values, character, escape)
    return values


def _has_rare(characters: bytes) -> bool:
    if len(characters.translate(None, _CONTROLS)) != len(characters):
        return True
    return any(part in characters for part in _RARE)


def _rewritten(text: str) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) > 2 * _LONGEST:
        text = units[: 2 * (_LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _numbers(values: pa.StringArray, style: Style = Style.GENERAL) -> Cells:
    return Cells(f'" s="{style}"><v>' if style else '"><v>', values, "</v></c>")


def _booleans(array: pa.Array) -> Cells:
    return Cells('" t="b"><v>', array.cast(pa.int8()).cast(pa.string()), "</v></c>")


def _floats(array: pa.Array) -> Cells:
    return _numbers(text_of(array).values)


def _exact(array: pa.Array) -> Cells:
    """Numbers of up to 15 digits, before and after the point, the others as texts."""
    values = text_of(array).values
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= _DIGITS:
        return _numbers(values)
    digits = pc.replace_substring(pc.ascii_ltrim(values, "-0."), ".", "")
    longer = pc.greater(pc.binary_length(pc.ascii_rtrim(digits, "0")), _DIGITS)
    return _either(longer, _texts(values), _numbers(values))


def _either(which: pa.BooleanArray, first: Cells, second: Cells) -> Cells:
    """Return the first cells where `which` is true, else the second."""
    if not pc.any(which).as_py():
        return second
    return Cells("", pc.if_else(which, first.complete, second.complete), "")


_EPOCH: Final = 25_569  # days from the spreadsheets' day 0 to 1970
_FIRST: Final = -25_508  # 1 March 1900: the day before never was, but spreadsheets have it
_END: Final = 2_932_897  # the year 10000
_DAY: Final = 86_400
_TICKS: Final = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_MOST: Final = 2**63 - 1


def _dates(array: pa.Array) -> Cells:
    array = array.cast(pa.date32())
    days = array.cast(pa.int32())
    beyond = pc.or_(pc.less(days, _FIRST), pc.greater_equal(days, _END))
    dates = _numbers(pc.add(days, _EPOCH).cast(pa.string()), Style.DATE)
    if not pc.any(beyond).as_py():
        return dates
    return _either(beyond, _texts(text_of(array).values), dates)


def _moments(array: pa.Array) -> Cells:
    """Dates with a time, to the millisecond; texts where they are finer, or have a zone."""
    if array.type.tz is not None:
        return _texts(text_of(array).values)
    per = _TICKS[array.type.unit]
    ticks = array.view(pa.int64())
    first, end = (max(-_MOST, min(_MOST, day * _DAY * per)) for day in (_FIRST, _END))
    beyond = pc.or_(pc.less(ticks, first), pc.greater_equal(ticks, end))
    return _clock(array, (ticks, per), beyond, (Style.MOMENT, Style.EXACT_MOMENT, _EPOCH))


def _times(array: pa.Array) -> Cells:
    per = _TICKS[array.type.unit]
    ticks = ticks_of(array)
    # A spreadsheet shows the end of a day as the beginning of one.
    never = pc.or_(pc.less(ticks, 0), pc.greater_equal(ticks, _DAY * per))
    return _clock(array, (ticks, per), never, (Style.TIME, Style.EXACT_TIME, 0))


def _clock(
    array: pa.Array,
    counted: tuple[pa.Int64Array, int],
    beyond: pa.BooleanArray,
    shown: tuple[Style, Style, int],
) -> Cells:
    """Return numbers of days from ticks, and texts where that would not be exact, or not shown."""
    ticks, per = counted
    whole, exact, start = shown
    fine = max(1, per // 1000)
    fraction = pc.subtract(ticks, pc.multiply(pc.divide(ticks, per), per))
    finer = pc.subtract(ticks, pc.multiply(pc.divide(ticks, fine), fine))
    days = pc.add(pc.divide(ticks.cast(pa.float64(), safe=False), float(_DAY * per)), float(start))
    text = days.cast(pa.string())
    numbers = _either(pc.not_equal(fraction, 0), _numbers(text, exact), _numbers(text, whole))
    inexact = pc.or_(beyond, pc.not_equal(finer, 0))
    if not pc.any(inexact).as_py():
        return numbers
    return _either(inexact, _texts(text_of(array).values), numbers)


_WRITERS: Final[tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Cells]], ...]] = (
    (types.is_integer, _exact),
    (types.is_floating, _floats),
    (types.is_decimal, _exact),
    (types.is_boolean, _booleans),
    (types.is_date, _dates),
    (types.is_timestamp, _moments),
    (types.is_time, _times),
)
