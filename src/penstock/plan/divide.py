"""A plan over several databases → a fragment for each, and the plan that joins what they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from penstock.plan.fragments import Fragment, Fragments, reading
from penstock.plan.narrowing import narrowed
from penstock.plan.select import divide_select
from penstock.plan.types import ColumnOf, Earlier, Label, Output, Plan, Scan
from penstock.plan.whole import Whole, find_whole


@dataclass(frozen=True, slots=True)
class Divided:
    """`plan` reads the fragments by their names, as tables of one database.

    `whole` may be asked instead, once what comes before its part is there.
    """

    plan: Plan
    fragments: tuple[Fragment, ...]
    whole: Whole | None = None


def databases_of(plan: Plan) -> frozenset[str]:
    """Return where a plan reads, its totals apart."""
    return frozenset(scan.database for scan in (*_scans(plan), *(x.scan for x in plan.labels)))


def _scans(plan: Plan) -> Iterator[Scan]:
    """Yield what is read for the rows, before anything is looked up for them."""
    if not plan.parts:
        yield plan.scan
    yield from (join.scan for join in plan.joins)
    for part in (*plan.parts, *(part for earlier in plan.earlier for part in earlier.parts)):
        yield from _scans(part)


def divide_plan(plan: Plan, near: frozenset[str] = frozenset()) -> Divided:
    """Divide a plan whose totals are divided apart; databases `near` give rows for nothing."""
    fragments = Fragments(near)
    if len({scan.database for scan in _scans(plan)}) == 1:
        return Divided(_labelled_elsewhere(plan, fragments), fragments.all())
    outer = _joined(plan, fragments)
    whole = find_whole(plan, fragments.found)
    sought = frozenset[str]() if whole is None else whole.sought
    return Divided(outer, fragments.all(sought=sought), whole)


def _labelled_elsewhere(plan: Plan, fragments: Fragments) -> Plan:
    """Leave everything to the one database, page included, but the labels that are elsewhere."""
    home = next(_scans(plan)).database
    near = tuple(label for label in plan.labels if label.scan.database == home)
    far = tuple(label for label in plan.labels if label.scan.database != home)
    names = {label.name for label in far}
    columns = tuple(column for column in plan.columns if column.name not in names)
    inner = replace(plan, database=home, labels=near, columns=columns, hints=False, totals=())
    is_late = any(sort.name in names for sort in plan.sorts)
    if is_late:
        inner = replace(inner, sorts=(), limit=None, skip=None)
    scan = fragments.add(plan.table, inner)
    return replace(
        plan,
        parts=(),
        scan=scan,
        joins=(),
        keys=(),
        measures=tuple(Output(c.name, ColumnOf(scan.alias, c.name, c.type)) for c in columns),
        where=None,
        having=None,
        grouped=False,
        distinct=False,
        labels=tuple(_label(label, fragments, (scan.source[0], label.key)) for label in far),
        earlier=(),
        skip=plan.skip if is_late else None,
    )


def _label(label: Label, fragments: Fragments, by: tuple[str, str] | None) -> Label:
    """Have a label's table read; only the keys in a fragment's column, where `by` names one."""
    key, type_ = Output("key", label.key_column), label.key_column.type
    value = Output("label", label.value)
    column = ColumnOf(label.scan.alias, key.name, type_)
    narrowings = (
        () if by is None else narrowed(label.scan, column, by[0], ColumnOf("", by[1], type_))
    )
    scan = fragments.add(label.name, reading(label.scan, (key, value)), narrowings=narrowings)
    return Label(
        name=label.name,
        key=label.key,
        scan=scan,
        key_column=column,
        value=ColumnOf(scan.alias, value.name, label.value.type),
    )


def _joined(plan: Plan, fragments: Fragments) -> Plan:
    outer = _rows(plan, fragments)
    return replace(
        outer,
        labels=tuple(
            _label(label, fragments, _small(label.key, outer, fragments)) for label in plan.labels
        ),
        earlier=tuple(_earlier(plan, earlier, fragments) for earlier in plan.earlier),
    )


def _small(name: str, outer: Plan, fragments: Fragments) -> tuple[str, str] | None:
    """Return the fragment, and its column, that has the values of a scale: if it has groups."""
    for output in outer.keys:
        column = output.expression
        if output.name != name or not isinstance(column, ColumnOf):
            continue
        if column.scan == outer.scan.alias and fragments.is_partial(outer.scan.source):
            return outer.scan.source[0], column.column
    return None


def _rows(plan: Plan, fragments: Fragments) -> Plan:
    if plan.parts:
        return replace(plan, parts=_facts(plan.parts, fragments))
    return divide_select(plan, fragments)


def _facts(plans: Sequence[Plan], fragments: Fragments) -> tuple[Plan, ...]:
    return tuple(divide_select(plan, fragments) for plan in plans)


def _earlier(plan: Plan, earlier: Earlier, fragments: Fragments) -> Earlier:
    if earlier.parts:
        return structs.replace(earlier, parts=_facts(earlier.parts, fragments))
    then = replace(plan, where=earlier.where, measures=earlier.measures, having=None)
    instead = divide_select(then, fragments)
    return Earlier(instead.where, earlier.matches, instead.measures, (), instead)
