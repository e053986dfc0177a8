from __future__ import annotations

import json

from manager.asking import Asked, zipped
from penstock.manager.operations import ROUTES
from penstock.manager.routes import Acts, Changes, Makes
from penstock.store import chain
from penstock.store.grants import Scope
from penstock.store.unit import looking


def entries(manager: Asked) -> list[chain.ChainedEntry]:
    with looking(manager.database) as look:
        return list(chain.entries(look.session))


def test_every_change_says_who_did_what_from_where(manager: Asked) -> None:
    person, token = manager.person("ann", ("owner", Scope()))
    made = manager.send("POST", "/projects", json={"name": "shop"}, token=token)

    last = entries(manager)[-1].entry

    assert (last.actor_kind, last.actor, last.actor_name) == ("person", person, "ann")
    assert (last.action, last.resource) == ("catalogue:projects:create", made.json()["id"])
    assert (last.before, last.after is None) == (None, False)
    assert (last.address, last.request) == ("127.0.0.1", made.headers["traceparent"])


def test_what_is_refused_changes_nothing_and_leaves_no_entry(manager: Asked) -> None:
    manager.make("/projects", {"name": "shop"})
    before = entries(manager)

    manager.send("POST", "/projects", json={"name": "shop"})
    manager.send("POST", "/projects", json={"name": "other"}, token="x")

    assert entries(manager) == before


def test_every_operation_that_changes_something_leaves_an_entry(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    person = manager.make("/people", {"name": "ann"})
    key = manager.make("/keys", {"name": "app"})
    steps: list[tuple[str, str, object]] = [
        ("PATCH", f"/projects/{version['project']}", {"title": "x"}),
        ("PATCH", f"/apis/{version['api']}", {"title": "x"}),
        ("PATCH", f"/versions/{version['id']}", {"name": "v1b"}),
        ("POST", f"/versions/{version['id']}/actions/duplicate", {"name": "v2"}),
        ("POST", f"/versions/{version['id']}/actions/activate", None),
        ("POST", f"/versions/{version['id']}/actions/build", None),
        ("POST", f"{place}/deploy", {"version": version["id"]}),
        ("POST", f"{place}/promote", None),
        ("POST", f"{place}/abort", {}),
        ("POST", f"{place}/scale", {"nodes": 2}),
        ("POST", f"{place}/rollback", {}),
        ("POST", f"{place}/stop", {"keep_size": True}),
        ("POST", f"{place}/start", None),
        ("PUT", f"{place}/variables/A", {"value": "x"}),
        ("PUT", f"{place}/secrets/B", {"value": "x"}),
        ("PUT", f"{place}/settings/c", {"value": 1}),
        ("PUT", "/settings/c", {"value": 1}),
        ("POST", f"{place}/domains", {"name": "a.example.com"}),
        ("POST", f"/keys/{key['id']}/actions/rotate", {}),
        ("POST", f"/keys/{key['id']}/actions/revoke", None),
        ("PUT", "/roles/mine", {"permissions": []}),
        ("POST", "/bindings", {"subject": person["id"], "role": "mine"}),
        ("POST", f"/people/{person['id']}/tokens", {"name": "t"}),
        ("DELETE", f"/people/{person['id']}", None),
        ("POST", "/artifacts/actions/collect", None),
    ]
    for method, path, body in steps:
        before = len(entries(manager))
        answer = (
            manager.send(method, path, json=body)
            if method == "POST"
            else manager.change(method, path, body)
        )
        assert answer.status_code < 300, (path, answer.text)
        assert len(entries(manager)) > before, path

    changing = [route for route in ROUTES if isinstance(route.handler, Makes | Changes | Acts)]
    assert len(changing) > len(steps)


def test_a_log_that_was_tampered_with_is_found_out(manager: Asked) -> None:
    for name in ("a", "b", "c"):
        manager.make("/projects", {"name": name})
    assert manager.get("/audit/verify")["broken"] is None
    exported = [json.loads(line) for line in manager.send("GET", "/audit/export").text.splitlines()]
    anchor = f"?sequence={exported[-1]['sequence']}&hash={exported[-1]['hash']}"
    assert manager.get(f"/audit/verify{anchor}")["broken"] is None
    raw = manager.database.engine.raw_connection()
    raw.execute("DROP TRIGGER audit_log_no_update")
    raw.execute("UPDATE audit_log SET actor = 'somebody' WHERE sequence = 2")
    raw.close()

    found = manager.get("/audit/verify")

    assert (found["broken"], found["reason"]) == (2, "it was changed")


def test_a_log_that_lost_its_end_no_longer_holds_what_was_exported(manager: Asked) -> None:
    for name in ("a", "b", "c"):
        manager.make("/projects", {"name": name})
    last = entries(manager)[-1]
    raw = manager.database.engine.raw_connection()
    raw.execute("DROP TRIGGER audit_log_no_delete")
    raw.execute("DELETE FROM audit_log WHERE sequence = 3")
    raw.close()

    found = manager.get(f"/audit/verify?sequence={last.sequence}&hash={last.hash}")

    assert (found["broken"], found["reason"]) == (3, "the end was cut off")


def test_the_log_is_read_page_by_page_and_by_who_did_it(manager: Asked) -> None:
    _, token = manager.person("ann", ("owner", Scope()))
    for i in range(4):
        manager.send("POST", "/projects", json={"name": f"p{i}"}, token=token)
    first = manager.get("/audit?limit=3")
    second = manager.get(f"/audit?limit=3&cursor={first['next']}")

    sequences = [
        one["sequence"]
        for page in (first, second)
        for one in page["items"]  # type: ignore[attr-defined] # a list
    ]

    assert sequences == sorted(sequences, reverse=True)
    assert len({*sequences}) == 6
    manager.send("PUT", "/versions/x/content", content=zipped({}))
    assert manager.get("/audit?actor=local")["items"]
