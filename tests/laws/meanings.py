"""Formulas beside what they mean in Python, for rows and for groups of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from laws.values import Cell
from penstock.model.types import DataType

Cells: TypeAlias = Sequence[Cell]

_B, _F, _I, _S = DataType.BOOLEAN, DataType.FLOAT, DataType.INTEGER, DataType.STRING
_D = DataType.DATE
_LAST = date(2013, 3, 31)


@dataclass(frozen=True)
class RowMeaning:
    """`text` names its inputs `{0}`, `{1}`; `of` takes their cells."""

    text: str
    inputs: tuple[DataType, ...]
    type: DataType
    of: Callable[[Cells], Cell] = field(repr=False)


@dataclass(frozen=True)
class GroupMeaning:
    """`of` takes the cells of the inputs of every row of the group."""

    text: str
    inputs: tuple[DataType, ...]
    type: DataType
    of: Callable[[Sequence[Cells]], Cell] = field(repr=False)


def whole(cell: Cell) -> int:
    assert isinstance(cell, int)
    return cell


def _strict(of: Callable[[Cells], Cell]) -> Callable[[Cells], Cell]:
    """Nothing comes of nothing: a null among the cells is a null."""
    return lambda cells: None if None in cells else of(cells)


def _big(cells: Cells) -> Cell:
    return "big" if cells[0] is not None and whole(cells[0]) > 1 else "small"


def _ratio(cells: Cells) -> Cell:
    return None if whole(cells[1]) == 0 else whole(cells[0]) / whole(cells[1])


ROW: Final = (
    RowMeaning("{0} * 2 - 1", (_I,), _I, _strict(lambda c: whole(c[0]) * 2 - 1)),
    RowMeaning("{0} + {1}", (_I, _I), _I, _strict(lambda c: whole(c[0]) + whole(c[1]))),
    RowMeaning("{0} / {1}", (_I, _I), _F, _strict(_ratio)),
    RowMeaning("COALESCE({0}, 0)", (_I,), _I, lambda c: 0 if c[0] is None else c[0]),
    RowMeaning("CASE WHEN {0} > 1 THEN 'big' ELSE 'small' END", (_I,), _S, _big),
    RowMeaning("{0} || '-' || {1}", (_S, _S), _S, _strict(lambda c: f"{c[0]}-{c[1]}")),
    RowMeaning("UPPER({0})", (_S,), _S, _strict(lambda c: str(c[0]).upper())),
    RowMeaning("{0} IS NULL", (_S,), _B, lambda c: c[0] is None),
    RowMeaning("{0} > {1}", (_I, _I), _B, _strict(lambda c: whole(c[0]) > whole(c[1]))),
    RowMeaning("COALESCE({0}, DATE '2013-03-31')", (_D,), _D, lambda c: c[0] or _LAST),
)


def _present(rows: Sequence[Cells], at: int = 0) -> list[int]:
    return [whole(row[at]) for row in rows if row[at] is not None]


def _share(rows: Sequence[Cells]) -> Cell:
    distinct = {row[1] for row in rows if row[1] is not None}
    present = _present(rows)
    return sum(present) / len(distinct) if present and distinct else None


def _spread(rows: Sequence[Cells]) -> Cell:
    present = _present(rows)
    return max(present) - min(present) if present else None


def _bigs(rows: Sequence[Cells]) -> Cell:
    return sum(1 for n in _present(rows) if n > 1) if rows else None


def _mean(rows: Sequence[Cells]) -> Cell:
    present = _present(rows)
    return sum(present) / len(present) if present else None


GROUP: Final = (
    GroupMeaning("SUM({0}) / COUNT(DISTINCT {1})", (_I, _S), _F, _share),
    GroupMeaning("MAX({0}) - MIN({0})", (_I,), _I, _spread),
    GroupMeaning("SUM(CASE WHEN {0} > 1 THEN 1 ELSE 0 END)", (_I,), _I, _bigs),
    GroupMeaning("AVG({0})", (_I,), _F, _mean),
    GroupMeaning("COUNT({0})", (_S,), _I, lambda rows: sum(row[0] is not None for row in rows)),
    GroupMeaning("COUNT(*)", (), _I, len),
)

Meaning: TypeAlias = RowMeaning | GroupMeaning
