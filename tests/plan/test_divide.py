from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from penstock.model.types import Model
from penstock.plan.divide import Divided, databases_of, divide_plan
from penstock.plan.fragments import Fragment
from penstock.plan.gather import Gathering, gather_plan
from penstock.plan.pushed import describe
from penstock.plan.types import Plan
from penstock.query.types import Json
from support.ask import answer, open_gate
from support.flights import ANALYST, FLIGHTS, POLICIES, SOUTHERNER

FAR = ("planes", "airports")


def spread(model: Model, *far: str) -> Model:
    """Put some tables into another database."""
    tables = {
        name: replace(table, database="far" if name in far else "near")
        for name, table in model.tables.items()
    }
    return replace(model, tables=tables)


GATE = open_gate(spread(FLIGHTS, *FAR), POLICIES)


def plan(query: Mapping[str, Json]) -> Plan:
    return answer(query, GATE, ANALYST).plan


def divide(query: Mapping[str, Json]) -> Divided:
    return divide_plan(plan(query))


def part(divided: Divided, name: str) -> Fragment:
    return next(fragment for fragment in divided.fragments if fragment.name == name)


def by_maker(*computes: str, **more: Json) -> Mapping[str, Json]:
    fields: Json = {"distance": list(computes)}
    return {"data": {"fields": fields}, "scale": {"fields": ["manufacturer"]}, **more}


def test_a_plan_says_in_which_databases_it_reads() -> None:
    assert databases_of(plan(by_maker("sum"))) == {"near", "far"}
    labelled: dict[str, Json] = {
        "data": {"fields": {"distance": ["sum"]}},
        "scale": {"fields": ["dest"]},
    }
    assert databases_of(plan(labelled)) == {"near", "far"}
    assert databases_of(plan({**labelled, "scale": {"fields": ["carrier"]}})) == {"near"}


@pytest.mark.parametrize(
    ("computes", "partial"),
    [
        (("sum", "min", "max", "count", "avg"), True),
        (("sum", "count_distinct"), False),
        (("median",), False),
        (("p90",), False),
        (("stddev",), False),
    ],
)
def test_a_database_groups_only_what_can_be_put_together_again(
    computes: tuple[str, ...],
    partial: bool,  # noqa: FBT001 - the expectation
) -> None:
    assert part(divide(by_maker(*computes)), "flights").partial is partial


@pytest.mark.parametrize(
    ("scales", "planes", "near", "partial"),
    [
        (["manufacturer"], 3_322, {"near"}, True),
        (["manufacturer", "carrier"], 3_322, {"near"}, False),
        (["manufacturer", "carrier"], 3_322, {"far"}, True),
        (["manufacturer", "carrier"], None, {"near"}, True),
        (["manufacturer", "carrier"], 3_000_000, {"near"}, True),
        (["manufacturer", "carrier"], 33, {"near"}, True),
    ],
)
def test_rows_that_come_for_nothing_are_grouped_where_few_groups_are_left(
    scales: list[Json],
    planes: int | None,
    near: set[str],
    partial: bool,  # noqa: FBT001 - the expectation
) -> None:
    model = spread(FLIGHTS, *FAR)
    counted = {"flights": 336_776, "planes": planes}
    tables = {n: replace(t, rows=counted.get(n)) for n, t in model.tables.items()}
    gate = open_gate(replace(model, tables=tables), POLICIES)
    asked = answer({**by_maker("sum"), "scale": {"fields": scales}}, gate, ANALYST)

    assert part(divide_plan(asked.plan, frozenset(near)), "flights").partial is partial


@pytest.mark.parametrize(
    ("counted", "partial"), [("tailnum", True), ("seats", True), ("carrier", True), ("dest", False)]
)
def test_different_values_are_counted_of_groups_that_have_one_each(
    counted: str,
    partial: bool,  # noqa: FBT001 - the expectation
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {counted: ["count_distinct"], "distance": ["sum"]}},
        "scale": {"fields": ["manufacturer", "carrier"]},
    }
    divided = divide(query)

    assert part(divided, "flights").partial is partial
    assert counted not in [m.name for m in part(divided, "flights").plan.measures] or not partial


def test_measures_of_what_is_joined_are_not_multiplied_in_parts() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"seats": ["sum"], "distance": ["sum"]}},
        "scale": {"fields": ["carrier"]},
    }

    assert not part(divide(query), "flights").partial
    smallest: dict[str, Json] = {"fields": {"seats": ["min"], "distance": ["sum"]}}
    assert part(divide({**query, "data": smallest}), "flights").partial


def test_a_condition_is_tested_where_its_attribute_is() -> None:
    divided = divide(by_maker("sum", filter={"carrier": "UA", "planes.year": {"gt": 2000}}))

    assert part(divided, "flights").plan.where is not None
    assert part(divided, "plane").plan.where is not None
    assert [output.name for output in part(divided, "plane").plan.measures] == [
        "tailnum",
        "manufacturer",
    ]


def test_a_condition_that_a_missing_row_passes_stays_with_the_join() -> None:
    divided = divide(by_maker("sum", filter={"planes.year": {"is_null": True}}))

    assert part(divided, "plane").plan.where is None
    assert divided.plan.where is not None


def test_a_condition_over_both_stays_with_the_join() -> None:
    either: Json = {"or": [{"carrier": "UA"}, {"planes.year": 2000}]}
    divided = divide(by_maker("sum", filter=either))

    assert part(divided, "plane").plan.where is part(divided, "flights").plan.where is None
    assert "carrier" in {output.name for output in part(divided, "flights").plan.keys}


def test_what_is_filtered_is_read_first_and_narrows_the_others() -> None:
    divided = divide(by_maker("sum", filter={"planes.year": 2000}))

    assert [fragment.name for fragment in divided.fragments] == ["plane", "flights"]
    assert [narrowing.by for narrowing in part(divided, "flights").narrowings] == ["plane"]
    assert part(divided, "plane").kept


def test_tables_of_one_database_are_joined_there() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"wind_speed": ["max"]}},
        "scale": {"fields": ["manufacturer", "airline.name"]},
    }
    divided = divide(query)

    assert [fragment.name for fragment in divided.fragments] == ["flights", "plane"]
    assert len(part(divided, "flights").plan.joins) == 2


def test_only_a_label_elsewhere_leaves_the_whole_answer_to_one_database() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"distance": ["median"]}, "limit": 3},
        "scale": {"fields": ["dest", "carrier"]},
        "evol": {"scale": "year", "field": "flight_date"},
    }
    whole = divide(query).fragments[0].plan

    assert (whole.grouped, whole.limit is not None, len(whole.earlier)) == (True, True, 1)
    assert [label.name for label in whole.labels] == ["carrier_label"]


def test_an_order_by_a_label_elsewhere_cuts_the_page_after_it_is_known() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"distance": ["sum"]}, "limit": 3, "skip": 1},
        "scale": {"fields": ["dest"]},
        "order": {"dest_label": "asc"},
    }
    divided = divide(query)

    assert divided.fragments[0].plan.limit is None
    assert divided.plan.skip is not None


def test_a_page_of_rows_is_cut_where_the_rows_are() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["select"], "manufacturer": ["select"]}, "limit": 10}
    }

    assert part(divide(query), "flights").plan.limit is not None
    ordered = divide({**query, "order": {"manufacturer": "asc"}})
    assert part(ordered, "flights").plan.limit is None


def test_the_past_is_read_apart_and_what_is_the_same_once() -> None:
    query = by_maker(
        "median",
        filter={"flight_date": {"during": "2013-Q3"}},
        evol={"scale": "month", "depth": 2},
    )

    names = [fragment.name for fragment in divide(query).fragments]
    assert names == ["flights", "plane", "flights 2", "flights 3"]


def test_guards_stay_with_the_tables_they_guard() -> None:
    asked = answer(by_maker("sum", filter={"dest_airport.alt": 13}), GATE, SOUTHERNER)
    fragment = part(divide_plan(asked.plan), "dest_airport")

    assert fragment.plan.scan.guard is not None
    assert next(iter(describe(fragment))) == "row filters of the policies"


# --- an engine that holds them all


THERE = Gathering("lake", {"near": "pg.public", "far": "files"})


def test_an_engine_whose_catalogs_hold_all_tables_answers_alone() -> None:
    query = by_maker("sum", total={"all": []}, evol={"scale": "month", "field": "flight_date"})
    gathered = gather_plan(plan(query), THERE)

    assert THERE.holds(plan(query))
    assert gathered.database == "lake"
    assert databases_of(gathered) == {"lake"}
    assert gathered.scan.source == ("pg", "public", "flights")
    assert gathered.joins[0].scan.source == ("files", "planes")


def test_a_schema_of_the_table_goes_before_that_of_the_catalog() -> None:
    asked = plan(by_maker("sum"))
    scan = replace(asked, scan=type(asked.scan)("f", ("sales", "flights"), None, "near"))

    assert gather_plan(scan, THERE).scan.source == ("pg", "sales", "flights")


def test_an_engine_is_not_asked_for_what_it_does_not_hold_or_what_one_database_holds() -> None:
    assert not Gathering("lake", {"near": "pg"}).holds(plan(by_maker("sum")))
    assert not THERE.holds(plan({"data": {"fields": {"distance": ["sum"]}}}))
