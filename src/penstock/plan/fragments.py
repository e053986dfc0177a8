"""What each database computes of a plan that needs several: a plan of its own, under a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from penstock.model.types import DataType
from penstock.plan.filters import every
from penstock.plan.types import (
    Aggregated,
    Column,
    ColumnOf,
    Condition,
    Expression,
    FormulaOf,
    Join,
    Narrowing,
    Output,
    Parameter,
    Plan,
    Role,
    Scan,
    Sort,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A plan over one database. What it is narrowed by comes before it.

    `partial`: whoever reads its groups groups them again. `kept`: it is read several times, or
    another one is narrowed by it.
    """

    name: str
    plan: Plan
    partial: bool = False
    narrowings: tuple[Narrowing, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """In which order, and which of the rows."""

    sorts: tuple[Sort, ...]
    limit: Parameter | None
    skip: Parameter | None


@dataclass(slots=True, eq=False)
class Room:
    """The scans of one database that hang together, seen from the first of them.

    `outputs` are what the others read of it and, where it aggregates, what it groups by. `needed`
    is set where rows that find no partner here are dropped later.
    """

    root: Scan
    joins: list[Join] = field(default_factory=list)
    outputs: dict[Expression, Output] = field(default_factory=dict)
    measures: dict[Expression, Output] = field(default_factory=dict)
    where: list[Condition] = field(default_factory=list)
    narrowings: list[Narrowing] = field(default_factory=list)
    partial: bool = False
    distinct: bool = False
    needed: bool = False
    page: Page | None = None

    def column(self, expression: Expression, wanted: str) -> ColumnOf:
        """Return what an expression that this database computes is called."""
        return self._called(self.outputs, _told(expression), wanted)

    def gives(self, expression: Expression) -> bool:
        """Whether the others read it, or rows are grouped by it, anyway."""
        return _told(expression) in self.outputs

    def measure(self, aggregated: Aggregated, wanted: str) -> ColumnOf:
        """Return what an aggregate over a part of a group is called."""
        return self._called(self.measures, aggregated, wanted)

    def _called(
        self, outputs: dict[Expression, Output], expression: Expression, wanted: str
    ) -> ColumnOf:
        if expression not in outputs:
            name = expression.column if isinstance(expression, ColumnOf) else wanted
            taken = {o.name.lower() for o in (*self.outputs.values(), *self.measures.values())}
            while name.lower() in taken:
                name = f"{name}'"
            outputs[expression] = Output(name, expression)
        return ColumnOf(self.root.alias, outputs[expression].name, expression.type)

    def plan(self) -> Plan:
        """Return what this database computes."""
        if not self.outputs and not self.measures:
            # There are as many rows, even where nothing of them is looked at.
            self.column(FormulaOf("1", (), DataType.INTEGER), "row")
        outputs, measures = tuple(self.outputs.values()), tuple(self.measures.values())
        plan = reading(self.root, (*outputs, *measures))
        page = self.page or Page((), None, None)
        return replace(
            plan,
            joins=tuple(self.joins),
            keys=outputs if self.partial else (),
            measures=measures if self.partial else outputs,
            where=every(tuple(self.where)),
            grouped=self.partial,
            distinct=self.distinct,
            sorts=page.sorts,
            limit=page.limit,
            skip=page.skip,
        )


def _told(expression: Expression) -> Expression:
    """Return a column as a join has it: it is the same one whether it is known to be filled."""
    is_column = isinstance(expression, ColumnOf)
    return structs.replace(expression, filled=False) if is_column else expression


def reading(scan: Scan, outputs: Sequence[Output]) -> Plan:
    """Return the plan that lists these of every row that passes the scan's guard."""
    return Plan(
        database=scan.database,
        table=".".join(scan.source),
        scan=scan,
        joins=(),
        keys=(),
        measures=tuple(outputs),
        where=None,
        having=None,
        grouped=False,
        distinct=False,
        labels=(),
        sorts=(),
        earlier=(),
        limit=None,
        skip=None,
        hints=False,
        totals=(),
        columns=tuple(_column(output) for output in outputs),
        candidates=(),
        warning=None,
    )


def _column(output: Output) -> Column:
    type_ = output.expression.type
    return Column(name=output.name, type=type_, role=Role.MEASURE, attribute=output.name)


@dataclass(slots=True)
class Fragments:
    """All fragments of one statement, in the order to read them; equal ones are one.

    The rows of databases that are `near` come for nothing: they are in this process.
    """

    near: frozenset[str] = frozenset()
    found: list[Fragment] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        wanted: str,
        plan: Plan,
        *,
        partial: bool = False,
        narrowings: Iterable[Narrowing] = (),
    ) -> Scan:
        """Return how to read what this plan gives, by the alias of its scan."""
        made = Fragment(name="", plan=plan, partial=partial, narrowings=tuple(narrowings))
        for known in self.found:
            if replace(known, name="") == made:
                self.uses[known.name] += 1
                return Scan(plan.scan.alias, (known.name,), None)
        name = self._free(wanted)
        self.found.append(replace(made, name=name))
        self.uses[name] = 1
        return Scan(plan.scan.alias, (name,), None)

    def _free(self, wanted: str) -> str:
        taken = {name.lower() for name in self.uses}
        number, name = 1, wanted
        while name.lower() in taken:
            number += 1
            name = f"{wanted} {number}"
        return name

    def is_partial(self, source: tuple[str, ...]) -> bool:
        """Whether what is read from here are groups."""
        return any((made.name,) == source and made.partial for made in self.found)

    def all(
        self, *, keep: bool = False, sought: frozenset[str] = frozenset()
    ) -> tuple[Fragment, ...]:
        """Return them in order; `keep` all where nobody knows how often each is read.

        `sought` are looked into before others are asked, as those are that narrow another one.
        """
        looked_into = {n.by for made in self.found for n in made.narrowings} | sought
        return tuple(
            replace(made, kept=keep or self.uses[made.name] > 1 or made.name in looked_into)
            for made in self.found
        )
