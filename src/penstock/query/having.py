"""`having` → a predicate on what is computed of each group."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from penstock.errors import UnknownComputeError, suggestion
from penstock.query.conditions import Reader, all_of, escape
from penstock.query.types import AnyCompute, Json, Predicate
from penstock.query.words import COMPUTES, OPERATORS

_HINT = 'Write {"distance": {"sum": {"gt": 100000}}}.'


def read_having(reader: Reader, raw: Json) -> Predicate | None:
    """Read `{attribute: {compute: condition}}`; all of them must hold."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        reader.unexpected("/having", "'having' is an object.", _HINT)
        return None
    parts: list[Predicate] = []
    for name, computes in raw.items():
        pointer = f"/having/{escape(name)}"
        if not isinstance(computes, Mapping) or not computes:
            reader.unexpected(pointer, f"The conditions on {name!r} name their compute.", _HINT)
            continue
        for word, condition in computes.items():
            parts += _conditions(reader, name, word, condition)
    return all_of(parts)


def _conditions(reader: Reader, name: str, word: str, condition: Json) -> list[Predicate]:
    pointer = f"/having/{escape(name)}/{escape(word)}"
    compute = read_compute(reader, word, pointer)
    if compute is None:
        return []
    found = reader.read_conditions(name, condition, pointer)
    return [replace(comparison, compute=compute) for comparison in found]


def read_compute(reader: Reader, word: Json, pointer: str) -> AnyCompute | None:
    """Return what a word says to compute; None, and a problem, where it says nothing."""
    compute = COMPUTES.get(word.lower()) if isinstance(word, str) else None
    if compute is None:
        hint = _meant(str(word).lower())
        reader.note(UnknownComputeError(f"Unknown compute {word!r}.", hint=hint, pointer=pointer))
    return compute


def _meant(word: str) -> str:
    if word in OPERATORS:
        return f"Say first what is computed of each group. {_HINT}"
    listed = ", ".join(list(COMPUTES)[:12])
    return suggestion(word, tuple(COMPUTES)) or f"The computes are {listed}, p01 … p99."
