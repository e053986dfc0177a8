"""Who sees the same may share answers; who does not, never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.auth.principal import Principal
from penstock.errors import PenstockError
from penstock.model.types import DataType
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, Role, RowFilter, View
from penstock.query.types import Json
from support.ask import open_gate
from support.flights import columns, model, table
from support.logic import Record, holds
from support.queries import Strategy, filters

TYPES = {"tenant": DataType.STRING, "level": DataType.INTEGER}
SHOP = model(table("orders", columns(id=DataType.INTEGER, **TYPES)))
TENANTS = ["acme", "rival", "1", "1,2", None]
WORLD: list[Record] = [{"tenant": t, "level": n} for t, n in product(TENANTS, [0, 1, 2, None])]
VALUES: Mapping[str, Strategy] = {
    "tenant": st.sampled_from(["acme", "rival", "1", "1,2"]),
    "level": st.integers(0, 2),
}

own = st.sampled_from(
    [
        {"tenant": {"in": "$principal.tenants"}},
        {"tenant": {"not_in": "$principal.tenants"}},
        {"tenant": {"in": ["acme", "$principal.tenants"]}},
        {"level": {"lte": "$principal.level"}},
        {"not": {"level": "$principal.level"}},
    ]
)
roles = st.lists(
    st.builds(
        Role,
        name=st.just("?"),
        rows=st.lists(
            st.builds(RowFilter, tables=st.just(("orders",)), filter=own | filters(TYPES, VALUES)),
            max_size=2,
        ).map(tuple),
        hidden=st.sampled_from([{}, {}, {"orders": frozenset({"level"})}]),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: {f"r{i}": replace(role, name=f"r{i}") for i, role in enumerate(found)})

principals = st.builds(
    Principal,
    subject=st.sampled_from(["ada", "bob"]),
    kind=st.sampled_from(["key", "jwt"]),
    roles=st.lists(st.sampled_from(["r0", "r1", "r2"]), min_size=1, max_size=3).map(tuple),
    attributes=st.fixed_dictionaries(
        {
            "tenants": st.lists(VALUES["tenant"], max_size=2).map(tuple) | VALUES["tenant"],
            "level": st.integers(0, 2),
        }
    ),
)


def view_of(gate: Gate, who: Principal) -> View | None:
    try:
        return gate.view(who)
    except PenstockError:
        return None


def sight(policies: Policies, who: Principal) -> tuple[frozenset[int], frozenset[str]]:
    """Return the rows of a small but complete world, and the attributes, that one sees."""
    held = [policies.roles[name] for name in who.roles if name in policies.roles]
    rows = {
        i
        for i, record in enumerate(WORLD)
        if any(all(holds(filled(f.filter, who), record) for f in role.rows) for role in held)
    }
    hidden = frozenset[str]().union(*(role.hidden.get("orders", frozenset()) for role in held))
    return frozenset(rows), frozenset({"id", *TYPES}) - hidden


def filled(raw: Json, who: Principal) -> dict[str, Json]:
    found = _filled(raw, who)
    assert isinstance(found, dict)
    return found


def _filled(raw: Json, who: Principal) -> Json:
    tenants = who.attributes["tenants"]
    listed: list[Json] = list(tenants) if isinstance(tenants, tuple) else [tenants]
    if isinstance(raw, list):
        spread: list[Json] = []
        for item in raw:
            spread += listed if item == "$principal.tenants" else [_filled(item, who)]
        return spread
    if isinstance(raw, dict):
        return {name: _filled(value, who) for name, value in raw.items()}
    if raw == "$principal.tenants":
        return listed
    level = who.attributes["level"]
    assert isinstance(level, int)
    return level if raw == "$principal.level" else raw


@given(found=roles, one=principals, other=principals)
@settings(max_examples=400)
def test_two_who_see_different_things_never_share(
    found: dict[str, Role], one: Principal, other: Principal
) -> None:
    policies = Policies(roles=found)
    gate = open_gate(SHOP, policies)
    ours, theirs = view_of(gate, one), view_of(gate, other)

    if ours is not None and theirs is not None and ours.fingerprint == theirs.fingerprint:
        assert sight(policies, one) == sight(policies, other)


@given(found=roles, who=principals)
def test_the_same_roles_and_attributes_share(found: dict[str, Role], who: Principal) -> None:
    gate = open_gate(SHOP, Policies(roles=found))
    twin = replace(
        who,
        subject="somebody else",
        kind="jwt",
        roles=(*reversed(who.roles), *who.roles, "unknown"),
        attributes=dict(sorted(who.attributes.items(), reverse=True)),
    )
    ours, theirs = view_of(gate, who), view_of(gate, twin)

    assert (ours and ours.fingerprint) == (theirs and theirs.fingerprint)


@given(found=roles, one=principals, other=principals)
def test_equal_shapes_have_equal_models_and_guards(
    found: dict[str, Role], one: Principal, other: Principal
) -> None:
    gate = open_gate(SHOP, Policies(roles=found))
    ours, theirs = view_of(gate, one), view_of(gate, other)

    if ours is not None and theirs is not None and ours.shape == theirs.shape:
        assert ours.model.tables == theirs.model.tables
        assert ours.guards == theirs.guards
        assert (ours.values == theirs.values) is (ours.fingerprint == theirs.fingerprint)


@given(found=roles, who=principals)
def test_a_view_does_not_depend_on_who_asked_before(found: dict[str, Role], who: Principal) -> None:
    policies = Policies(roles=found)
    busy, fresh = open_gate(SHOP, policies), open_gate(SHOP, policies)
    for name in ("r0", "r1", "r2"):
        view_of(busy, replace(who, roles=(name,)))
        view_of(busy, replace(who, attributes={"tenants": (), "level": 0}))
    ours, theirs = view_of(busy, who), view_of(fresh, who)

    assert (ours and ours.fingerprint) == (theirs and theirs.fingerprint)
