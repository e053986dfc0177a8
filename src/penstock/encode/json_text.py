"""A column's values → JSON text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from penstock.encode.template import JSONText, Piece, fill
from penstock.encode.text import Kind, Text, content, joined, plain, text_of
from penstock.encode.types import Column, Opening
from penstock.model.types import DataType

_LARGEST = 2**53  # the last integer up to which a double, all that JavaScript has, holds every one
_EXACT_DIGITS = 15  # so many digits stay below it

# The backslash comes first: the others bring new ones.
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES |= {c: f"\\u{ord(c):04x}" for c in map(chr, range(32)) if c not in _ESCAPES}
_COMMA = pa.scalar(",", pa.string())
_NOUGHT = pa.array([0], pa.int32())
_ESCAPED = "".join(_ESCAPES).encode()


def write_columns(opening: Opening, batch: pa.RecordBatch) -> list[JSONText]:
    """Return the JSON text of every column of a batch."""
    return [
        write_column(column, array, exact=opening.exact_numbers)
        for column, array in zip(opening.columns, batch.columns, strict=True)
    ]


def write_column(column: Column, array: pa.Array, *, exact: bool) -> JSONText:
    """Return JSON text; `exact` turns numbers that a double cannot hold into strings."""
    if column.type is DataType.JSON:
        embedded = _embedded(plain(array))
        if embedded is not None:
            return embedded
    return json_text(array, exact=exact)


def json_text(array: pa.Array, *, exact: bool = False) -> JSONText:
    array = plain(array)
    kind = array.type
    if types.is_map(kind):
        return _map(array, exact=exact)
    if types.is_struct(kind):
        return _struct(array, exact=exact)
    if is_list(kind):
        return _list(array, exact=exact)
    text = text_of(array)
    if exact and (types.is_integer(kind) or types.is_decimal(kind)):
        return _exact(array, text)
    return _scalar(text)


def is_nested(kind: pa.DataType) -> bool:
    return bool(types.is_map(kind) or types.is_struct(kind) or is_list(kind))


def is_list(kind: pa.DataType) -> bool:
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def _scalar(text: Text) -> JSONText:
    match text.kind:
        case Kind.LITERAL:
            return JSONText(text.values)
        case Kind.PLAIN | Kind.CODED:
            return _quoted(text.values)
        case Kind.STRING:
            return _quoted(_escaped(text.values))


def _quoted(values: pa.StringArray) -> JSONText:
    """Let the quotes join the template's fragments, unless a null must go without them."""
    if values.null_count == 0:
        return JSONText(values, '"', '"')
    return JSONText(joined('"', values, '"'))


def _escaped(values: pa.StringArray) -> pa.StringArray:
    """Escape what JSON does not allow in a string, if any value of the batch has it."""
    characters = content(values)
    if len(characters.translate(None, _ESCAPED)) == len(characters):
        return values
    for character, escape in _ESCAPES.items():
        if character.encode() in characters:
            values = pc.replace_substring(values, character, escape)
    return values


def _exact(array: pa.Array, text: Text) -> JSONText:
    """Decimals with a fraction are strings, and integers whose neighbours a double cannot tell."""
    kind = array.type
    if types.is_decimal(kind):
        if kind.scale > 0:
            return _quoted(text.values)
        array = array.cast(pa.decimal256(76, 0))
        limits = [pa.scalar(Decimal(n), array.type) for n in (-_LARGEST, _LARGEST)]
    elif types.is_int64(kind):
        limits = [pa.scalar(n, kind) for n in (-_LARGEST, _LARGEST)]
    elif types.is_uint64(kind):
        limits = [pa.scalar(n, kind) for n in (0, _LARGEST)]
    else:
        return JSONText(text.values)
    beyond = pc.or_(pc.less(array, limits[0]), pc.greater(array, limits[1]))
    if not pc.any(beyond).as_py():
        return JSONText(text.values)
    quoted = joined('"', text.values, '"')
    return JSONText(pc.if_else(beyond, quoted, text.values))


def _embedded(array: pa.Array) -> JSONText | None:
    """Return the JSON that strings hold as it is; a string that holds none is a JSON string.

    One value is one JSON document if msgspec can find its end, which is where the value ends:
    that checks all of the grammar without building anything. Line breaks, which may only stand
    between tokens, become spaces, or NDJSON would end its row there.
    """
    if is_nested(array.type):
        return None
    text = text_of(array)
    if text.kind is not Kind.STRING:
        return None
    valid = pa.array(
        [value is None or _is_json(value) for value in text.values.to_pylist()], pa.bool_()
    )
    one_line = pc.replace_substring(pc.replace_substring(text.values, "\n", " "), "\r", " ")
    if pc.all(valid).as_py():
        return JSONText(one_line)
    return JSONText(pc.if_else(valid, one_line, _scalar(text).complete))


_anything = msgspec.json.Decoder(msgspec.Raw)


def _is_json(value: str) -> bool:
    try:
        _anything.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _list(array: pa.Array, *, exact: bool) -> JSONText:
    texts = json_text(array.flatten(), exact=exact).complete
    values = pc.binary_join(_grouped(array, texts), _COMMA)
    return JSONText(joined("[", values, "]"))


def _map(array: pa.Array, *, exact: bool) -> JSONText:
    entry = pa.struct([array.type.key_field, array.type.item_field])
    lists = array.cast(pa.list_(entry))
    keys, items = lists.flatten().flatten()
    names = _quoted(_escaped(text_of(plain(keys)).values))
    entries = fill((0, ":", 1), [names, json_text(items, exact=exact)])
    members = pc.binary_join(_grouped(lists, entries), _COMMA)
    return JSONText(joined("{", members, "}"))


def _struct(array: pa.Array, *, exact: bool) -> JSONText:
    texts = [json_text(child, exact=exact) for child in array.flatten()]
    if texts:
        values = fill(object_pieces([field.name for field in array.type]), texts)
    else:
        values = pa.repeat(pa.scalar("{}", pa.string()), len(array))
    return JSONText(pc.if_else(array.is_valid(), values, pa.scalar(None, pa.string())))


def object_pieces(names: Sequence[str], first: int = 0) -> tuple[Piece, ...]:
    """Return the template of an object with these keys, from the column `first` on."""
    pieces: list[Piece] = []
    for position, name in enumerate(names):
        pieces += ["," if position else "{", f"{quote(name)}:", first + position]
    return (*pieces, "}")


def quote(name: str) -> str:
    return msgspec.json.encode(name).decode()


def _grouped(array: pa.Array, values: pa.StringArray) -> pa.ListArray:
    """Return the lists and nulls of `array` over other values, those of its lists in order."""
    lengths = pc.list_value_length(array).fill_null(0).cast(pa.int32())
    offsets = pa.concat_arrays([_NOUGHT, pc.cumulative_sum(lengths)])
    return pa.ListArray.from_arrays(offsets, values, mask=array.is_null())
