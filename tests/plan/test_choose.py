from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from penstock.model.types import DataType, Model, Table
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import answer, open_gate, problems
from support.flights import ANALYST, columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING


def sized(name: str, rows: int | None, *attributes: str) -> Table:
    return table(name, columns(**dict.fromkeys(attributes, _I)), rows=rows)


def ask(
    tables: Sequence[Table] | Model, *names: str, compute: str = "count", **forced: Json
) -> Plan:
    found = tables if isinstance(tables, Model) else model(*tables)
    fields: Json = {name: [compute] for name in names}
    return answer({"data": {"fields": fields}, **forced}, open_gate(found)).plan


def refused(
    tables: Sequence[Table] | Model, *names: str, compute: str = "count", **forced: Json
) -> list[tuple[str, ...]]:
    found = problems(lambda: ask(tables, *names, compute=compute, **forced))
    return [(p.code, p.pointer or "", p.detail, p.hint or "") for p in found]


# --- which table


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ({"a": 3, "b": 2, "c": 1}, "c"),
        ({"a": 1, "b": 1, "c": 1}, "a"),
        ({"a": 5, "b": None, "c": 4}, "c"),
        ({"a": None, "b": None, "c": None}, "a"),
        ({"a": None, "b": 9_999_999, "c": None}, "b"),
        ({"a": 0, "b": 2, "c": 3}, "b"),
        ({"a": 0, "b": None, "c": 0}, "b"),
    ],
    ids=str,
)
def test_the_table_with_the_fewest_rows_answers(rows: dict[str, int | None], chosen: str) -> None:
    tables = [sized(name, count, "x") for name, count in rows.items()]

    assert ask(tables, "x").table == chosen
    assert ask(list(reversed(tables)), "x").table == chosen


def test_only_a_table_with_every_attribute_answers() -> None:
    tables = [sized("a", 1, "x"), sized("b", 2, "x", "y"), sized("c", 3, "x", "y", "z")]

    assert ask(tables, "x").table == "a"
    assert ask(tables, "x", "y").table == "b"
    assert ask(tables, "z", "x").table == "c"


def test_scales_and_filters_count_as_much_as_fields() -> None:
    tables = [sized("a", 1, "x"), sized("b", 2, "x", "y"), sized("c", 3, "x", "y", "z")]

    assert ask(tables, "x", scale={"fields": ["y"]}).table == "b"
    assert ask(tables, "x", filter={"or": [{"y": 1}, {"not": {"z": 1}}]}).table == "c"


def test_a_forced_table_answers_even_if_it_is_the_largest() -> None:
    tables = [sized("a", 1, "x"), sized("b", 2, "x")]

    assert ask(tables, "x", table_name="b").table == "b"
    assert ask(tables, "x", table_name="b").warning is None


def test_a_forced_database_narrows_the_choice() -> None:
    tables = [sized("a", 1, "x"), replace(sized("b", 2, "x"), database="other")]

    assert ask(tables, "x", database_name="other").table == "b"


def test_a_choice_that_may_change_the_numbers_is_told() -> None:
    tables = [sized("a", 1, "x"), sized("b", 2, "x"), sized("c", 3, "y")]
    plan = ask(tables, "x")

    assert "'a'" in (plan.warning or "")
    assert "'b'" in (plan.warning or "")
    assert "'c'" not in (plan.warning or "")
    assert [(c.table, c.verdict) for c in plan.candidates] == [
        ("a", "chosen: fewest rows of those that can answer"),
        ("b", "can answer, with more rows"),
        ("c", "has no x"),
    ]


def test_a_warning_never_says_how_many_rows_there_are() -> None:
    warning = ask([sized("a", 4711, "x"), sized("b", 8472, "x")], "x").warning or ""

    assert "4711" not in warning
    assert "8472" not in warning


def test_a_table_that_is_not_queryable_is_joined_but_never_asked() -> None:
    owner = table("a", columns(k=_I, x=_I), relationship("b", "b", k="k"), rows=9)
    hidden = replace(sized("b", 1, "k", "y"), queryable=False)

    assert ask([owner, hidden], "y").table == "a"
    assert ask([owner, hidden], "k", "y").table == "a"
    assert [code for code, *_ in refused([owner, hidden], "y", table_name="b")] == ["NO_TABLE"]


# --- no table


def test_a_forced_table_that_does_not_exist_is_refused() -> None:
    assert refused([sized("flights", 1, "x")], "x", table_name="flihgts") == [
        (
            "NO_TABLE",
            "/table_name",
            "There is no table 'flihgts'.",
            "Did you mean 'flights'?",
        )
    ]


def test_a_forced_database_that_does_not_exist_is_refused() -> None:
    ((code, pointer, _, hint),) = refused([sized("a", 1, "x")], "x", database_name="dmeo")

    assert (code, pointer, hint) == ("NO_TABLE", "/database_name", "Did you mean 'demo'?")


def test_a_forced_table_of_another_database_is_refused() -> None:
    tables = [sized("a", 1, "x"), replace(sized("b", 2, "x"), database="other")]
    ((code, pointer, _, hint),) = refused(tables, "x", table_name="a", database_name="other")

    assert (code, pointer) == ("NO_TABLE", "/table_name")
    assert "'demo'" in hint


def test_every_unknown_name_is_refused_with_a_suggestion() -> None:
    tables = [sized("a", 1, "distance", "carrier")]
    found = refused(tables, "distnace", "carrier", scale={"fields": ["carier"]}, filter={"q": 1})

    assert [(code, pointer, hint) for code, pointer, _, hint in found] == [
        ("NO_TABLE_FOUND", "/data/fields/distnace", "Did you mean 'distance'?"),
        ("NO_TABLE_FOUND", "/scale/fields/0", "Did you mean 'carrier'?"),
        ("NO_TABLE_FOUND", "/filter/q", "GET /dataset lists the attributes."),
    ]


def test_unknown_and_ambiguous_names_are_reported_together(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"year": ["count"], "distnace": ["sum"]}}}
    found = problems(lambda: answer(query, gate, ANALYST))

    assert [problem.code for problem in found] == ["AMBIGUOUS_NAME", "NO_TABLE_FOUND"]


def test_the_hint_names_the_pair_that_never_meets() -> None:
    tables = [sized("a", 1, "x", "y"), sized("b", 1, "y", "z"), sized("c", 1, "w")]
    ((code, pointer, _, hint),) = refused(tables, "y", "x", "z", compute="select")

    assert (code, pointer) == ("NO_TABLE_FOUND", "/data/fields/z")
    assert "'x' and 'z'" in hint


def test_three_that_meet_only_in_pairs_are_refused() -> None:
    tables = [sized("a", 1, "x", "y"), sized("b", 1, "y", "z"), sized("c", 1, "x", "z")]
    ((code, pointer, detail, _),) = refused(tables, "x", "y", "z", compute="select")

    assert (code, pointer) == ("NO_TABLE_FOUND", "/data/fields")
    assert "together" in detail


def test_a_forced_table_without_the_attribute_is_refused() -> None:
    tables = [sized("a", 1, "x"), sized("b", 1, "y")]
    ((code, pointer, *_),) = refused(tables, "y", table_name="a")

    assert (code, pointer) == ("NO_TABLE_FOUND", "/data/fields")


# --- no rows


def test_a_forced_table_without_rows_says_so() -> None:
    tables = [sized("a", 0, "x"), sized("b", 5, "x")]
    ((code, pointer, detail, hint),) = refused(tables, "x", table_name="a")

    assert (code, pointer, detail) == ("EMPTY_TABLE", "/table_name", "The table 'a' has no rows.")
    assert "refresh" in hint


def test_when_every_table_is_empty_all_are_named() -> None:
    ((code, _, detail, _),) = refused([sized("a", 0, "x"), sized("b", 0, "x")], "x")

    assert code == "EMPTY_TABLES"
    assert "'a', 'b'" in detail


def test_an_empty_table_that_cannot_answer_is_not_to_blame() -> None:
    assert ask([sized("a", 0, "y"), sized("b", 5, "x")], "x").table == "b"


# --- two meanings


def test_a_name_that_means_two_things_lists_both(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"flight": ["count"]}}, "filter": {"year": 2013}}
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("AMBIGUOUS_NAME", "/filter/year")
    assert problem.detail == "'year' can mean flights.year or planes.year."


def test_a_forced_table_that_reaches_one_meaning_only_is_clear(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"year": ["max"]}}, "table_name": "planes"}

    assert answer(query, gate, ANALYST).plan.table == "planes"


def test_two_ways_to_one_table_list_both(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"flight": ["count"], "lat": ["avg"]}}}
    (problem,) = problems(lambda: answer(query, gate, ANALYST))

    assert (problem.code, problem.pointer) == ("AMBIGUOUS_NAME", "/data/fields/lat")
    assert problem.detail == "'lat' can mean origin_airport.lat or dest_airport.lat."
    assert problem.hint == "Write 'dest_airport.lat' to say which."


def test_a_table_that_need_not_choose_its_way_answers(gate: Gate) -> None:
    assert answer({"data": {"fields": {"lat": ["avg"]}}}, gate, ANALYST).plan.table == "airports"


def test_keys_that_a_relationship_equates_are_one_name(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"flight": ["count"]}}, "filter": {"hour": 5}}

    assert answer(query, gate, ANALYST).plan.joins == ()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("planes.year", ["plane"]),
        ("plane.year", ["plane"]),
        ("flights.year", []),
        ("origin_airport.lat", ["origin_airport"]),
        ("weather.temp", ["weather"]),
        ("temp", ["weather"]),
    ],
)
def test_there_are_several_ways_to_say_which(gate: Gate, name: str, path: list[str]) -> None:
    query: dict[str, Json] = {"data": {"fields": {"flight": ["count"], name: ["max"]}}}
    plan = answer(query, gate, ANALYST).plan

    assert [join.scan.alias for join in plan.joins] == path


def sold() -> Model:
    """Return lines of orders, which have a customer and a salesman."""
    people = [relationship(role, "people", **{role: "key"}) for role in ("buyer", "seller")]
    return model(
        table("lines", columns(order=_I, n=_I), relationship("order", "order", order="id"), rows=9),
        table("order", columns(id=_I, buyer=_I, seller=_I), *people, rows=5),
        table("people", columns(key=_I, active=_I, note=_S), rows=3),
        table("notes", columns(id=_I, note=_S), rows=1),
    )


@pytest.mark.parametrize("pasted", ["{}", "order.{}"])
def test_the_names_in_a_hint_answer_from_the_table_that_is_asked(pasted: str) -> None:
    ((_, _, said, hint),) = refused(sold(), "order.id", scale={"fields": ["active"]})
    assert said == "'active' can mean buyer.active or seller.active."
    assert hint == "Write 'seller.active' to say which."

    for name in ("buyer.active", "seller.active"):
        plan = ask(sold(), "order.id", scale={"fields": [pasted.format(name)]})

        assert (plan.table, plan.warning) == ("order", None)
        assert [join.scan.alias for join in plan.joins] == [name.partition(".")[0]]


def test_a_name_may_begin_with_any_table_in_reach() -> None:
    plan = ask(sold(), "n", scale={"fields": ["order.seller.note"]}, compute="sum")

    assert (plan.table, [join.scan.alias for join in plan.joins]) == (
        "lines",
        ["order", "order.seller"],
    )
    ((code, _, said, _),) = refused(sold(), "n", scale={"fields": ["people.note"]})
    assert code == "AMBIGUOUS_NAME"
    assert said == "'people.note' can mean order.buyer.note or order.seller.note."


def test_of_a_forced_table_a_bare_name_is_its_own(gate: Gate) -> None:
    query: dict[str, Json] = {"data": {"fields": {"year": ["max"]}}, "table_name": "flights"}
    plan = answer(query, gate, ANALYST).plan

    assert (plan.table, plan.joins) == ("flights", ())
