"""A plan about a table → the same about a roll-up of it, where the answer is surely the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from msgspec import structs

from penstock.model.types import Column, DataType, Table
from penstock.plan.choose import is_asked, references
from penstock.plan.scope import Seat, attribute_of
from penstock.plan.types import (
    Aggregated,
    AtMoment,
    Back,
    Candidate,
    ColumnOf,
    Condition,
    Cut,
    Earlier,
    Either,
    Every,
    Expression,
    Farthest,
    FormulaOf,
    Inverse,
    Join,
    KeyOf,
    Nothing,
    Output,
    Plan,
    Scan,
    Standing,
    Subtotal,
    Tested,
)
from penstock.policy.types import View
from penstock.query.types import Compute, Query

_UNMOVED: Final = frozenset({Compute.MIN, Compute.MAX, Compute.COUNT_DISTINCT})
"""Of keys of the groups these are the same, however many rows have them."""

_SAME: Final = frozenset({Compute.SUM, Compute.MIN, Compute.MAX})
"""The sum of sums, the least of the least, the most of the most."""


def roll_up(plan: Plan, query: Query, view: View) -> Plan:
    """Return the plan about the smallest roll-up that covers it, and why the others are not it."""
    if query.table_name is not None:
        return plan
    base, names = view.model.tables[plan.table], references(query)
    rolled, verdicts = plan, dict[str, str]()
    for rollup in _rollups(base, view):
        if rollup.queryable and is_asked(rollup, names, view.model.tables):
            continue
        why = _unusable(rollup, base, query, view)
        if why is None and rolled is not plan:
            why = f"is a roll-up of {base.name!r}, with more rows than {rolled.table!r}"
        if why is None:
            rewriting = _rewriting(base, rollup, plan.scan.alias)
            found = rewriting.plan(plan)
            why = _lacks(rewriting)
            rolled = rolled if why else found
        verdicts[rollup.name] = why or f"chosen: is a roll-up of {base.name!r}, with fewer rows"
    if not verdicts:
        return plan
    if rolled is not plan:
        verdicts[base.name] = "can answer, with more rows"
    candidates = tuple(
        Candidate(c.table, c.rows, verdicts.get(c.table, c.verdict)) for c in plan.candidates
    )
    return replace(rolled, candidates=candidates)


def _rollups(base: Table, view: View) -> Iterator[Table]:
    """Yield the roll-ups of a table, the smallest first; those that nobody counted last."""
    found = (t for t in view.model.tables.values() if t.rollup and t.rollup.table == base.name)
    yield from sorted(found, key=lambda t: (t.rows is None, t.rows or 0, t.name))


def _unusable(rollup: Table, base: Table, query: Query, view: View) -> str | None:
    """Say why a roll-up answers nothing now, whatever is asked."""
    said = f"is a roll-up of {base.name!r}"
    if base.name in view.guards or rollup.name in view.guards:
        return f"{said}, and not all rows may be seen"
    if query.database_name not in {None, rollup.database}:
        return f"{said}, in another database"
    if not rollup.rows or base.rows is None or rollup.rows >= base.rows:
        return f"{said}, and not known to have fewer rows"
    if rollup.watermark == base.watermark and rollup.newest != base.newest:
        return f"{said}, and not as new"
    return None


def _lacks(rewriting: _Rewriting) -> str | None:
    return f"has no {', '.join(rewriting.missing)}" if rewriting.missing else None


def _rewriting(base: Table, rollup: Table, alias: str) -> _Rewriting:
    """Set side by side what stands for each attribute here and there."""
    seat = Seat(alias, always=True)
    here = {n: attribute_of(a, base.attributes, seat) for n, a in base.attributes.items()}
    there = {
        n: ColumnOf(alias, a.source.name, a.type)
        for n, a in rollup.attributes.items()
        if isinstance(a.source, Column)
    }
    made = {} if rollup.rollup is None else rollup.rollup.measures
    return _Rewriting(
        rollup,
        alias,
        names={expression: name for name, expression in reversed(here.items())},
        keys={
            key: there[name]
            for name in rollup.grain
            if name in here
            for key in _ways_to_say(here[name])
        },
        measures={
            (compute, here[of]): there[name]
            for name, (of, compute) in made.items()
            if name in there and of in here
        },
    )


def _ways_to_say(expression: Expression) -> Iterator[Expression]:
    """Yield an expression, and as a join has it: of its keys nobody says that they are filled."""
    yield expression
    if isinstance(expression, ColumnOf):
        yield structs.replace(expression, filled=not expression.filled)


@dataclass(slots=True)
class _Rewriting:
    """`keys` and `measures` hold the roll-up's column for what a plan has of the table.

    The roll-up is read under the table's alias. What it lacks goes to `missing`, `use` being what
    it is needed for.
    """

    rollup: Table
    alias: str
    names: Mapping[Expression, str]
    keys: Mapping[Expression, ColumnOf]
    measures: Mapping[tuple[object, Expression], ColumnOf]
    missing: dict[str, None] = field(default_factory=dict)
    use: str = ""

    def plan(self, plan: Plan) -> Plan:
        if not plan.grouped:
            self.missing["rows to list, only groups"] = None
            return plan
        rollup = self.rollup
        return replace(
            plan,
            database=rollup.database,
            table=rollup.name,
            scan=Scan(self.alias, rollup.source, None, rollup.database, rollup.rows),
            joins=tuple(self._join(join) for join in plan.joins),
            keys=self._outputs(plan.keys, "a scale"),
            measures=self._outputs(plan.measures, "computed"),
            where=self._condition(plan.where, "a filter"),
            having=self._condition(plan.having, "tested"),
            earlier=tuple(self._earlier(earlier) for earlier in plan.earlier),
            totals=tuple(Subtotal(total.name, self.plan(total.plan)) for total in plan.totals),
        )

    def _earlier(self, earlier: Earlier) -> Earlier:
        return structs.replace(
            earlier,
            where=self._condition(earlier.where, "a filter"),
            measures=self._outputs(earlier.measures, "computed"),
        )

    def _join(self, join: Join) -> Join:
        """Join on the roll-up's keys: where these are equal, the same row is found."""
        self.use = "joined on"
        return structs.replace(
            join,
            keys=tuple(
                (self._own(own, type_), other)
                for (own, other), (type_, _) in zip(join.keys, join.types, strict=True)
            ),
        )

    def _own(self, key: ColumnOf, type_: DataType) -> ColumnOf:
        found = self._expression(structs.replace(key, type=type_))
        return structs.replace(found, type=key.type) if isinstance(found, ColumnOf) else key

    def _outputs(self, outputs: Sequence[Output], use: str) -> tuple[Output, ...]:
        self.use = use
        return tuple(Output(output.name, self._expression(output.expression)) for output in outputs)

    def _condition(self, condition: Condition | None, use: str) -> Condition | None:
        self.use = use
        return None if condition is None else self._tested(condition)

    def _tested(self, condition: Condition) -> Condition:
        match condition:
            case Tested(expression=expression):
                return structs.replace(condition, expression=self._expression(expression))
            case Every(parts):
                return Every(tuple(self._tested(part) for part in parts))
            case Either(parts):
                return Either(tuple(self._tested(part) for part in parts))
            case Inverse(part):
                return Inverse(self._tested(part))
            case unreachable:
                assert_never(unreachable)

    def _expression(self, expression: Expression) -> Expression:
        """Return what has the same value for each group that it has for the rows of it."""
        return self.keys.get(expression) or self._made(expression)

    def _made(self, expression: Expression) -> Expression:
        match expression:
            case ColumnOf():
                return expression if expression.scan != self.alias else self._miss(expression)
            case FormulaOf(aggregates=False, inputs=inputs):
                made = tuple((name, self._expression(of)) for name, of in inputs)
                return structs.replace(expression, inputs=made)
            case FormulaOf():
                return self._miss(expression)
            case Aggregated() | Standing():
                return self._of_group(expression)
            case Cut() | Back():
                return structs.replace(expression, argument=self._expression(expression.argument))
            case KeyOf() | Nothing() | Farthest() | AtMoment():
                return expression
            case unreachable:
                assert_never(unreachable)

    def _of_group(self, expression: Aggregated | Standing) -> Expression:
        if isinstance(expression, Standing):
            return self._standing(expression, self._expression(expression.argument))
        return self._aggregated(expression)

    def _aggregated(self, aggregated: Aggregated) -> Expression:
        compute, argument = aggregated.compute, aggregated.argument
        of = argument.argument if isinstance(argument, Standing) else argument
        found = self.measures.get((compute, of))
        total, count = self.measures.get((Compute.SUM, of)), self.measures.get((Compute.COUNT, of))
        if found is not None and compute in _SAME:
            return Aggregated(compute, self._measured(found, argument), aggregated.type)
        if compute is Compute.COUNT and count is not None:
            counted = self._counted(count, argument)
            return _formula("COALESCE(SUM(n), 0)", DataType.INTEGER, n=counted)
        if compute is Compute.AVG and total is not None and count is not None:
            added, counted = self._measured(total, argument), self._counted(count, argument)
            return _formula("SUM(total) / SUM(n)", DataType.FLOAT, total=added, n=counted)
        if compute in _UNMOVED:
            return structs.replace(aggregated, argument=self._expression(argument))
        self.missing[f"{compute.value} of {self._named(of)}"] = None
        return aggregated

    def _measured(self, found: Expression, argument: Expression) -> Expression:
        """Return a measure of the roll-up as the argument stood for it: at the last moment only."""
        return self._standing(argument, found) if isinstance(argument, Standing) else found

    def _counted(self, count: ColumnOf, argument: Expression) -> Expression:
        if not isinstance(argument, Standing):
            return count
        # Where there are no values, a sum of them is null: that is no last moment, nor is this.
        some = FormulaOf("NULLIF(n, 0)", (("n", count),), DataType.INTEGER)
        return self._standing(argument, some)

    def _standing(self, standing: Standing, argument: Expression) -> Standing:
        """Return what stands at the same moment: one of the roll-up's keys, as `per` is."""
        before, self.use = self.use, "what a balance is over"
        moment = self._expression(standing.moment)
        self.use = "what a balance is per"
        per = tuple(self._expression(each) for each in standing.per)
        self.use = before
        return structs.replace(
            standing, argument=argument, moment=moment, per=per, type=argument.type
        )

    def _miss(self, expression: Expression) -> Expression:
        self.missing[f"{self._named(expression)}, which is {self.use}"] = None
        return expression

    def _named(self, expression: Expression) -> str:
        return repr(self.names[expression]) if expression in self.names else "what it joins"


def _formula(text: str, type_: DataType, **inputs: Expression) -> FormulaOf:
    return FormulaOf(text, tuple(inputs.items()), type_, aggregates=True)
