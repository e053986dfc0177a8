from __future__ import annotations

import pytest

from manager.asking import Asked
from penstock.store.grants import Scope


def names(manager: Asked, kind: str = "people") -> list[str]:
    found = manager.get(f"/{kind}")["items"]
    assert isinstance(found, list)
    return [one["name"] for one in found]


def issue(manager: Asked, **wish: object) -> dict[str, object]:
    return {**manager.make("/tokens", wish)}


def test_a_token_comes_with_its_owner_and_the_roles(manager: Asked) -> None:
    made = issue(manager, name="ada", roles=["owner", "viewer"], label="laptop")
    token = str(made["token"])

    assert (made["name"], made["roles"]) == ("laptop", ["owner", "viewer"])
    me = manager.get("/me", token=token)
    assert me["name"] == "ada"
    assert manager.send("GET", "/people", token=token).status_code == 200


def test_a_second_token_is_for_the_same_one_whose_roles_stay(manager: Asked) -> None:
    first = issue(manager, name="ci", robot=True, roles=["developer"])
    second = issue(manager, name="ci", robot=True, roles=["developer"])
    third = issue(manager, name="ci", robot=True)

    assert first["subject"] == second["subject"] == third["subject"]
    assert third["roles"] == ["developer"]
    assert names(manager, "accounts") == ["ci"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"roles": ["viewer", "emperor"]}, 404),
        ({"label": ""}, 400),
        ({"expires_in": -1}, 400),
        ({"roles": [""]}, 400),
    ],
    ids=["role", "label", "end", "nameless role"],
)
def test_what_is_wrong_with_a_wish_leaves_nobody_behind(
    manager: Asked, wish: dict[str, object], status: int
) -> None:
    refused = manager.send("POST", "/tokens", json={"name": "erik", **wish})

    assert refused.status_code == status, refused.text
    assert names(manager) == []


def test_a_name_of_an_account_is_no_persons(manager: Asked) -> None:
    manager.make("/tokens", {"name": "ci", "robot": True})

    assert manager.send("POST", "/tokens", json={"name": "ci"}).status_code == 409


@pytest.mark.parametrize(
    ("permissions", "wish"),
    [
        (["people:tokens:create"], {"name": "new"}),
        (["people:tokens:create", "people:people:create"], {"name": "new", "roles": ["mine"]}),
        (
            ["people:tokens:create", "people:people:create", "people:bindings:create"],
            {"name": "new", "roles": ["owner"]},
        ),
        (["people:tokens:create"], {"name": "boss"}),
    ],
    ids=["makes somebody", "gives a role", "gives more than they have", "acts for an owner"],
)
def test_nobody_gets_more_by_a_token_than_they_may(
    manager: Asked, permissions: list[str], wish: dict[str, object]
) -> None:
    manager.person("boss", ("owner", Scope()))
    manager.change("PUT", "/roles/mine", {"permissions": permissions})
    _, token = manager.person("eve", ("mine", Scope()))

    refused = manager.send("POST", "/tokens", json=wish, token=token)

    assert refused.status_code == 403
    assert "new" not in names(manager)
