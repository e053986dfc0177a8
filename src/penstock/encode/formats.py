"""The formats there are, and which one a caller accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.encode.arrow import Arrow
from penstock.encode.csv import CSV
from penstock.encode.json import COMPACT, NESTED, ROWS
from penstock.encode.json_columns import JSONColumns
from penstock.encode.ndjson import NDJSON
from penstock.encode.parquet import Parquet
from penstock.encode.types import Encoder, Shape
from penstock.encode.xlsx import XLSX
from penstock.errors import NotAcceptableError, suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`media_types` are those it is asked by, without parameters, the usual one first."""

    suffix: str
    media_types: tuple[str, ...]
    encoders: Mapping[Shape, Encoder]

    @property
    def name(self) -> str:
        return self.suffix.removeprefix(".")

    def encoder(self, shape: Shape = Shape.NESTED) -> Encoder:
        """Return the encoder of a shape; most formats have one for all of them."""
        return self.encoders[shape]


def _shapeless(suffix: str, encoder: Encoder, *media_types: str) -> Format:
    return Format(suffix=suffix, media_types=media_types, encoders=dict.fromkeys(Shape, encoder))


DEFAULT = Format(
    suffix=".json",
    media_types=("application/json",),
    encoders={
        Shape.NESTED: NESTED,
        Shape.ROWS: ROWS,
        Shape.COLUMNS: JSONColumns(),
        Shape.COMPACT: COMPACT,
    },
)

# In the order of our preference, where a caller has none.
FORMATS = (
    DEFAULT,
    _shapeless(
        ".ndjson", NDJSON(), "application/x-ndjson", "application/ndjson", "application/jsonl"
    ),
    _shapeless(".csv", CSV(), "text/csv"),
    _shapeless(
        ".xlsx", XLSX(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    _shapeless(".arrow", Arrow(), "application/vnd.apache.arrow.stream"),
    _shapeless(".parquet", Parquet(), "application/vnd.apache.parquet"),
)

_BY_SUFFIX = {form.suffix: form for form in FORMATS}


def find_format(suffix: str) -> Format:
    """Return the format of a suffix such as `.csv`, or of a name such as `csv`."""
    wanted = f".{suffix.lower().removeprefix('.')}"
    if wanted in _BY_SUFFIX:
        return _BY_SUFFIX[wanted]
    raise NotAcceptableError(
        f"There is no format {wanted!r}.",
        hint=suggestion(wanted, list(_BY_SUFFIX)) or f"There are {', '.join(_BY_SUFFIX)}.",
    )


def negotiate(accept: str | None) -> Format:
    """Return the format an `Accept` header prefers (RFC 9110 §12.5.1), JSON without one.

    For each format the most exact range counts. Between formats the greater weight wins, then
    the one that was named more exactly, then ours.
    """
    ranges = list(_ranges(accept or ""))
    if not ranges:
        return DEFAULT
    ranked = [(_rank(form, ranges), form) for form in FORMATS]
    (weight, _), best = max(ranked, key=lambda each: each[0])
    if weight > 0:
        return best
    raise NotAcceptableError(
        f"None of the formats we have is acceptable for {accept!r}.",
        hint=f"There are {', '.join(form.media_types[0] for form in FORMATS)}.",
    )


@dataclass(frozen=True, slots=True)
class _Range:
    kind: str
    exactness: int  # 0 for */*, 1 for text/*, 2 for text/csv
    weight: float

    def covers(self, media_type: str) -> bool:
        match self.exactness:
            case 0:
                return True
            case 1:
                return media_type.startswith(self.kind.removesuffix("*"))
            case _:
                return media_type == self.kind


_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_WEIGHT = re.compile(r';\s*q\s*=\s*"?(0(?:\.\d*)?|1(?:\.0*)?)"?\s*(?:;|\Z)', re.IGNORECASE)
_MEDIA_RANGE = re.compile(r"\s*(\*|[\w!#$&^.+-]+/[\w!#$&^.+*-]+|\*/\*)\s*(?:;|\Z)", re.ASCII)


def _ranges(accept: str) -> Iterator[_Range]:
    """Read what can be read: a client that sends nonsense as well still means the rest."""
    for element in _ELEMENT.findall(accept):
        kind = _MEDIA_RANGE.match(element)
        if kind is None:
            continue
        name = kind[1].lower()
        weight = _WEIGHT.search(element)
        exactness = 0 if name in {"*", "*/*"} else 1 if name.endswith("/*") else 2
        yield _Range(name, exactness, float(weight[1]) if weight else 1.0)


def _rank(form: Format, ranges: list[_Range]) -> tuple[float, int]:
    covering = [r for r in ranges if any(r.covers(kind) for kind in form.media_types)]
    best = max(covering, key=lambda r: (r.exactness, r.weight), default=None)
    return (best.weight, best.exactness) if best else (0.0, 0)
