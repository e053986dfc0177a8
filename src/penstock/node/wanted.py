"""How an answer is wanted: from the address, the query string and the headers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from penstock.encode.formats import find_format, negotiate
from penstock.encode.types import Encoder, Shape
from penstock.errors import QueryError, suggestion

OPTIONS = frozenset({"shape", "numbers"})
"""Parameters of the query string that say how, not what."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`key` tells answers apart that are wanted in different ways."""

    encoder: Encoder
    exact_numbers: bool
    key: str


@lru_cache(maxsize=4096)
def read_wanted(
    suffix: str | None, accept: str | None, options: tuple[tuple[str, str], ...]
) -> Wanted:
    """Return how the answer is wanted; a suffix of the address goes before the header.

    Raises NotAcceptableError for a format, QueryError for an option that does not exist.
    """
    chosen = find_format(suffix) if suffix else negotiate(accept)
    shape, exact = Shape.NESTED, False
    for name, value in options:
        if name == "shape":
            shape = _shape(value)
        elif name == "numbers" and value == "exact":
            exact = True
        else:
            raise QueryError(
                f"The parameter {name}={value} of the address means nothing here.",
                hint="There are shape=nested|rows|columns|compact and numbers=exact.",
            )
    return Wanted(chosen.encoder(shape), exact, f"{chosen.name}/{shape}/{exact}")


def _shape(value: str) -> Shape:
    try:
        return Shape(value.lower())
    except ValueError as error:
        shapes = [shape.value for shape in Shape]
        raise QueryError(
            f"There is no shape {value!r}.",
            hint=suggestion(value, shapes) or f"There are {', '.join(shapes)}.",
        ) from error


def split_suffix(path: str) -> tuple[str, str | None]:
    """Return an address without its format: `delays/by-origin.csv` → that and `csv`."""
    name, dot, suffix = path.rpartition(".")
    return (name, suffix) if dot and "/" not in suffix else (path, None)
