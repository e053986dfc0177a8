"""No row outside the row filter is ever counted, listed, joined or used as a label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.auth.principal import Principal
from penstock.model.types import DataType
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from support.ask import Row, answer, open_gate, run
from support.flights import columns, model, relationship, table
from support.logic import Record, holds
from support.queries import Strategy, filters

_I, _S = DataType.INTEGER, DataType.STRING

SHOP = model(
    table(
        "orders",
        columns(id=_I, owner=_S, amount=_I, buyer=_I),
        relationship("customer", "customers", buyer="key"),
        rows=9,
        labels={"buyer": ("customer", "name")},
    ),
    table("customers", columns(key=_I, tenant=_S, tier=_S, name=_S), rows=9),
)
TYPES: dict[str, DataType] = {"owner": _S, "amount": _I, "tier": _S, "customer.name": _S}

owners = st.sampled_from(["acme", "rival"])
tiers = st.sampled_from(["gold", "tin"])
VALUES: Mapping[str, Strategy] = {
    "owner": owners,
    "amount": st.integers(0, 3),
    "tier": tiers,
    "customer.name": st.sampled_from(["ann", "bob"]),
    "tenant": owners,
}


@dataclass(frozen=True)
class World:
    orders: Sequence[Record]
    customers: Sequence[Record]


def or_null(strategy: Strategy) -> Strategy:
    return st.none() | strategy


def numbered(name: str, rows: Sequence[Mapping[str, Json]]) -> list[Record]:
    return [cast("Record", {name: i, **row}) for i, row in enumerate(rows)]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    order = st.fixed_dictionaries(
        {
            "owner": or_null(owners),
            "amount": or_null(st.integers(0, 3)),
            "buyer": or_null(st.integers(0, 4)),
        }
    )
    customer = st.fixed_dictionaries(
        {"tenant": or_null(owners), "tier": or_null(tiers), "name": VALUES["customer.name"]}
    )
    return World(
        numbered("id", draw(st.lists(order, max_size=9))),
        numbered("key", draw(st.lists(customer, max_size=4))),
    )


_OWN: Mapping[str, Mapping[str, DataType]] = {
    "orders": {"owner": _S, "amount": _I},
    "customers": {"tenant": _S, "tier": _S},
}


@st.composite
def row_filters(draw: st.DrawFn) -> RowFilter:
    name = draw(st.sampled_from(sorted(_OWN)))
    mine = "owner" if name == "orders" else "tenant"
    own: dict[str, Json] = {mine: {draw(st.sampled_from(["in", "not_in"])): "$principal.tenants"}}
    return RowFilter(tables=(name,), filter=draw(st.just(own) | filters(_OWN[name], VALUES)))


@st.composite
def roles(draw: st.DrawFn) -> dict[str, Role]:
    found = draw(st.lists(st.lists(row_filters(), max_size=3), min_size=1, max_size=3))
    return {f"r{i}": Role(name=f"r{i}", rows=tuple(rows)) for i, rows in enumerate(found)}


principals = st.builds(
    Principal,
    subject=st.just("ada"),
    kind=st.just("key"),
    roles=st.lists(st.sampled_from(["r0", "r1", "r2", "unknown"]), max_size=3).map(tuple),
    attributes=st.fixed_dictionaries({"tenants": st.lists(owners, max_size=2).map(tuple)}),
)

MEASURED: dict[str, Json] = {"id": ["count"], "amount": ["sum"]}
QUESTIONS: list[tuple[dict[str, Json], tuple[str, ...]]] = [
    ({"data": {"fields": MEASURED, "hints": True}}, ()),
    ({"data": {"fields": MEASURED, "hints": True}, "scale": {"fields": ["owner"]}}, ("owner",)),
    ({"data": {"fields": MEASURED, "hints": True}, "scale": {"fields": ["tier"]}}, ("tier",)),
    (
        {"data": {"fields": MEASURED, "hints": True}, "scale": {"fields": ["buyer"]}},
        ("buyer", "customer.name"),
    ),
    (
        {"data": {"fields": MEASURED, "hints": True}, "scale": {"fields": [["tier", "owner"]]}},
        ("tier", "owner"),
    ),
]
LISTED: dict[str, Json] = {
    "data": {"fields": {"id": ["select"], "buyer": ["select"], "tier": ["select"]}}
}

CONNECTION = duckdb.connect(config={"threads": 1})
ORDERS = pa.schema(
    [("id", pa.int32()), ("owner", pa.string()), ("amount", pa.int16()), ("buyer", pa.int32())]
)
CUSTOMERS = pa.schema(
    [("key", pa.int32()), ("tenant", pa.string()), ("tier", pa.string()), ("name", pa.string())]
)


def visible(
    name: str, rows: Sequence[Record], held: Sequence[Role], who: Principal
) -> list[Record]:
    """Return the rows one may see: all filters of any one role hold."""
    tenants = who.attributes["tenants"]
    assert isinstance(tenants, tuple)
    return [
        row
        for row in rows
        if any(
            all(holds(filled(f.filter, tenants), row) for f in role.rows if name in f.tables)
            for role in held
        )
    ]


def filled(raw: Mapping[str, Json], tenants: tuple[Json, ...]) -> dict[str, Json]:
    return {
        name: {
            word: list(tenants) if value == "$principal.tenants" else value
            for word, value in condition.items()
        }
        if isinstance(condition, Mapping)
        else condition
        for name, condition in raw.items()
    }


def seen(
    world: World, policies: Policies, who: Principal, filter_: dict[str, Json]
) -> list[Record]:
    """Return every order one may see, with the customer one may see, that passes the filter."""
    held = [policies.roles[name] for name in who.roles if name in policies.roles]
    customers = {c["key"]: c for c in visible("customers", world.customers, held, who)}
    nobody: Record = {"key": None, "tenant": None, "tier": None, "name": None}
    joined: list[Record] = []
    for order in visible("orders", world.orders, held, who):
        customer = customers.get(order["buyer"], nobody)
        joined.append({**customer, **order, "customer.name": customer["name"]})
    return [row for row in joined if holds(filter_, row)]


def counted(rows: Sequence[Record], keys: tuple[str, ...]) -> Counter[Row]:
    groups: defaultdict[Row, list[Record]] = defaultdict(list)
    if not keys:
        groups[()] = []
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    found: Counter[Row] = Counter()
    for key, members in groups.items():
        amounts = [m["amount"] for m in members if isinstance(m["amount"], int)]
        found[(*key, len(members), sum(amounts) if amounts else None)] += 1
    return found


def fill_tables(world: World) -> None:
    CONNECTION.register("orders", pa.Table.from_pylist(list(world.orders), schema=ORDERS))
    CONNECTION.register("customers", pa.Table.from_pylist(list(world.customers), schema=CUSTOMERS))


@given(
    world=worlds(),
    policies=roles().map(lambda found: Policies(roles=found)),
    who=principals,
    question=st.sampled_from(QUESTIONS),
    filter_=st.just({}) | filters(TYPES, VALUES),
)
@settings(max_examples=150)
def test_only_rows_within_the_filters_of_a_role_are_counted(
    world: World,
    policies: Policies,
    who: Principal,
    question: tuple[dict[str, Json], tuple[str, ...]],
    filter_: dict[str, Json],
) -> None:
    query, keys = question
    fill_tables(world)
    everybody = replace(who, roles=(*who.roles, "r0"))
    answered = answer({**query, "filter": filter_}, open_gate(SHOP, policies), everybody)
    expected = counted(seen(world, policies, everybody, filter_), keys)

    assert Counter(run(CONNECTION, answered.rows)) == expected
    assert answered.count is not None
    assert run(CONNECTION, answered.count) == [(expected.total(),)]


@given(
    world=worlds(),
    policies=roles().map(lambda found: Policies(roles=found)),
    who=principals,
    filter_=st.just({}) | filters(TYPES, VALUES),
)
@settings(max_examples=60)
def test_only_rows_within_the_filters_of_a_role_are_listed(
    world: World, policies: Policies, who: Principal, filter_: dict[str, Json]
) -> None:
    fill_tables(world)
    everybody = replace(who, roles=(*who.roles, "r0"))
    answered = answer({**LISTED, "filter": filter_}, open_gate(SHOP, policies), everybody)
    rows = seen(world, policies, everybody, filter_)

    assert Counter(run(CONNECTION, answered.rows)) == Counter(
        (row["id"], row["buyer"], row["customer.name"], row["tier"]) for row in rows
    )


@given(world=worlds(), policies=roles().map(lambda found: Policies(roles=found)), who=principals)
@settings(max_examples=60)
def test_more_roles_never_show_fewer_rows(world: World, policies: Policies, who: Principal) -> None:
    fill_tables(world)
    gate = open_gate(SHOP, policies)
    query: dict[str, Json] = {"data": {"fields": {"id": ["select"]}}, "table_name": "orders"}
    one = set(run(CONNECTION, answer(query, gate, replace(who, roles=("r0",))).rows))
    more = set(run(CONNECTION, answer(query, gate, replace(who, roles=("r0", *who.roles))).rows))

    assert one <= more
