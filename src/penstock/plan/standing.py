"""What counts at the last moment of a group only → a plan over rows that know which moment it is.

The rows are selected first, each beside the last moment of those it is grouped with; then they are
grouped. A window needs no second reading of the table and no join, in which not every database
compares null keys well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from penstock.plan.conditions import expressions_of, mapped
from penstock.plan.daily import by_day
from penstock.plan.types import (
    Aggregated,
    AtMoment,
    ColumnOf,
    Earlier,
    Expression,
    Farthest,
    FormulaOf,
    Join,
    Output,
    Plan,
    Scan,
    Standing,
)

ROWS: Final = "the rows"
"""Names of a model hold no spaces, so no scan is called this."""


def with_moments(plan: Plan) -> Plan:
    """Return a plan, its past and its facts without `Standing`. Totals are plans of their own."""
    if not plan.parts and not any(map(_is_apart, plan.earlier)) and not any(standings(plan)):
        return plan
    found = replace(
        plan,
        parts=tuple(with_moments(part) for part in plan.parts),
        earlier=tuple(_earlier(plan, earlier) for earlier in plan.earlier),
    )
    return _over_rows(by_day(found)) if any(standings(plan)) else found


def _is_apart(earlier: Earlier) -> bool:
    """Whether the past is not just the plan's measures once more, over other rows."""
    return earlier.instead is not None or bool(earlier.parts)


def _earlier(plan: Plan, earlier: Earlier) -> Earlier:
    then = earlier.instead or replace(plan, parts=earlier.parts)
    then = replace(then, where=earlier.where, measures=earlier.measures, having=None, earlier=())
    found = with_moments(then)
    # What is only tested of today's groups may be taken at one moment, and change what they read.
    if found == then and not any(standings(plan)):
        return earlier
    moved = structs.replace(earlier, where=found.where, measures=found.measures, parts=found.parts)
    is_read_alike = earlier.instead is None and bool(found.parts)
    return moved if is_read_alike else structs.replace(moved, parts=(), instead=found)


def standings(plan: Plan) -> Iterator[Standing]:
    """Give what a plan takes at one moment of each group, as often as it does."""
    for measure in plan.measures:
        yield from _standings(measure.expression)
    for expression in expressions_of(plan.having):
        yield from _standings(expression)


def describe_standings(plan: Plan) -> Iterator[str]:
    """Say which rows count, for each measure of which not all do."""
    made = [(m.name, standing) for m in plan.measures for standing in _standings(m.expression)]
    made += [("what is tested", s) for e in expressions_of(plan.having) for s in _standings(e)]
    found: dict[str, dict[str, None]] = {}
    for name, standing in made:
        found.setdefault(_which(standing), {})[name] = None
    for which, names in found.items():
        yield f"{', '.join(names)}: {which}"


def _which(standing: Standing) -> str:
    end = "first" if standing.earliest else "last"
    per = f", per {', '.join(map(_named, standing.per))}" if standing.per else ""
    return f"only rows at the {end} {_named(standing.moment)} of a group{per}"


def _named(expression: Expression) -> str:
    match expression:
        case ColumnOf(scan, column):
            return f"{scan}.{column}"
        case FormulaOf(text=text):
            return text
        case _:
            return "moment"


def _standings(expression: Expression) -> Iterator[Standing]:
    match expression:
        case Standing():
            yield expression
        case Aggregated(argument=argument):
            yield from _standings(argument)
        case FormulaOf(aggregates=True, inputs=inputs):
            for _, argument in inputs:
                yield from _standings(argument)
        case _:
            return


def _over_rows(plan: Plan) -> Plan:
    rows = _Rows(plan.keys, plan.joins)
    measures = tuple(Output(m.name, rows.of_group(m.expression)) for m in plan.measures)
    having = None if plan.having is None else mapped(plan.having, rows.of_group)
    part = replace(
        plan,
        keys=(),
        measures=(*plan.keys, *rows.found.values()),
        having=None,
        grouped=False,
        labels=(),
        sorts=(),
        earlier=(),
        totals=(),
    )
    return replace(
        plan,
        scan=Scan(ROWS, (), None, plan.scan.database, plan.scan.rows),
        joins=(),
        parts=(_over_computed(part),),
        keys=tuple(Output(k.name, _column_of(k)) for k in plan.keys),
        measures=measures,
        where=None,
        having=having,
    )


def _over_computed(rows: Plan) -> Plan:
    """Return the rows of rows in which is computed whatever a last moment is found by.

    So it is computed once: in a window databases would do it once more for each row.
    """
    wanted = [m.expression for m in rows.measures if isinstance(m.expression, Farthest)]
    read = dict.fromkeys(each for one in wanted for each in (one.moment, *one.among))
    own = [m for m in rows.measures if not isinstance(m.expression, Farthest)]
    there = {m.expression: m for m in reversed(own)}
    more = [Output(f"beside {i}", e) for i, e in enumerate(read, 1) if e not in there]
    found = there | {output.expression: output for output in more}
    columns = {expression: _column_of(output) for expression, output in found.items()}
    return replace(
        rows,
        scan=Scan(ROWS, (), None, rows.scan.database, rows.scan.rows),
        joins=(),
        parts=(replace(rows, measures=(*own, *more)),),
        measures=tuple(Output(m.name, _of_columns(m, columns)) for m in rows.measures),
        where=None,
    )


def _of_columns(output: Output, columns: Mapping[Expression, ColumnOf]) -> Expression:
    expression = output.expression
    if not isinstance(expression, Farthest):
        return _column_of(output)
    return structs.replace(
        expression,
        moment=columns[expression.moment],
        among=tuple(columns[each] for each in expression.among),
    )


def _column_of(output: Output) -> ColumnOf:
    return ColumnOf(ROWS, output.name, output.expression.type)


@dataclass(slots=True)
class _Rows:
    """What has to be selected of each row beside the keys that it is grouped by."""

    keys: Sequence[Output]
    joins: Sequence[Join]
    found: dict[Expression, Output] = field(default_factory=dict)

    def of_group(self, expression: Expression) -> Expression:
        """Return an aggregate over columns of the rows."""
        match expression:
            case Aggregated(argument=argument):
                return structs.replace(expression, argument=self._of_row(argument))
            case FormulaOf(aggregates=True, inputs=inputs):
                made = tuple((name, self._input(of)) for name, of in inputs)
                return structs.replace(expression, inputs=made)
            case _:
                return expression

    def _input(self, expression: Expression) -> Expression:
        is_of_group = isinstance(expression, FormulaOf) and expression.aggregates
        return self.of_group(expression) if is_of_group else self._of_row(expression)

    def _of_row(self, expression: Expression) -> Expression:
        if not isinstance(expression, Standing):
            return self._column(expression, "value")
        value, moment, earliest = expression.argument, expression.moment, expression.earliest
        # Nulls are no values: a moment at which there is nothing else is not the last one.
        inputs = (("v", value), ("m", moment))
        when = FormulaOf("CASE WHEN NOT v IS NULL THEN m END", inputs, moment.type)
        wanted = Farthest(when, self._among(expression.per), earliest, moment.type)
        return AtMoment(
            self._column(value, "value"),
            self._column(when, "moment"),
            self._column(wanted, "first" if earliest else "last"),
            expression.type,
        )

    def _among(self, per: Sequence[Expression]) -> tuple[Expression, ...]:
        """Return what rows are equal in, without what is always equal where the rest is.

        Of a joined row that is everything, where its key is there: fewer columns to compare.
        """
        among = dict.fromkeys((*(key.expression for key in self.keys), *per))
        columns = [each for each in among if isinstance(each, ColumnOf)]
        # Times that are equal may be written in several ways, and have as many partners.
        told = {(each.scan, each.column) for each in columns if not each.type.tells_time}
        for join in self.joins:
            if all((own.scan, own.column) in told for own, _ in join.keys):
                gone = [e for e in among if isinstance(e, ColumnOf) and e.scan == join.scan.alias]
                for each in gone:
                    del among[each]
        return tuple(among)

    def _column(self, expression: Expression, called: str) -> ColumnOf:
        new = Output(f"{called} {len(self.found) + 1}", expression)
        output = self.found.setdefault(expression, new)
        return ColumnOf(ROWS, output.name, expression.type)
