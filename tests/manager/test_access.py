from __future__ import annotations

import re

import pytest

from manager.asking import Asked
from penstock.manager.operations import ROUTES
from penstock.manager.routes import Changes, Open, Reads, Route
from penstock.store import roles
from penstock.store.grants import Scope, includes

IDS = {
    "project_id": "prj_" + "a" * 16,
    "api_id": "api_" + "a" * 16,
    "version_id": "ver_" + "a" * 16,
    "build_id": "bld_" + "a" * 16,
    "deployment_id": "dep_" + "a" * 16,
    "digest": "sha256:" + "b" * 64,
    "key_id": "0123456789abc",
    "binding_id": "bnd_" + "a" * 16,
    "person_id": "per_" + "a" * 16,
    "account_id": "acc_" + "a" * 16,
    "token_id": "tok_" + "a" * 16,
    "node_id": "n-1",
    "environment": "production",
    "name": "thing",
    "domain": "a.example.com",
}


def address(route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: IDS[found[1]], route.path)


def test_every_route_says_its_permission_and_few_need_none() -> None:
    unguarded = {route.path for route in ROUTES if isinstance(route.permission, Open)}

    assert unguarded == {"/login", "/logout", "/me"}


def test_a_route_without_a_permission_cannot_be_written_down() -> None:
    with pytest.raises(ValueError, match="is no permission"):
        Route(method="GET", path="/x", permission="", summary="", handler=Reads(lambda *_: None))
    changing, reading = Changes(lambda *_: None, lambda *_: None), Reads(lambda *_: None)
    with pytest.raises(ValueError, match="would change something"):
        Route(method="GET", path="/x", permission="a:b:c", summary="", handler=changing)
    with pytest.raises(ValueError, match="not of the kind"):
        Route(method="DELETE", path="/x", permission="a:b:c", summary="", handler=reading)


@pytest.mark.parametrize("role", [*roles.BUILT_IN])
def test_each_role_opens_what_its_permissions_name_and_nothing_else(
    manager: Asked, role: str
) -> None:
    _, token = manager.person("somebody", (role, Scope()))
    held = roles.BUILT_IN[role].permissions
    wrong: list[str] = []
    for route in ROUTES:
        if isinstance(route.permission, Open):
            continue
        status = manager.send(route.method, address(route), token=token).status_code
        if (status == 403) is includes(held, route.permission):
            wrong.append(f"{route.method} {route.path}: {status}")

    assert wrong == []


def test_without_a_token_nothing_opens_and_every_answer_is_one(manager: Asked) -> None:
    bodies = set()
    for route in ROUTES:
        if route.permission is not Open.ANYBODY:
            for token in (None, "x", "pt_" + "a" * 16 + "_" + "0" * 64 + "0" * 8):
                answer = manager.send(route.method, address(route), token=token)
                bodies.add((answer.status_code, answer.text))

    assert len(bodies) == 1
    assert bodies.pop()[0] == 401


def test_somebody_of_one_project_finds_nothing_of_another(manager: Asked) -> None:
    mine, theirs = manager.version("mine"), manager.version("theirs")
    build = manager.make(f"/versions/{theirs['id']}/actions/build", status=202)
    place = f"/apis/{theirs['api']}/environments/production"
    deployment = manager.make(f"{place}/deploy", {"version": theirs["id"]}, status=202)
    key = manager.make(f"/apis/{theirs['api']}/keys", {"name": "app"})
    _, token = manager.person("me", ("owner", Scope(project=mine["project"])))
    node = f"n-{deployment['id'][4:]}"
    manager.keep_log("n-gone", str(theirs["api"]))
    for path in (
        f"/projects/{theirs['project']}",
        f"/apis/{theirs['api']}",
        f"/versions/{theirs['id']}",
        f"/versions/{theirs['id']}/content",
        f"/builds/{build['id']}",
        f"/builds/{build['id']}/log",
        f"/builds/{build['id']}/events",
        place,
        f"{place}/journal",
        f"{place}/variables",
        f"/deployments/{deployment['id']}",
        f"/nodes/{node}/logs",
        "/nodes/n-gone/logs",
        f"/keys/{key['id']}",
    ):
        assert manager.send("GET", path, token=token).status_code == 404, path
    for path in ("/projects", "/apis", "/versions"):
        assert len(manager.get(path, token=token)["items"]) == 1, path  # type: ignore[arg-type] # a list
    for path in ("/builds", "/deployments", "/keys", "/nodes", "/artifacts", "/logs"):
        assert manager.get(path, token=token)["items"] == [], path
    for path in ("/people", "/settings", "/audit/verify", "/tokens/tok_aaaaaaaaaaaaaaaa"):
        assert manager.send("GET", path, token=token).status_code in {403, 404}, path


def test_ids_in_a_body_do_not_lead_out_of_the_path(manager: Asked) -> None:
    mine, theirs = manager.version("mine"), manager.version("theirs")
    _, token = manager.person("me", ("owner", Scope(project=mine["project"])))
    place = f"/apis/{mine['api']}/environments/production"

    deploy = manager.send("POST", f"{place}/deploy", json={"version": theirs["id"]}, token=token)
    like = manager.send(
        "POST",
        f"/apis/{mine['api']}/versions",
        json={"name": "v2", "like": theirs["id"]},
        token=token,
    )
    moved = manager.send(
        "POST",
        f"/projects/{mine['project']}/apis",
        json={"name": "x", "project": theirs["project"]},
        token=token,
    )

    assert (deploy.status_code, like.status_code, moved.status_code) == (404, 404, 400)
    assert manager.desk.statuses() == ()


def test_who_may_deploy_here_may_not_elsewhere(manager: Asked) -> None:
    mine, theirs = manager.version("mine"), manager.version("theirs")
    _, token = manager.person(
        "me", ("viewer", Scope()), ("operator", Scope(project=mine["project"], api=mine["api"]))
    )

    def deploy(version: dict[str, str]) -> int:
        place = f"/apis/{version['api']}/environments/production"
        body = {"version": version["id"]}
        return manager.send("POST", f"{place}/deploy", json=body, token=token).status_code

    assert deploy(mine) == 202
    assert deploy(theirs) == 404


def test_nobody_gives_away_more_than_they_have(manager: Asked) -> None:
    manager.change("PUT", "/roles/staffing", {"permissions": ["people:*:*", "catalogue:*:read"]})
    me, token = manager.person("me", ("staffing", Scope()))
    boss, _ = manager.person("boss", ("owner", Scope()))

    def try_(method: str, path: str, json: object = None) -> int:
        headers = {"if-match": "*"} if method != "POST" else {}
        return manager.send(method, path, json=json, token=token, headers=headers).status_code

    assert try_("POST", "/bindings", {"subject": me, "role": "owner"}) == 403
    assert try_("PUT", "/roles/staffing", {"permissions": ["*:*:*"]}) == 403
    assert try_("POST", f"/people/{boss}/tokens", {"name": "x"}) == 403
    assert try_("POST", f"/people/{boss}/password", {"password": "correct horse battery"}) == 403
    assert try_("PATCH", f"/people/{boss}", {"disabled": True}) == 403
    assert try_("DELETE", f"/people/{boss}") == 403
    assert try_("POST", "/bindings", {"subject": me, "role": "viewer"}) == 403
    assert try_("POST", f"/people/{me}/tokens", {"name": "x"}) == 201


def test_a_disabled_person_and_a_revoked_token_are_refused_at_once(manager: Asked) -> None:
    person, token = manager.person("me", ("owner", Scope()))
    assert manager.send("GET", "/me", token=token).status_code == 200
    other = manager.make(f"/people/{person}/tokens", {"name": "other", "expires_in": 10})
    manager.change("DELETE", f"/tokens/{other['id']}")
    assert manager.send("GET", "/me", token=other["token"]).status_code == 401

    manager.change("PATCH", f"/people/{person}", {"disabled": True})

    assert manager.send("GET", "/me", token=token).status_code == 401


def test_a_token_ends(manager: Asked) -> None:
    account = manager.make("/accounts", {"name": "robot"})
    token = manager.make(f"/accounts/{account['id']}/tokens", {"name": "ci", "expires_in": 10})
    assert manager.send("GET", "/me", token=token["token"]).json()["kind"] == "account"

    manager.clock.now += 10

    assert manager.send("GET", "/me", token=token["token"]).status_code == 401


def test_reading_changes_nothing(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    manager.make(f"{place}/deploy", {"version": version["id"]}, status=202)
    ids = {**IDS, "api_id": version["api"], "version_id": version["id"]}
    ids["project_id"] = version["project"]
    before = list(manager.database.engine.raw_connection().iterdump())
    for route in ROUTES:
        if route.method == "GET" and "events" not in route.path:
            path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], route.path)
            manager.send("GET", path)

    after = list(manager.database.engine.raw_connection().iterdump())
    assert after == before
