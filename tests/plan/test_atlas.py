from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from penstock.model.types import DataType, Model
from penstock.plan.atlas import Reached, Several, atlas
from penstock.query.types import Json
from support.ask import answer, open_gate, problems, run
from support.flights import columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING

STAFF = model(
    table(
        "staff",
        columns(id=_I, boss=_I, name=_S),
        relationship("chief", "staff", boss="id"),
        relationship("staff", "staff", boss="id"),
    )
)
CIRCLE = model(
    table("a", columns(k=_I, x=_I), relationship("b", "b", k="k")),
    table("b", columns(k=_I, y=_I), relationship("c", "c", k="k")),
    table("c", columns(k=_I, z=_I), relationship("a", "a", k="k")),
)


def ladder(rungs: int) -> Model:
    """Return tables of which each leads to the next in two ways."""
    tables = [
        table(
            f"t{i}",
            columns(k=_I, **{f"x{i}": _I}),
            *(relationship(way, f"t{i + 1}", k="k") for way in ("left", "right") if i + 1 < rungs),
        )
        for i in range(rungs)
    ]
    return model(*tables)


def path(found: object) -> tuple[str, ...]:
    assert isinstance(found, Reached)
    return found.path


def test_tables_in_a_circle_reach_each_other_the_short_way() -> None:
    drawn = atlas(CIRCLE)

    assert path(drawn.resolve("z", "a")) == ("b", "c")
    assert path(drawn.resolve("x", "a")) == ()
    assert path(drawn.resolve("b.c.a.x", "a")) == ("b", "c", "a")


def test_a_table_related_to_itself_is_reached_by_name_only() -> None:
    drawn = atlas(STAFF)

    assert path(drawn.resolve("name", "staff")) == ()
    assert path(drawn.resolve("chief.name", "staff")) == ("chief",)
    assert path(drawn.resolve("chief.chief.name", "staff")) == ("chief", "chief")
    assert path(drawn.resolve("staff.name", "staff")) == ()


def test_a_table_joined_to_itself_answers() -> None:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE staff AS FROM (VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'))"
        " t(id, boss, name)"
    )
    names = ("name", "chief.name", "staff.staff.name")
    fields: dict[str, Json] = {name: ["select"] for name in names}
    asked = answer({"data": {"fields": fields}, "order": {"name": "asc"}}, open_gate(STAFF))

    assert run(connection, asked.rows) == [("a", None, None), ("b", "a", None), ("c", "b", "a")]


@pytest.mark.parametrize("steps", [17, 100, 600])
def test_nobody_walks_in_circles_for_ever(steps: int) -> None:
    name = "chief." * steps + "name"
    query: dict[str, Json] = {"data": {"fields": {name: ["count"]}}}

    assert [p.code for p in problems(lambda: answer(query, open_gate(STAFF)))] == ["NO_TABLE_FOUND"]


def test_sixteen_steps_are_enough_for_everybody() -> None:
    query: dict[str, Json] = {"data": {"fields": {"chief." * 16 + "name": ["count"]}}}

    assert len(answer(query, open_gate(STAFF)).plan.joins) == 16


def test_a_thousand_ways_are_not_all_listed() -> None:
    found = atlas(ladder(16)).resolve("x12", "t0")

    assert isinstance(found, Several)
    assert len(found.names) == 8
    assert "left.left.left.left.left.left.left.left.left.left.left.left.x12" in found.names


def test_a_relationship_leads_to_another_database_like_to_its_own() -> None:
    near = table("a", columns(k=_I, x=_I), relationship("b", "b", k="k"))
    far = replace(table("b", columns(k=_I, y=_I)), database="other")
    found = atlas(model(near, far))

    assert path(found.resolve("b.y", "a")) == path(found.resolve("y", "a")) == ("b",)


def test_the_nearest_of_equal_names_is_meant() -> None:
    tables = model(
        table("a", columns(k=_I), relationship("b", "b", k="k")),
        table("b", columns(k=_I, n=_I), relationship("c", "c", n="n")),
        table("c", columns(n=_I)),
    )

    assert path(atlas(tables).resolve("n", "a")) == ("b",)


def test_a_key_handed_on_from_table_to_table_stays_one_name() -> None:
    chain = model(
        table("a", columns(k=_I), relationship("b", "b", k="k")),
        table("b", columns(k=_I), relationship("c", "c", k="k")),
        table("c", columns(k=_I)),
    )

    assert atlas(chain).conflict("k", chain.tables) is None
    assert path(atlas(chain).resolve("k", "a")) == ()


def test_two_keys_of_one_table_are_two_names() -> None:
    sold = model(
        table(
            "orders",
            columns(country=_S, buyer=_I),
            relationship("country", "countries", country="country"),
            relationship("customer", "customers", buyer="id"),
        ),
        table(
            "customers",
            columns(id=_I, country=_S),
            relationship("country", "countries", country="country"),
        ),
        table("countries", columns(country=_S, name=_S)),
    )

    assert atlas(sold).conflict("country", ["orders"]) == Several(
        ("orders.country", "customers.country", "countries.country")
    )
    assert atlas(sold).conflict("country", ["customers"]) is None


@pytest.mark.parametrize("name", ["", ".", "..", "a.", ".x", "a..x", "b.", "zz.x", "a.b.zz"])
def test_half_names_mean_nothing(name: str) -> None:
    assert atlas(CIRCLE).resolve(name, "a") is None


def test_a_name_in_many_tables_is_judged_quickly() -> None:
    crowd = model(*(table(f"t{i}", columns(id=_I, **{f"x{i}": _I})) for i in range(400)))

    assert atlas(crowd).conflict("id", crowd.tables) is None
