"""JSON bytes → `Asked`. Nothing past this module sees unparsed input."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.errors import (
    InvalidJSONError,
    LimitError,
    PenstockError,
    TooLargeError,
    raise_all,
    suggestion,
)
from penstock.query.conditions import Reader, escape
from penstock.query.evolution import read_evolution
from penstock.query.having import read_compute, read_having
from penstock.query.options import read_options
from penstock.query.totals import read_totals
from penstock.query.types import (
    AnyCompute,
    Asked,
    Field,
    Granularity,
    Json,
    Layout,
    Limits,
    Order,
    Predicate,
    Query,
    Scale,
    Slot,
)
from penstock.query.words import DATA, GRANULARITIES, SCALE, TOP
from penstock.query.zones import read_timezone

_decode = msgspec.json.Decoder().decode


def decode_json(body: bytes) -> Json:
    """Decode a request body, or say at which byte it stops being JSON."""
    try:
        decoded: Json = _decode(body)
    except RecursionError as error:
        raise TooLargeError("The JSON nests too deep.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = None if body.strip() else 'Send a JSON object such as {"data": {"fields": …}}.'
        raise InvalidJSONError(f"{error}.", hint=hint) from error
    return decoded


def parse_query(body: bytes, limits: Limits) -> Asked:
    """Read a query, raising everything that is wrong with its form, all at once."""
    return read_query(decode_json(body), limits)


def read_query(raw: Json, limits: Limits) -> Asked:
    """Read a query that is already decoded, such as a saved one."""
    reader = Reader(limits)
    query = _query(reader, raw)
    layout = None if query is None else _layout(reader, raw, query)
    raise_all(reader.problems)
    assert query is not None  # noqa: S101 - a reading without a query has a problem
    return Asked(query, tuple(reader.values), layout)


def glimpse_query(body: bytes, limits: Limits) -> Query | None:
    """Return what can be read of a query that is wrong, None where it is nothing."""
    try:
        return _query(Reader(limits), decode_json(body))
    except PenstockError:
        return None


def _layout(reader: Reader, raw: Json, query: Query) -> Layout | None:
    return read_options(reader, raw.get("options"), query) if isinstance(raw, Mapping) else None


def _query(reader: Reader, raw: Json) -> Query | None:
    if not isinstance(raw, Mapping):
        reader.unexpected("", "A query is a JSON object.", 'Write {"data": {"fields": …}}.')
        return None
    reader.known_keys(raw, TOP, "")
    data = raw.get("data")
    if not isinstance(data, Mapping):
        reader.unexpected("/data", "'data' is missing: it says what to compute.", _DATA_HINT)
        data = {}
        fields: tuple[Field, ...] = ()
    else:
        reader.known_keys(data, DATA, "/data")
        fields = _fields(reader, data.get("fields"))
    scales = _scales(reader, raw.get("scale"))
    return Query(
        fields=fields,
        scales=scales,
        having=read_having(reader, raw.get("having")),
        evolution=read_evolution(reader, raw.get("evol")),
        totals=read_totals(reader, raw.get("total"), scales),
        timezone=read_timezone(reader, raw.get("timezone")),
        filter=_filter(reader, raw.get("filter")),
        order=_order(reader, raw.get("order")),
        limit=_limit(reader, data),
        limited="limit" in data,
        skip=_skip(reader, data.get("skip")),
        hints=_hints(reader, data.get("hints")),
        table_name=_name(reader, raw, "table_name"),
        database_name=_name(reader, raw, "database_name"),
    )


_DATA_HINT = 'Write {"data": {"fields": {"distance": ["sum"]}}}.'


def _fields(reader: Reader, raw: Json) -> tuple[Field, ...]:
    if not isinstance(raw, Mapping) or not raw:
        reader.unexpected(
            "/data/fields", "'data.fields' is missing: it says what to compute.", _DATA_HINT
        )
        return ()
    if _are_too_many(reader, len(raw), "fields", "/data/fields"):
        return ()
    found = tuple(
        Field(name, _computes(reader, name, words))
        for name, words in raw.items()
        if reader.is_name(name, f"/data/fields/{escape(name)}")
    )
    _are_too_many(reader, sum(len(f.computes) for f in found), "computes", "/data/fields")
    return found


def _are_too_many(reader: Reader, number: int, of: str, pointer: str) -> bool:
    limit = reader.limits.max_fields
    if number > limit:
        said = f"The query has {number} {of}; {limit} at most."
        reader.note(LimitError(said, pointer=pointer))
    return number > limit


def _computes(reader: Reader, name: str, raw: Json) -> tuple[AnyCompute, ...]:
    pointer = f"/data/fields/{escape(name)}"
    if not isinstance(raw, list) or not raw:
        reader.unexpected(
            pointer, f"The computes of {name!r} are a list, at least one.", 'Write ["sum"].'
        )
        return ()
    found: dict[AnyCompute, None] = {}
    for i, word in enumerate(raw):
        compute = read_compute(reader, word, f"{pointer}/{i}")
        if compute is not None:
            found[compute] = None
    return tuple(found)


def _scales(reader: Reader, raw: Json) -> tuple[Scale, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        reader.unexpected("/scale", "'scale' is an object.", 'Write {"fields": ["carrier"]}.')
        return ()
    reader.known_keys(raw, SCALE, "/scale")
    fields = raw.get("fields")
    if fields is None:
        return ()
    if not isinstance(fields, list):
        reader.unexpected("/scale/fields", "'scale.fields' is a list.", 'Write ["carrier"].')
        return ()
    members = sum(len(item) if isinstance(item, list) else 1 for item in fields)
    if _are_too_many(reader, members, "scales", "/scale/fields"):
        return ()
    found: dict[str, Scale] = {}
    for part, item in enumerate(fields):
        for scale in _scale_members(reader, item, part):
            found.setdefault(scale.name, scale)
    return tuple(found.values())


def _scale_members(reader: Reader, raw: Json, part: int) -> list[Scale]:
    """Read one scale: a name, or the names that make up a composite one."""
    pointer = f"/scale/fields/{part}"
    if isinstance(raw, list):
        if not raw:
            reader.unexpected(pointer, "A composite scale has at least one member.")
        read = [_scale(reader, item, part, f"{pointer}/{i}") for i, item in enumerate(raw)]
    else:
        read = [_scale(reader, raw, part, pointer)]
    return [scale for scale in read if scale is not None]


def _scale(reader: Reader, raw: Json, part: int, pointer: str) -> Scale | None:
    if not isinstance(raw, str) or not raw:
        reader.unexpected(
            pointer, "A scale is the name of an attribute.", 'Write "carrier" or "date:month".'
        )
        return None
    attribute, colon, word = raw.rpartition(":")
    if not colon:
        return Scale(raw, None, part, pointer)
    granularity: Granularity | None = GRANULARITIES.get(word.lower())
    if granularity is None:
        hint = suggestion(word.lower(), tuple(GRANULARITIES)) or (
            "The granularities are " + ", ".join(GRANULARITIES) + "."
        )
        reader.unexpected(pointer, f"Unknown granularity {word!r}.", hint)
        return None
    return Scale(attribute, granularity, part, pointer)


def _filter(reader: Reader, raw: Json) -> Predicate | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        reader.unexpected("/filter", "'filter' is an object.", 'Write {"carrier": {"eq": "UA"}}.')
        return None
    return reader.read_filter(raw, "/filter")


def _order(reader: Reader, raw: Json) -> tuple[Order, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        reader.unexpected("/order", "'order' is an object.", 'Write {"distance": "desc"}.')
        return ()
    if _are_too_many(reader, len(raw), "orders", "/order"):
        return ()
    found: list[Order] = []
    for name, way in raw.items():
        pointer = f"/order/{escape(name)}"
        word = way.lower() if isinstance(way, str) else None
        if word not in {"asc", "desc"}:
            reader.unexpected(pointer, f"The order of {name!r} is 'asc' or 'desc'.")
        else:
            found.append(Order(name, word == "desc", pointer))
    return tuple(found)


def _limit(reader: Reader, data: Mapping[str, Json]) -> Slot:
    limits = reader.limits
    raw = data.get("limit", min(limits.default_rows, limits.max_rows))
    if raw is None:
        return reader.slot(limits.max_rows)
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        reader.unexpected("/data/limit", "'limit' is a number of rows, 0 or more, or null.")
    elif raw > limits.max_rows:
        reader.note(
            LimitError(
                f"The limit of {raw} rows is over the {limits.max_rows} that may be asked for.",
                hint="Page with 'skip', or ask for fewer rows.",
                pointer="/data/limit",
            )
        )
    else:
        return reader.slot(raw)
    return reader.slot(limits.default_rows)


def _skip(reader: Reader, raw: Json) -> Slot | None:
    if raw is None:
        return None
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0 or raw >= 1 << 63:
        reader.unexpected("/data/skip", "'skip' is a number of rows, 0 or more.")
        return None
    return reader.slot(raw)


def _hints(reader: Reader, raw: Json) -> bool:
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    reader.unexpected("/data/hints", "'hints' is true or false.")
    return False


def _name(reader: Reader, raw: Mapping[str, Json], key: str) -> str | None:
    name = raw.get(key)
    if name is None or isinstance(name, str):
        return name
    reader.unexpected(f"/{key}", f"{key!r} is a name.")
    return None
