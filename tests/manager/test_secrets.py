from __future__ import annotations

import pytest

from manager.asking import Asked, managing
from penstock.deploy.types import Place
from penstock.errors import StateError
from penstock.secret import Secret
from penstock.store import variables
from penstock.store.unit import looking
from penstock.store.vault import new_master_key, open_vault

HIDDEN = "s3cr3t-of-the-database"
NEW = new_master_key()
PASSWORD = "correct horse battery staple"


def test_a_secret_comes_out_nowhere(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    said: list[str] = []
    for name in ("PASSWORD", "PASSWORD"):
        answer = manager.change("PUT", f"{place}/secrets/{name}", {"value": HIDDEN})
        said.append(answer.text)
    person = manager.make("/people", {"name": "ann", "password": PASSWORD})
    login = manager.send("POST", "/login", json={"name": "ann", "password": PASSWORD}, token=None)
    key = manager.send(
        "POST", "/keys", json={"name": "app"}, headers={"idempotency-key": "k"}
    ).json()["key"]
    shown = (
        f"{place}/secrets",
        f"{place}/secrets/PASSWORD",
        f"{place}/variables",
        "/audit",
        "/audit/export",
        f"/people/{person['id']}",
        "/openapi.json",
    )
    said += [manager.send("GET", path).text for path in shown]
    said.append(repr(manager.events))
    stored = b"".join(file.read_bytes() for file in manager.home.rglob("*") if file.is_file())

    for word in (HIDDEN, PASSWORD, login.json()["token"].split("_")[2], key.split("_")[3]):
        assert not any(word in text for text in said)
        assert word.encode() not in stored
    with looking(manager.database) as look:
        made = variables.environment_of(look, manager.vault, Place(version["api"]))
    found = made["PASSWORD"]
    assert isinstance(found, Secret)
    assert found.reveal() == HIDDEN


def test_a_secret_and_a_variable_do_not_change_into_each_other(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    manager.change("PUT", f"{place}/secrets/A", {"value": "x"})

    assert manager.send("GET", f"{place}/variables/A").status_code == 404
    assert manager.change("PUT", f"{place}/variables/A", {"value": "y"}).status_code == 409


def test_secrets_are_sealed_anew_after_a_rotation_of_the_master_key(manager: Asked) -> None:
    version = manager.version()
    place = Place(version["api"])
    manager.change("PUT", f"/apis/{place.api}/environments/production/secrets/A", {"value": HIDDEN})
    (manager.home / "master.key").write_text(f"{NEW}\n{(manager.home / 'master.key').read_text()}")
    with managing(manager.home) as restarted:
        resealed = restarted.make("/secrets/actions/reseal", status=200)

    assert str(resealed["secrets"]) == "3"  # the two keys of the installation's own, and A
    rotated = open_vault(manager.home, {"PENSTOCK_MASTER_KEY": NEW})
    with looking(manager.database) as look:
        made = variables.environment_of(look, rotated, place)
        assert isinstance(made["A"], Secret)
        with pytest.raises(StateError, match="not here"):
            variables.environment_of(look, manager.vault, place)
