"""A column's values → text, before any format quotes it."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types


class Kind(Enum):
    """What a format has to think of before it writes the text."""

    LITERAL = auto()  # numbers and booleans: written bare everywhere
    PLAIN = auto()  # dates, times: no character that any format escapes
    CODED = auto()  # base64: nothing to escape, yet it may begin with a plus
    STRING = auto()  # anything at all


@dataclass(frozen=True, slots=True)
class Text:
    """A string per value; a null stays null."""

    values: pa.StringArray
    kind: Kind


def text_of(array: pa.Array) -> Text:
    """Return the text of a column that is neither a list, a struct nor a map."""
    for applies, read in _READERS:
        if applies(array.type):
            return read(array)
    return Text(_strings([_printed(value) for value in array]), Kind.STRING)


def plain(array: pa.Array) -> pa.Array:
    """Return the array without the wrappings that say how it is stored."""
    while True:
        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif types.is_run_end_encoded(array.type):
            array = pc.run_end_decode(array)
        elif isinstance(array.type, pa.BaseExtensionType) and not _is_uuid(array.type):
            array = array.storage
        else:
            return array


def content(array: pa.StringArray) -> bytes:
    """Return all characters of a string array, one value right after the other."""
    if len(array) == 0:
        return b""
    _, offsets, characters = array.buffers()
    if characters is None:
        return b""
    places = memoryview(offsets).cast("i")
    start, end = places[array.offset], places[array.offset + len(array)]
    return bytes(characters.slice(start, end - start))


_EMIT_NULL = pc.JoinOptions(null_handling="emit_null")


def joined(*words: pa.StringArray | str, null: str | None = None) -> pa.StringArray:
    """Join columns and fragments, row by row; a null makes a null, or counts as `null`."""
    options = _EMIT_NULL if null is None else pc.JoinOptions("replace", null)
    return pc.binary_join_element_wise(*map(_word, (*words, "")), options=options)


def _word(word: pa.StringArray | str) -> pa.StringArray | pa.StringScalar:
    # Without its type a scalar costs 50 µs: Arrow looks for numpy first, in vain, each time.
    return pa.scalar(word, pa.string()) if isinstance(word, str) else word


def _literal(array: pa.Array) -> Text:
    return Text(array.cast(pa.string()), Kind.LITERAL)


def _float(array: pa.Array) -> Text:
    """Return the shortest text that reads back as the same float; what is no number is null."""
    finite = pc.is_finite(array)
    if not pc.all(finite).as_py():
        array = pc.if_else(finite, array, pa.scalar(None, array.type))
    return _literal(array)


def _half_float(array: pa.Array) -> Text:
    return _float(array.cast(pa.float32()))


_POSITIONAL = 6  # Arrow writes decimals of a larger scale as 1E-7


def _decimal(array: pa.Array) -> Text:
    """All digits, never an exponent."""
    scale = array.type.scale
    if scale < 0:
        return _literal(array.cast(pa.decimal256(76, 0)))
    if scale <= _POSITIONAL:
        return _literal(array)
    if not types.is_decimal256(array.type):
        array = array.cast(pa.decimal128(38, scale))
    whole = pa.decimal256 if types.is_decimal256(array.type) else pa.decimal128
    unscaled = array.view(whole(array.type.precision, 0)).cast(pa.string())
    sign = pc.if_else(pc.starts_with(unscaled, "-"), _word("-"), _word(""))
    digits = pc.ascii_lpad(pc.ascii_ltrim(unscaled, "-"), scale + 1, "0")
    before = pc.utf8_slice_codeunits(digits, 0, -scale)
    after = pc.utf8_slice_codeunits(digits, -scale)
    return Text(joined(sign, before, ".", after), Kind.LITERAL)


def _date(array: pa.Array) -> Text:
    # A batch holds few dates, many times each: write each one once, in half the time.
    once = array.cast(pa.date32()).dictionary_encode()
    return Text(_in_range(once.dictionary.cast(pa.string())).take(once.indices), Kind.PLAIN)


_SECONDS = len("2013-01-31 10:00:00")


def _timestamp(array: pa.Array) -> Text:
    aware = array.type.tz is not None
    # The stored instants are UTC whatever the zone.
    text = _in_range(_to_seconds(array.view(pa.timestamp(array.type.unit))))
    if pc.max(pc.binary_length(text)).as_py() == _SECONDS:
        text = pc.binary_replace_slice(text, _SECONDS - 9, _SECONDS - 8, "T")
    else:  # fractions, or years of more than four characters
        text = _trimmed(pc.replace_substring(text, " ", "T", max_replacements=1))
    if aware:
        text = joined(text, "Z")
    return Text(text, Kind.PLAIN)


def _to_seconds(array: pa.Array) -> pa.StringArray:
    try:
        return array.cast(pa.timestamp("s")).cast(pa.string())
    except pa.ArrowInvalid:  # some value has a fraction
        return array.cast(pa.string())


_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def ticks_of(array: pa.Array) -> pa.Int64Array:
    """Return how many of its units a time of day is after midnight."""
    kind = pa.int64() if types.is_time64(array.type) else pa.int32()
    return array.view(kind).cast(pa.int64())


def _time(array: pa.Array) -> Text:
    text = _trimmed(array.cast(pa.string()))
    if b"<" not in content(text):
        return Text(text, Kind.PLAIN)
    # The end of a day is a time of day for databases, and none for Arrow.
    ends = pc.equal(ticks_of(array), _DAY[array.type.unit])
    return Text(pc.if_else(ends, _word("24:00:00"), _in_range(text)), Kind.PLAIN)


def _trimmed(text: pa.StringArray) -> pa.StringArray:
    """Remove the zeros that end a fraction, and the point when nothing is left after it."""
    trimmed = pc.ascii_rtrim(pc.ascii_rtrim(text, "0"), ".")
    return pc.if_else(pc.match_substring(text, "."), trimmed, text)


def _in_range(text: pa.StringArray) -> pa.StringArray:
    """Return null for a moment no calendar has, such as an engine's own infinity.

    Arrow writes those as `<value out of range: …>`.
    """
    if b"<" not in content(text):
        return text
    return pc.if_else(pc.starts_with(text, "<"), pa.scalar(None, pa.string()), text)


def _string(array: pa.Array) -> Text:
    raw = array.cast(pa.binary())
    try:
        return Text(raw.cast(pa.string()), Kind.STRING)  # this cast reads every byte
    except pa.ArrowInvalid:
        whole = [None if v is None else v.decode(errors="replace") for v in raw.to_pylist()]
        return Text(_strings(whole), Kind.STRING)


def _bytes(array: pa.Array) -> Text:
    # Arrow has no base64: a list is slow, but bytes are rare in an answer.
    coded = [
        None if value is None else b2a_base64(value, newline=False).decode()
        for value in array.to_pylist()
    ]
    return Text(_strings(coded), Kind.CODED)


def _uuid(array: pa.Array) -> Text:
    return Text(_strings([_printed(value) for value in array]), Kind.PLAIN)


def _null(array: pa.Array) -> Text:
    return Text(pa.nulls(len(array), pa.string()), Kind.LITERAL)


def _wrapped(array: pa.Array) -> Text:
    return text_of(plain(array))


def _printed(value: pa.Scalar) -> str | None:
    return str(value.as_py()) if value.is_valid else None


def _strings(values: list[str | None]) -> pa.StringArray:
    return pa.array(values, pa.string())


def _is_uuid(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.UuidType)


def _is_wrapped(kind: pa.DataType) -> bool:
    return bool(
        types.is_dictionary(kind)
        or types.is_run_end_encoded(kind)
        or isinstance(kind, pa.BaseExtensionType)
    )


def _is_string(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


_READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Text]], ...] = (
    (types.is_integer, _literal),
    (types.is_float16, _half_float),
    (types.is_floating, _float),
    (_is_string, _string),
    (types.is_date, _date),
    (types.is_decimal, _decimal),
    (types.is_timestamp, _timestamp),
    (types.is_boolean, _literal),
    (types.is_duration, _literal),
    (types.is_time, _time),
    (_is_uuid, _uuid),
    (_is_wrapped, _wrapped),
    (types.is_null, _null),
    (_is_bytes, _bytes),
)
