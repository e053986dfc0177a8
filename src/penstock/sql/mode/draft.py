"""What one translation gathers: problems, values, tables read, and names given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.schema import MappingSchema

from penstock.errors import (
    LimitError,
    PenstockError,
    QueryError,
    raise_all,
    suggestion,
)
from penstock.model.types import DataType, Table
from penstock.plan.fragments import Fragments
from penstock.plan.gather import Gathering
from penstock.policy.types import View
from penstock.query.sql import Argument, SQLQuery
from penstock.query.types import Limits, Value
from penstock.sql.across import JOINING
from penstock.sql.dialects.find import find_dialect
from penstock.sql.dialects.standard import Dialect
from penstock.sql.mode.allowed import PLAIN_NAME
from penstock.sql.mode.types import Source

_ENOUGH = 20
_SAID = 300
_LONGEST = 128
_MOST_KNOWN = 500
_MOST_NODES = 60_000
_PENDING = "pending"

NAMED = "named"
"""Keeps what the caller calls a column."""

_BESIDE = "beside"

OURS = "ours"
"""Marks a formula of the team's: what it says is not the caller's."""


@dataclass(slots=True)
class Draft:
    """One question in SQL on its way. `dialects` says how each database speaks.

    `apart`: it reads from several databases, and what each gives is joined in another. `there`: or
    an engine that has the tables of all of them answers the whole.
    `can_fail`: a value could make the database fail, as far as that is known; `is_plain`: surely
    none could. `blind`: what is read is not all known, so that nothing can be said of names.
    """

    query: SQLQuery
    view: View
    limits: Limits
    dialects: Mapping[str, str]
    tongue: str
    problems: list[PenstockError] = field(default_factory=list)
    constants: list[Value] = field(default_factory=list)
    readings: list[Source] = field(default_factory=list)
    ctes: list[exp.CTE] = field(default_factory=list)
    database: str | None = None
    databases: set[str] = field(default_factory=set)
    apart: bool = False
    there: Gathering | None = None
    fragments: Fragments = field(default_factory=Fragments)
    can_fail: bool = False
    is_plain: bool = False
    blind: bool = False
    _names: set[str] = field(default_factory=set)
    _numbers: dict[tuple[str, Value], int] = field(default_factory=dict)
    _arguments: dict[str, Argument] = field(default_factory=dict)
    _annotator: TypeAnnotator | None = None
    _nodes: int = 0

    def __post_init__(self) -> None:
        self._arguments = {argument.name: argument for argument in self.query.arguments}

    @property
    def dialect(self) -> Dialect:
        own = None if self.apart else self.dialects.get(self.database or "")
        return find_dialect(own or JOINING)

    def note(self, error: type[QueryError], detail: str, hint: str | None, node: exp.Expr) -> None:
        """Keep a problem, with its place. Raises them all once there are enough."""
        place = position_of(node)
        said = detail if len(detail) <= _SAID else f"{detail[:_SAID]}…"
        if place is not None:
            said = f"{said} (line {place[0]}, column {place[1]})"
        self.problems.append(error(said, hint=hint, pointer="/sql", position=place))
        if len(self.problems) >= _ENOUGH:
            raise_all(self.problems)

    def count(self, nodes: int = 1) -> None:
        """Count what is made. Raises LimitError when it is too much."""
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise LimitError(
                "The SQL becomes too large once names stand for what they mean.",
                hint="Name the columns that you need instead of '*'.",
                pointer="/sql",
            )

    def name(self, wanted: str, otherwise: str, *, as_table: bool = False) -> str:
        """Return a name that nothing else in the statement has.

        One that is used `as_table` must not be a table's either: it would be read in its stead.
        """
        stem = wanted if PLAIN_NAME.fullmatch(wanted) else otherwise
        tables = self.view.model.tables.values() if as_table else ()
        taken = self._names | {table.source[-1].lower() for table in tables}
        number, found = 1, stem
        while found.lower() in taken:
            number += 1
            found = f"{stem}_{number}"
        self._names.add(found.lower())
        return found

    def read(self, table: Table) -> None:
        """Note that a table is read, and where it is."""
        self.databases.add(table.database)
        if self.there is not None:
            self.database = self.there.database
            return
        if self.database is None:
            self.database = table.database
        self.apart = self.apart or self.database != table.database

    def argument(self, name: str) -> Argument | None:
        return self._arguments.get(name)

    @property
    def argument_names(self) -> tuple[str, ...]:
        return tuple(self._arguments)

    def constant(self, value: Value) -> int:
        """Return the slot of a value that the text holds; equal values share one."""
        key = (type(value).__name__, value)
        if key not in self._numbers:
            self._numbers[key] = self._first + len(self.constants)
            self.constants.append(value)
        return self._numbers[key]

    @property
    def _first(self) -> int:
        return sum(len(argument.slots) for argument in self.query.arguments)

    def annotate(self, tree: exp.Expr) -> None:
        """Find out the type of a tree whose columns have theirs."""
        if self._annotator is None:
            schema = MappingSchema(dialect=self.tongue)
            self._annotator = TypeAnnotator(schema, overwrite_types=False)
        self._annotator.annotate(tree, annotate_scope=False)


def pending(slot: int, type_: DataType | None, node: exp.Expr) -> exp.Placeholder:
    """Return what stands for a value until all types are known."""
    known = "" if type_ is None else type_.value
    found = exp.Placeholder(this=f"{slot}:{known}")
    found.meta[_PENDING] = True
    found.meta["place"] = position_of(node)
    return found


def is_pending(node: object) -> bool:
    return isinstance(node, exp.Placeholder) and bool(node.meta.get(_PENDING))


def read_pending(node: exp.Expr) -> tuple[int, DataType | None]:
    slot, _, known = node.name.partition(":")
    return int(slot), DataType(known) if known else None


def set_beside(node: exp.Expr, column: str) -> None:
    """Keep which column a value is compared with."""
    node.meta[_BESIDE] = column


def beside(node: exp.Expr) -> str:
    """Return which column a value is compared with, "" where it is with none."""
    return str(node.meta.get(_BESIDE, ""))


def position_of(node: exp.Expr) -> tuple[int, int] | None:
    """Return where a node, or the first of its parts that says, stands in the text."""
    for found in node.walk():
        meta = found.meta
        line, last = meta.get("line"), meta.get("col")
        start, end = meta.get("start"), meta.get("end")
        if isinstance(line, int) and isinstance(last, int):
            length = end - start if isinstance(start, int) and isinstance(end, int) else 0
            return line, max(1, last - length)
    return None


def near_to(name: str, known: Sequence[str]) -> str | None:
    """Return a name that may have been meant; looking through very many would take time."""
    if len(name) > _LONGEST or len(known) > _MOST_KNOWN:
        return None
    return suggestion(name, known)
