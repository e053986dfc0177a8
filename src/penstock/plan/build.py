"""Permitted query → plan. Every name is looked up here, once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from penstock.errors import NoTableFoundError, PenstockError, QueryError, raise_all
from penstock.model.types import Attribute, DataType
from penstock.plan.atlas import Path, Reached, atlas
from penstock.plan.choose import Choice, choose_table
from penstock.plan.evolution import earlier_columns, find_time, go_back
from penstock.plan.facts import Facts, split_facts
from penstock.plan.filters import every, split_filter
from penstock.plan.having import group_conditions
from penstock.plan.merge import merge_plans
from penstock.plan.outputs import duplicates, key_output, listed_output, measure_output
from penstock.plan.rollup import roll_up
from penstock.plan.scope import Scope
from penstock.plan.sorts import sort_outputs
from penstock.plan.totals import make_totals
from penstock.plan.types import Column, ColumnOf, Label, Output, Parameter, Plan, Role
from penstock.policy.types import Permitted, View
from penstock.query.types import AnyCompute, Compute, Field, Query, Scale


@dataclass(slots=True)
class _Draft:
    """A plan in the making, and everything found wrong with its query so far."""

    query: Query
    choice: Choice
    scope: Scope
    grouped: bool
    keys: list[Output] = field(default_factory=list)
    measures: list[Output] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    problems: list[PenstockError] = field(default_factory=list)


def build_plan(permitted: Permitted) -> Plan:
    """Plan what policy has let through.

    Raises, all that apply at once: the errors of `choose_table`, ComputeNotAllowedError,
    AmbiguousNameError, QueryError.
    """
    query, view = permitted.asked.query, permitted.view
    try:
        choice = choose_table(query, atlas(view.model))
    except NoTableFoundError as error:
        return _build_facts(query, view, split_facts(query, atlas(view.model), error))
    if choice.multiplied and query.table_name is None and _is_grouped(query, choice):
        # One table could answer, but would count a row of another one many times.
        facts = split_facts(query, atlas(view.model), None)
        if len(facts.parts) > 1:
            return _build_facts(query, view, facts)
    return roll_up(_build(query, view, choice), query, view)


def _build_facts(query: Query, view: View, facts: Facts) -> Plan:
    """Plan each fact at its own grain."""
    parts = [
        _build(part, view, choose_table(part, atlas(view.model)), is_part=True)
        for part in facts.parts
    ]
    return merge_plans(query, facts, parts)


def _build(query: Query, view: View, choice: Choice, *, is_part: bool = False) -> Plan:
    scope = Scope(choice.table, view.model.tables, view.guards, choice.reached, zone=query.timezone)
    draft = _Draft(query, choice, scope, is_part or _is_grouped(query, choice))
    for scale in query.scales:
        _select_scale(draft, scale)
    for asked in query.fields:
        for compute in asked.computes:
            _select_field(draft, asked, compute)
    time = _go_back(draft)
    draft.problems += duplicates(query, draft.columns)
    split = split_filter(query.filter, scope, grouped=draft.grouped)
    draft.problems += split.problems
    groups = group_conditions(query.having, scope, grouped=draft.grouped, problems=draft.problems)
    # An order by a column that could not be made would only repeat what is wrong with it.
    sorts = () if draft.problems else sort_outputs(query, draft.columns, draft.problems)
    raise_all(draft.problems)
    plan = Plan(
        database=choice.table.database,
        table=choice.table.name,
        scan=scope.scan,
        joins=tuple(scope.joins.values()),
        keys=tuple(draft.keys),
        measures=tuple(draft.measures),
        where=every(split.rows),
        having=every((*split.groups, *groups)),
        grouped=draft.grouped,
        distinct=not draft.grouped and _asks_distinct(query),
        labels=tuple(draft.labels),
        sorts=sorts,
        earlier=go_back(query, scope, draft.keys, draft.measures),
        limit=Parameter(query.limit, DataType.INTEGER, "limit", "/data/limit"),
        skip=None
        if query.skip is None
        else Parameter(query.skip, DataType.INTEGER, "skip", "/data/skip"),
        hints=query.hints,
        totals=(),
        columns=tuple(draft.columns),
        candidates=choice.candidates,
        warning=_warning(choice, grouped=draft.grouped),
    )
    return replace(plan, totals=make_totals(query, time, scope, plan)) if query.totals else plan


def _go_back(draft: _Draft) -> str | None:
    """Return what goes back in time, its past beside each measure."""
    query = draft.query
    if query.totals and not draft.grouped:
        draft.problems.append(_ungrouped("total", query.totals[0].pointer))
    if query.evolution is None:
        return None
    if not draft.grouped:
        draft.problems.append(_ungrouped("evol", "/evol"))
        return None
    draft.columns = earlier_columns(draft.columns, query.evolution.depth)
    try:
        return find_time(query, draft.scope)
    except PenstockError as error:
        draft.problems.append(error)
        return None


def _ungrouped(word: str, pointer: str) -> QueryError:
    return QueryError(
        f"{word!r} is about groups, and this query lists rows.",
        hint="Add a scale, or an aggregate to compute.",
        pointer=pointer,
    )


def _is_grouped(query: Query, choice: Choice) -> bool:
    """Whether rows are grouped: by scales, or all together by an aggregate."""
    return bool(query.scales) or any(
        choice.reached[asked.attribute].attribute.aggregates
        or any(compute.aggregates for compute in asked.computes)
        for asked in query.fields
    )


def _asks_distinct(query: Query) -> bool:
    return any(Compute.SELECT_DISTINCT in asked.computes for asked in query.fields)


def _select_scale(draft: _Draft, scale: Scale) -> None:
    reached = draft.choice.reached[scale.attribute]
    expression = draft.scope.expression(scale.attribute)
    try:
        zone = draft.query.timezone
        output, column = key_output(scale, reached.attribute, expression, zone)
    except PenstockError as error:
        draft.problems.append(error)
        return
    draft.keys.append(output)
    draft.columns.append(column)
    if scale.granularity is None:
        _label(draft, reached, column)


def _select_field(draft: _Draft, asked: Field, compute: AnyCompute) -> None:
    if not compute.aggregates and _is_there_already(draft, asked, compute):
        return
    reached = draft.choice.reached[asked.attribute]
    of = draft.scope.measured if draft.grouped else draft.scope.expression
    expression = of(asked.attribute)
    make = measure_output if draft.grouped else listed_output
    try:
        output, column = make(asked, compute, reached.attribute, expression)
    except PenstockError as error:
        draft.problems.append(error)
        return
    draft.measures.append(output)
    draft.columns.append(column)
    if not draft.grouped:
        _label(draft, reached, column)


def _is_there_already(draft: _Draft, asked: Field, compute: AnyCompute) -> bool:
    """Whether the attribute is a scale, whose column then serves for the measure too."""
    for i, column in enumerate(draft.columns):
        if column.name == asked.attribute and column.attribute == asked.attribute:
            if column.role is Role.SCALE:
                draft.columns[i] = replace(column, compute=compute.value)
            return True
    return False


def _labelled(draft: _Draft, reached: Reached) -> tuple[Path, Attribute] | None:
    """Return the way to, and the attribute of, what names the values of a key."""
    if reached.attribute.label is None:
        return None
    step, name = reached.attribute.label
    relationship = reached.table.relationships[step]
    table = draft.scope.tables[relationship.table]
    # The label of a group is found by the group's key alone, so it must be the whole key.
    is_key = [key.own for key in relationship.keys] == [reached.attribute.name]
    if not is_key:
        return None
    return (*reached.path, step), table.attributes[name]


def _label_column(column: Column, attribute: Attribute) -> Column:
    return Column(
        name=f"{column.name}_label",
        type=attribute.type,
        role=Role.LABEL,
        attribute=column.attribute,
        title=attribute.title,
        labels=column.name,
    )


def _label(draft: _Draft, reached: Reached, column: Column) -> None:
    found = _labelled(draft, reached)
    if found is None:
        return
    path, attribute = found
    relationship = reached.table.relationships[path[-1]]
    taken = {label.scan.alias for label in draft.labels}
    scan = draft.scope.apart(relationship.table, path, taken)
    key = ColumnOf(scan.alias, relationship.keys[0].other_column, column.type)
    label = _label_column(column, attribute)
    value = draft.scope.on(key, relationship.table, attribute)
    draft.labels.append(
        Label(name=label.name, key=column.name, scan=scan, key_column=key, value=value)
    )
    draft.columns.append(label)


def _warning(choice: Choice, *, grouped: bool) -> str | None:
    """Say what may change the numbers: that there was a choice, or that a row counts often."""
    if not grouped:
        return None
    table = choice.table.name
    said = [
        f"{name!r} is of {choice.reached[name].table.name!r}, which cannot answer alone: each row"
        f" of {table!r} counts it once more."
        for name in choice.multiplied
    ]
    if choice.rivals and not choice.multiplied:
        rivals = " and ".join(repr(rival.name) for rival in choice.rivals)
        said.append(
            f"{table!r} answers, having the fewest rows; {rivals} could too."
            " Say 'table_name' to choose."
        )
    return " ".join(said) or None
