from __future__ import annotations

import pytest

from auth.signing import issuer
from penstock.auth.claims import claimed_principal, claimed_time
from penstock.auth.principal import AttributeValue
from penstock.auth.refusal import RefusalReason

CLAIMS: dict[str, object] = {
    "sub": "ada",
    "station": "JFK",
    "level": 3,
    "active": True,
    "share": 0.5,
    "stations": ["JFK", "EWR"],
    "none_yet": [],
    "nothing": None,
    "nested": {"deep": {"stations": ["LGA"]}, "a.b": "dotted inside"},
    "objects": [{"a": 1}],
    "holes": ["JFK", None],
    "https://example.com/stations": ["BOS"],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("station", "JFK"),
        ("level", 3),
        ("active", True),
        ("share", 0.5),
        ("stations", ("JFK", "EWR")),
        ("none_yet", ()),
        ("nested.deep.stations", ("LGA",)),
        ("nested.a.b", "dotted inside"),
        ("https://example.com/stations", ("BOS",)),
    ],
)
def test_a_claim_becomes_an_attribute(path: str, value: AttributeValue) -> None:
    principal = claimed_principal(CLAIMS, issuer("RS256", claims={"mine": path}), 1)

    assert principal.attributes == {"mine": value}


@pytest.mark.parametrize(
    "path",
    ["nowhere", "nothing", "nested", "nested.deep", "objects", "holes", "station.x", "", "."],
)
def test_what_is_no_value_is_left_out_so_that_a_filter_refuses(path: str) -> None:
    principal = claimed_principal(CLAIMS, issuer("RS256", claims={"mine": path}), 1)

    assert principal.attributes == {}


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["analyst", "reader"], ("reader", "analyst")),
        ("analyst  editor", ("reader", "analyst", "editor")),
        (["analyst", 7, None, ["x"]], ("reader", "analyst")),
        ({"admin": True}, ("reader",)),
        (None, ("reader",)),
    ],
)
def test_roles_come_from_the_issuer_and_the_token(claim: object, roles: tuple[str, ...]) -> None:
    principal = claimed_principal({"sub": "ada", "roles": claim}, issuer("RS256"), 1)

    assert principal.roles == roles


@pytest.mark.parametrize("subject", [None, "", 7, ["ada"], {"sub": "ada"}])
def test_a_token_says_who_it_is_about(subject: object) -> None:
    with pytest.raises(RefusalReason, match="no subject"):
        claimed_principal({"sub": subject}, issuer("RS256"), 1)


@pytest.mark.parametrize("time", ["1800000000", True, None, [], {}, 10**400, -(10**400), 2**54])
def test_a_time_is_a_number_of_seconds(time: object) -> None:
    with pytest.raises(RefusalReason, match=r"is (not a time|out of range)"):
        claimed_time({"exp": time}, "exp")


def test_a_time_may_be_absent() -> None:
    assert claimed_time({}, "nbf") is None
    assert claimed_time({"nbf": 1}, "nbf") == 1
