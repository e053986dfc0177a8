"""The mission's row: its scales, and each measure a list whose elements repeat them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penstock.encode.json_text import quote
from penstock.encode.template import SHARED, Piece, Template
from penstock.encode.types import Column, Role

Measures = Mapping[str, Mapping[str, list[int]]]


def nested_template(columns: tuple[Column, ...]) -> Template:
    """Return the template of `{"scales": {…}, "labels": {…}, "data": {…}}`."""
    scales = _members((c.name, i) for i, c in enumerate(columns) if c.role is Role.SCALE)
    labels = _members(
        (c.labels or c.name, i) for i, c in enumerate(columns) if c.role is Role.LABEL
    )
    # The scales stand in every measure again: several of them are joined only once.
    repeated: tuple[Piece, ...] = (SHARED,) if len(scales) > _MEMBER else scales
    pieces: list[Piece] = ['{"scales":{', *repeated]
    if labels:
        pieces += ['},"labels":{', *labels]
    pieces += ['},"data":{', *_data(_measures(columns), repeated), "}}"]
    return Template(tuple(pieces), scales if repeated != scales else ())


_MEMBER = 2  # pieces of one member: its key and its value


def _members(named: Iterable[tuple[str, int]]) -> tuple[Piece, ...]:
    """Return `"key":value` pairs, as they stand between the braces of an object."""
    pieces: list[Piece] = []
    for name, column in named:
        pieces += [f"{',' if pieces else ''}{quote(name)}:", column]
    return tuple(pieces)


def _measures(columns: tuple[Column, ...]) -> Measures:
    """Group columns by attribute, then compute.

    Several columns of one compute are the elements of its list, in order: now, then how it was.
    A scale with a compute was asked for as data too: its one column serves for both.
    """
    measures: dict[str, dict[str, list[int]]] = {}
    for i, column in enumerate(columns):
        if column.role is Role.MEASURE or (column.role is Role.SCALE and column.compute):
            computes = measures.setdefault(column.attribute, {})
            computes.setdefault(column.compute or "select", []).append(i)
    return measures


def _data(measures: Measures, scales: tuple[Piece, ...]) -> list[Piece]:
    pieces: list[Piece] = []
    for attribute, computes in measures.items():
        pieces.append(f"{',' if pieces else ''}{quote(attribute)}:{{")
        for position, (compute, columns) in enumerate(computes.items()):
            pieces.append(f"{',' if position else ''}{quote(compute)}:[")
            for back, column in enumerate(columns):
                pieces += [",{" if back else "{", *scales, "," if scales else ""]
                pieces += ['"value":', column, "}"]
            pieces.append("]")
        pieces.append("}")
    return pieces
