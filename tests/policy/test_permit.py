from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import duckdb
import pytest

from penstock.auth.principal import AttributeValue, Principal
from penstock.errors import ForbiddenError
from penstock.model.types import DataType
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from support.ask import answer, open_gate, problems, read, run
from support.flights import AGENT, ANALYST, FLIGHTS, columns, formula, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING
COUNT: dict[str, Json] = {"data": {"fields": {"n": ["count"]}}}

SHOP = model(
    table(
        "orders",
        {
            **columns(n=_I, tenant=_S, amount=_I, buyer=_S),
            "taxed": formula("taxed", "amount * 2", "amount", type_=_I),
            "total": formula("total", "SUM(taxed)", "taxed", type_=_I, aggregates=True),
        },
        relationship("customer", "customers", buyer="key"),
        rows=4,
        labels={"buyer": ("customer", "name")},
    ),
    table("customers", columns(key=_S, name=_S, secret=_S), rows=2),
)


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE orders AS FROM (VALUES (1, 'acme', 10, 'x'), (2, 'acme', 20, 'y'),"
        " (3, 'rival', 40, 'x'), (4, NULL, 80, NULL)) t(n, tenant, amount, buyer)"
    )
    connection.execute(
        "CREATE TABLE customers AS FROM (VALUES ('x', 'Xu', 's1'), ('y', 'Yu', 's2'))"
        " t(key, name, secret)"
    )
    return connection


def who(*roles: str, **attributes: AttributeValue) -> Principal:
    return Principal(subject="ada", kind="key", roles=roles, attributes=attributes)


def rows(name: str, filter_: Mapping[str, Json], *tables: str) -> Role:
    return Role(name=name, rows=(RowFilter(tables=tables or ("orders",), filter=filter_),))


def behind(*roles: Role) -> Gate:
    return open_gate(SHOP, Policies(roles={role.name: role for role in roles}))


def counted(connection: duckdb.DuckDBPyConnection, gate: Gate, principal: Principal) -> object:
    return run(connection, answer(COUNT, gate, principal).rows)[0][0]


# --- who may ask at all


def test_a_project_without_roles_narrows_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    assert counted(shop, behind(), who()) == 4
    assert counted(shop, behind(), who("whatever")) == 4


@pytest.mark.parametrize("roles", [(), ("unknown",), ("",), ("R",)])
def test_without_a_role_of_the_project_nothing_is_answered(roles: tuple[str, ...]) -> None:
    (problem,) = problems(lambda: answer(COUNT, behind(Role(name="r")), who(*roles)))

    assert (problem.code, type(problem)) == ("FORBIDDEN", ForbiddenError)


# --- rows


TENANTS: dict[str, tuple[Mapping[str, Json], AttributeValue, int]] = {
    "in several": ({"tenant": {"in": "$principal.x"}}, ("acme", "rival"), 3),
    "in one": ({"tenant": {"in": "$principal.x"}}, ("acme",), 2),
    "in a bare value": ({"tenant": {"in": "$principal.x"}}, "acme", 2),
    "in none": ({"tenant": {"in": "$principal.x"}}, (), 0),
    "a bare list": ({"tenant": "$principal.x"}, ("acme", "rival"), 3),
    "a bare value": ({"tenant": "$principal.x"}, "rival", 1),
    "an item of a list": ({"tenant": ["acme", "$principal.x"]}, "rival", 3),
    "items of a list": ({"tenant": ["acme", "$principal.x"]}, ("rival", "other"), 3),
    "not in": ({"tenant": {"not_in": "$principal.x"}}, ("acme",), 1),
    "a number": ({"amount": {"lte": "$principal.x"}}, 20, 2),
    "digits": ({"amount": {"lte": "$principal.x"}}, "20", 2),
    "a pair": ({"amount": {"between": "$principal.x"}}, (15, 50), 2),
    "a pair as text": ({"amount": {"between": "$principal.x"}}, "15,50", 2),
    "within an or": ({"or": [{"tenant": "$principal.x"}, {"amount": 80}]}, "rival", 2),
    "within a not": ({"not": {"tenant": "$principal.x"}}, "rival", 2),
    "a virtual attribute": ({"taxed": {"gt": "$principal.x"}}, 30, 3),
    "text that looks like another": ({"tenant": "$principal.x"}, "$principal.x", 0),
    "text that is not at the start": ({"tenant": "a$principal.x"}, "cme", 0),
}


@pytest.mark.parametrize("case", TENANTS.values(), ids=TENANTS)
def test_a_row_filter_is_filled_from_the_principal(
    shop: duckdb.DuckDBPyConnection, case: tuple[Mapping[str, Json], AttributeValue, int]
) -> None:
    filter_, value, expected = case

    assert counted(shop, behind(rows("r", filter_)), who("r", x=value)) == expected


@pytest.mark.parametrize(
    "attributes", [{}, {"x": None}, {"X": "acme"}, {"x": ("acme", None)}, {"x": (None,)}], ids=str
)
def test_a_missing_attribute_refuses_and_never_widens(
    attributes: dict[str, AttributeValue],
) -> None:
    gate = behind(rows("r", {"tenant": {"in": "$principal.x"}}))
    (problem,) = problems(lambda: answer(COUNT, gate, who("r", **attributes)))

    assert problem.code == "MISSING_ATTRIBUTE"
    assert "'x'" in problem.detail


@pytest.mark.parametrize(
    ("filter_", "value"),
    [
        ({"amount": {"lte": "$principal.x"}}, "twenty"),
        ({"amount": {"lte": "$principal.x"}}, 1.5),
        ({"amount": {"lte": "$principal.x"}}, math.nan),
        ({"tenant": "$principal.x"}, math.inf),
        ({"tenant": "$principal.x"}, True),
        ({"tenant": "$principal.x"}, "\ud800"),
        ({"tenant": {"eq": "$principal.x"}}, ("a", "b")),
        ({"tenant": {"eq": "$principal.x"}}, ()),
        ({"tenant": {"between": "$principal.x"}}, ("a",)),
        ({"tenant": {"like": "$principal.x"}}, ("a", "b")),
    ],
)
def test_an_attribute_that_does_not_fit_refuses(
    filter_: Mapping[str, Json], value: AttributeValue
) -> None:
    gate = behind(rows("r", filter_))
    (problem,) = problems(lambda: answer(COUNT, gate, who("r", x=value)))

    assert problem.code == "FORBIDDEN"
    assert "tenant" not in problem.detail
    assert "amount" not in problem.detail


def test_filters_of_one_role_narrow_and_roles_widen(shop: duckdb.DuckDBPyConnection) -> None:
    both = Role(
        name="both",
        rows=(
            RowFilter(tables=("orders",), filter={"tenant": "acme"}),
            RowFilter(tables=("orders", "customers"), filter={"n": {"gt": 1}}),
        ),
    )
    gate = behind(both, rows("rival", {"tenant": "rival"}), Role(name="all"))

    assert counted(shop, gate, who("both")) == 1
    assert counted(shop, gate, who("both", "rival")) == 2
    assert counted(shop, gate, who("both", "all")) == 4
    assert counted(shop, gate, who("both", "unknown")) == 1


def test_the_filter_of_a_caller_is_never_read_as_one_of_the_team(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    query: dict[str, Json] = {**COUNT, "filter": {"tenant": "$principal.x"}}
    asked = answer(query, behind(), who(x="acme"))

    assert asked.rows.parameters[0] == "$principal.x"
    assert run(shop, asked.rows) == [(0,)]


def test_a_row_filter_may_use_what_the_caller_cannot_name(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    role = replace(rows("r", {"tenant": "acme"}), hidden={"orders": frozenset({"tenant"})})
    gate = behind(role)
    (problem,) = problems(lambda: answer({**COUNT, "filter": {"tenant": "acme"}}, gate, who("r")))

    assert counted(shop, gate, who("r")) == 2
    assert problem.code == "NO_TABLE_FOUND"


def test_a_joined_row_behind_a_guard_is_a_missing_one(shop: duckdb.DuckDBPyConnection) -> None:
    gate = behind(rows("r", {"secret": "s1"}, "customers"))
    query: dict[str, Json] = {"data": {"fields": {"n": ["count"]}}, "scale": {"fields": ["buyer"]}}
    named: dict[str, Json] = {"data": {"fields": {"n": ["select"], "name": ["select"]}, "skip": 0}}

    assert read(shop, answer(query, gate, who("r")).rows).to_pylist() == [
        {"buyer": "x", "buyer_label": "Xu", "n_count": 2},
        {"buyer": "y", "buyer_label": None, "n_count": 1},
        {"buyer": None, "buyer_label": None, "n_count": 1},
    ]
    assert run(shop, answer(named, gate, who("r")).rows) == [
        (1, "Xu"),
        (2, None),
        (3, "Xu"),
        (4, None),
    ]


# --- attributes


def hiding(**hidden: set[str]) -> Gate:
    return behind(Role(name="r", hidden={t: frozenset(names) for t, names in hidden.items()}))


def seen(gate: Gate, *roles: str) -> dict[str, list[str]]:
    tables = gate.view(who(*roles or ("r",))).model.tables
    return {name: sorted(table.attributes) for name, table in tables.items()}


def test_what_is_built_on_a_hidden_attribute_is_hidden_with_it() -> None:
    gate = hiding(orders={"amount"})

    assert seen(gate)["orders"] == ["buyer", "n", "tenant"]


def test_a_table_without_attributes_does_not_exist() -> None:
    gate = hiding(customers={"key", "name", "secret"})
    orders = gate.view(who("r")).model.tables["orders"]

    assert list(seen(gate)) == ["orders"]
    assert orders.relationships == {}
    assert orders.attributes["buyer"].label is None


def test_a_hidden_label_leaves_its_key() -> None:
    orders = hiding(customers={"name"}).view(who("r")).model.tables["orders"]

    assert orders.attributes["buyer"].label is None
    assert list(orders.relationships) == ["customer"]


@pytest.mark.parametrize("hidden", [{"orders": {"buyer"}}, {"customers": {"key"}}], ids=str)
def test_a_hidden_key_is_not_shown_by_the_other_side(hidden: dict[str, set[str]]) -> None:
    gate = hiding(**hidden)
    other = {"customers": "buyer", "orders": "key"}[next(iter(hidden))]
    query: dict[str, Json] = {"data": {"fields": {"n": ["select"], other: ["select"]}}}

    assert gate.view(who("r")).model.tables["orders"].relationships == {}
    if other == "key":
        assert problems(lambda: answer(query, gate, who("r")))[0].code == "NO_TABLE_FOUND"


def test_a_key_hidden_on_both_sides_still_joins(shop: duckdb.DuckDBPyConnection) -> None:
    gate = hiding(orders={"buyer"}, customers={"key"})
    query: dict[str, Json] = {"data": {"fields": {"n": ["count"]}}, "scale": {"fields": ["name"]}}

    assert run(shop, answer(query, gate, who("r")).rows) == [("Xu", 2), ("Yu", 1), (None, 1)]


def test_a_second_role_never_shows_what_the_first_hides() -> None:
    gate = behind(
        Role(name="a", hidden={"orders": frozenset({"amount"})}),
        Role(name="b", hidden={"customers": frozenset({"secret"})}),
    )

    assert "amount" not in seen(gate, "a", "b")["orders"]
    assert "secret" not in seen(gate, "a", "b")["customers"]
    assert "amount" in seen(gate, "b")["orders"]


# --- what is remembered


def test_equal_roles_share_one_model() -> None:
    gate = open_gate(
        FLIGHTS, Policies(roles={"r": Role(name="r", hidden={"planes": frozenset({"year"})})})
    )
    views = [gate.view(who("r", n=i)) for i in range(50)]

    assert len({id(view.model) for view in views}) == 1


def test_nothing_hidden_is_the_model_itself(gate: Gate) -> None:
    assert gate.view(ANALYST).model is gate.model


def test_a_view_is_made_once(gate: Gate) -> None:
    assert gate.view(AGENT) is gate.view(replace(AGENT, subject="somebody else"))


def test_many_callers_do_not_fill_the_memory() -> None:
    gate = behind(rows("r", {"n": "$principal.x"}))
    for i in range(10_050):
        gate.view(who("r", x=i))

    assert len(gate._views) <= 10_000  # noqa: SLF001 - there is no other sign of it


def test_callers_with_large_attributes_do_not_fill_the_memory() -> None:
    gate = behind(rows("r", {"tenant": {"in": "$principal.x"}}))
    for i in range(30):
        gate.view(who("r", x=tuple(f"tenant {i} {n}" for n in range(20_000))))

    assert len(gate._views) < 15  # noqa: SLF001 - there is no other sign of it


def test_unknown_roles_do_not_fill_the_memory() -> None:
    gate = behind(Role(name="r"))
    for i in range(300):
        gate.view(who("r", f"unknown{i}"))

    assert len(gate._worlds) == 1  # noqa: SLF001 - there is no other sign of it
