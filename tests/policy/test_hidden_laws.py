"""A hidden attribute and one that never was: the same answers, errors, hints and suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import PenstockError
from penstock.model.types import Attribute, Formula, Model, Relationship, Table
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, Role
from penstock.query.types import Json
from penstock.sql.types import Statement
from support.ask import answer, open_gate
from support.flights import ANALYST, FLIGHTS

Hidden = Mapping[str, frozenset[str]]
Outcome = tuple[Plan, Statement] | list[tuple[str, str, str, str | None, str | None]]

PLACES = [(t.name, name) for t in FLIGHTS.tables.values() for name in t.attributes]
NAMES = sorted({name for _, name in PLACES})
PREFIXES = [*FLIGHTS.tables, *FLIGHTS.tables["flights"].relationships]

hidden_sets: st.SearchStrategy[Hidden] = st.lists(
    st.sampled_from(PLACES), min_size=1, max_size=6
).map(
    lambda places: {
        table: frozenset(name for owner, name in places if owner == table) for table, _ in places
    }
)


@st.composite
def references(draw: st.DrawFn, hidden: Hidden) -> str:
    """Draw a name: a hidden one more often than not, maybe with a prefix or misspelt."""
    gone = sorted(name for names in hidden.values() for name in names)
    name = draw(st.sampled_from(gone) | st.sampled_from(NAMES))
    prefix = draw(st.none() | st.sampled_from(PREFIXES))
    spelt = draw(st.sampled_from([name, name, name[:-1], f"{name}s", name.upper()]))
    return spelt if prefix is None else f"{prefix}.{spelt}"


@st.composite
def questions(draw: st.DrawFn) -> tuple[Hidden, dict[str, Json]]:
    hidden = draw(hidden_sets)
    computes = st.sampled_from([["select"], ["count"], ["select_distinct"], ["sum"]])
    fields = draw(st.dictionaries(references(hidden), computes, min_size=1, max_size=3))
    query: dict[str, Json] = {"data": {"fields": fields}}
    if draw(st.booleans()):
        query["scale"] = {"fields": draw(st.lists(references(hidden), max_size=2))}
    if draw(st.booleans()):
        query["filter"] = {draw(references(hidden)): {"is_null": True}}
    if draw(st.booleans()):
        query["order"] = {draw(references(hidden)): "asc"}
    if draw(st.integers(0, 3)) == 0:
        query["table_name"] = draw(st.sampled_from([*FLIGHTS.tables, "plane"]))
    return hidden, query


def needs(attribute: Attribute) -> tuple[str, ...]:
    uses = attribute.source.uses if isinstance(attribute.source, Formula) else ()
    semi = attribute.semi_additive
    return uses if semi is None else (*uses, semi.over, *semi.per)


def without(model: Model, hidden: Hidden) -> Model:
    """Return the model that a team would have written, had it never heard of these attributes."""
    gone = {(table, name) for table, names in hidden.items() for name in names}
    while (
        more := {
            (table.name, attribute.name)
            for table in model.tables.values()
            for attribute in table.attributes.values()
            if any((table.name, needed) in gone for needed in needs(attribute))
        }
        - gone
    ):
        gone |= more
    left = {
        t.name for t in model.tables.values() if any((t.name, n) not in gone for n in t.attributes)
    }

    def is_declared(table: Table, relationship: Relationship) -> bool:
        sides = [
            ((table.name, key.own) in gone, (relationship.table, key.other) in gone)
            for key in relationship.keys
        ]
        return relationship.table in left and all(own == other for own, other in sides)

    def rewritten(table: Table) -> Table:
        ways = {n: r for n, r in table.relationships.items() if is_declared(table, r)}
        attributes = {n: a for n, a in table.attributes.items() if (table.name, n) not in gone}
        for name, attribute in attributes.items():
            if attribute.label is None:
                continue
            step, label = attribute.label
            if step not in ways or (ways[step].table, label) in gone:
                attributes[name] = replace(attribute, label=None)
        return replace(table, attributes=attributes, relationships=ways)

    return replace(model, tables={n: rewritten(t) for n, t in model.tables.items() if n in left})


def outcome(query: dict[str, Json], gate: Gate) -> Outcome:
    try:
        answered = answer(query, gate, ANALYST)
    except PenstockError as error:
        return [(type(p).__name__, p.code, p.detail, p.hint, p.pointer) for p in error.parts]
    return answered.plan, answered.rows


@given(asked=questions())
@settings(max_examples=300)
def test_a_hidden_attribute_answers_like_one_that_never_was(
    asked: tuple[Hidden, dict[str, Json]],
) -> None:
    hidden, query = asked
    hiding = open_gate(FLIGHTS, Policies(roles={"analyst": Role(name="analyst", hidden=hidden)}))
    never = open_gate(without(FLIGHTS, hidden), Policies(roles={"analyst": Role(name="analyst")}))

    assert outcome(query, hiding) == outcome(query, never)


@given(hidden=hidden_sets)
@settings(max_examples=50)
def test_the_narrowed_model_is_the_one_without(hidden: Hidden) -> None:
    gate = open_gate(FLIGHTS, Policies(roles={"analyst": Role(name="analyst", hidden=hidden)}))

    assert gate.view(ANALYST).model.tables == without(FLIGHTS, hidden).tables


@given(asked=questions())
@settings(max_examples=100)
def test_no_sql_names_a_hidden_column(asked: tuple[Hidden, dict[str, Json]]) -> None:
    hidden, query = asked
    gate = open_gate(FLIGHTS, Policies(roles={"analyst": Role(name="analyst", hidden=hidden)}))
    found = outcome(query, gate)

    if isinstance(found, list):
        return
    plan, statement = found
    sources = {plan.scan.alias: plan.scan.source[0]}
    sources |= {join.scan.alias: join.scan.source[0] for join in plan.joins}
    both = {(j.scan.alias, theirs.column) for j in plan.joins for _, theirs in j.keys}
    both |= {(ours.scan, ours.column) for j in plan.joins for ours, _ in j.keys}
    for alias, table in sources.items():
        for name in hidden.get(table, frozenset()):
            assert (alias, name) in both or f'"{alias}"."{name}"' not in statement.text
