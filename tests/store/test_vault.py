from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from penstock.deploy.types import Place
from penstock.errors import ConfigurationError, ManagementError, StateError
from penstock.secret import Secret
from penstock.store import variables
from penstock.store.database import Database
from penstock.store.unit import LOCAL, looking, working
from penstock.store.vault import Vault, new_master_key, open_vault
from store.made import make_version


def test_what_was_sealed_opens_in_its_place_alone() -> None:
    vault = Vault((bytes(32),))
    sealed = vault.seal(b"secret", "here")

    assert vault.open(sealed, "here") == b"secret"
    assert b"secret" not in sealed
    assert vault.seal(b"secret", "here") != sealed
    with pytest.raises(StateError, match="does not open"):
        vault.open(sealed, "there")
    with pytest.raises(StateError, match="does not open"):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "here")
    for broken in (b"", b"\x01", b"\x02" + sealed[1:]):
        with pytest.raises(StateError):
            vault.open(broken, "here")


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    found: list[Vault] = []
    threads = [
        threading.Thread(target=lambda: found.append(open_vault(tmp_path / "h", {})))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({vault.keys for vault in found}) == 1
    file = tmp_path / "h" / "master.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]
    file.chmod(0o644)
    assert open_vault(tmp_path / "h", {}) == found[0]
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_first_key_seals_and_every_key_opens(tmp_path: Path) -> None:
    old, new = new_master_key(), new_master_key()
    before = open_vault(tmp_path, {"PENSTOCK_MASTER_KEY": old})
    both = open_vault(tmp_path, {"PENSTOCK_MASTER_KEY": f"{new}, {old}"})
    after = open_vault(tmp_path, {"PENSTOCK_MASTER_KEY": new})
    sealed = before.seal(b"x", "a")

    assert both.open(sealed, "a") == b"x"
    assert after.open(both.seal(b"y", "a"), "a") == b"y"
    assert both.is_current(both.seal(b"y", "a"))
    assert not both.is_current(sealed)
    with pytest.raises(StateError, match="not here"):
        after.open(sealed, "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["x", "c2hvcnQ=", ",", "é"])
def test_what_is_no_key_is_refused_without_telling_it(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigurationError, match="does not hold a master key") as caught:
        open_vault(tmp_path, {"PENSTOCK_MASTER_KEY": bad})
    assert bad not in caught.value.detail.removeprefix("PENSTOCK_MASTER_KEY does not hold a")


def test_rows_that_were_swapped_do_not_open(database: Database) -> None:
    vault, version = Vault((bytes(32),)), make_version(database)
    place = Place(version.api)
    with working(database, LOCAL, 1) as work:
        variables.set_secret(work, vault, place, "A", Secret("a"))
        variables.set_secret(work, vault, place, "B", Secret("b"))
        variables.set_variable(work, place, "C", "c")
    with looking(database) as look:
        made = variables.environment_of(look, vault, place)
        assert {name: str(value) for name, value in made.items()} == {"A": "…", "B": "…", "C": "c"}
    with working(database, LOCAL, 1) as work:
        swap = "UPDATE variables SET sealed = (SELECT sealed FROM variables WHERE name = 'A')"
        work.session.execute(text(f"{swap} WHERE name = 'B'"))
        variables.set_variable(work, place, "C", "d")

    with looking(database) as look, pytest.raises(StateError, match="does not open"):
        variables.environment_of(look, vault, place)


@pytest.mark.parametrize("name", ["", "1", "a b", "a=b", "PENSTOCK_X", "Ld_Preload", "x" * 129])
def test_odd_names_are_refused(database: Database, name: str) -> None:
    place = Place(make_version(database).api)

    with pytest.raises(ManagementError), working(database, LOCAL, 1) as work:
        variables.set_variable(work, place, name, "x")
