from __future__ import annotations

import httpx

from manager.asking import Asked

PASSWORD = "correct horse battery staple"


def login(manager: Asked, name: str, password: str = PASSWORD) -> httpx.Response:
    return manager.send("POST", "/login", json={"name": name, "password": password}, token=None)


def test_a_password_gives_a_token_until_one_logs_out(manager: Asked) -> None:
    manager.make("/people", {"name": "ann", "password": PASSWORD})
    token = login(manager, "ann").json()["token"]
    assert manager.send("GET", "/me", token=token).json()["name"] == "ann"

    assert manager.send("POST", "/logout", token=token).status_code == 200

    assert manager.send("GET", "/me", token=token).status_code == 401


def test_a_wrong_name_and_a_wrong_password_are_told_alike(manager: Asked) -> None:
    manager.make("/people", {"name": "ann", "password": PASSWORD})
    manager.make("/people", {"name": "none"})

    answers = {
        (answer.status_code, answer.text)
        for answer in (
            login(manager, "ann", "wrong"),
            login(manager, "bob"),
            login(manager, "none"),
        )
    }

    assert len(answers) == 1


def test_guessing_is_slowed_down_and_waiting_helps(manager: Asked) -> None:
    manager.make("/people", {"name": "ann", "password": PASSWORD})
    statuses = [login(manager, "ann", f"wrong {i}").status_code for i in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    throttled = login(manager, "ann")
    assert throttled.json()["code"] == "TOO_MANY_ATTEMPTS"
    assert throttled.headers["retry-after"] == "1"

    manager.clock.now += 1

    assert login(manager, "ann").status_code == 200


def test_who_changes_their_own_password_gives_the_old_one(manager: Asked) -> None:
    manager.change("PUT", "/roles/self", {"permissions": ["people:people:password"]})
    person = manager.make("/people", {"name": "ann", "password": PASSWORD})
    manager.make("/bindings", {"subject": person["id"], "role": "self"})
    token = login(manager, "ann").json()["token"]
    path = f"/people/{person['id']}/password"
    new = {"password": "another long password"}

    assert manager.send("POST", path, json=new, token=token).status_code == 403
    changed = manager.send("POST", path, json={**new, "old": PASSWORD}, token=token)

    assert changed.status_code == 200
    assert manager.send("GET", "/me", token=token).status_code == 401
    assert login(manager, "ann", new["password"]).status_code == 200
