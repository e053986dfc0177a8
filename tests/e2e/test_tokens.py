"""`penstock tokens`: made where the manager runs, used from anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stack import Stack, stack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


def elsewhere(running: Stack, folder: Path, token: str, *command: str) -> tuple[int, str]:
    """Type a command on a machine that has nothing but the manager's address and a token."""
    environment = {
        **os.environ,
        "PENSTOCK_HOME": str(folder / "none"),
        "PENSTOCK_MANAGER_URL": str(running.running["address"]),
        "PENSTOCK_TOKEN": token,
    }
    done = subprocess.run(
        [sys.executable, "-m", "penstock", *command],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def create(running: Stack, *options: str) -> str:
    return running.run("tokens", "create", *options).stdout.strip()


def test_a_token_of_an_owner_opens_the_manager_from_elsewhere(
    running: Stack, tmp_path: Path
) -> None:
    token = create(running, "ada", "--role", "owner")

    assert elsewhere(running, tmp_path, token, "tokens", "list")[0] == 0


def test_without_a_role_it_may_do_nothing(running: Stack, tmp_path: Path) -> None:
    said = running.run("tokens", "create", "bob")
    code, answer = elsewhere(running, tmp_path, said.stdout.strip(), "tokens", "list")

    assert "no role" in said.stderr
    assert (code, "FORBIDDEN" in answer) == (1, True)


def test_a_second_token_is_for_the_same_person(running: Stack) -> None:
    create(running, "carol", "--role", "developer", "--label", "laptop")
    create(running, "carol", "--role", "developer", "--label", "desktop", "--expires", "90d")

    listed = json.loads(running.run("tokens", "list", "--json").stdout)
    carols = [token for token in listed if token["owner"] == "carol"]
    assert {token["name"] for token in carols} == {"laptop", "desktop"}
    assert len({token["subject"] for token in carols}) == 1


def test_a_robot_has_an_account(running: Stack) -> None:
    made = json.loads(create(running, "ci", "--robot", "--role", "developer", "--json"))

    assert made["subject"].startswith("acc_")


def test_a_revoked_token_opens_nothing_and_no_list_shows_a_secret(
    running: Stack, tmp_path: Path
) -> None:
    made = json.loads(create(running, "dora", "--role", "owner", "--json"))
    running.run("tokens", "revoke", made["id"])

    code, answer = elsewhere(running, tmp_path, made["token"], "tokens", "list")
    assert (code, "UNAUTHENTICATED" in answer) == (1, True)
    assert made["token"] not in running.run("tokens", "list", "--json").stdout


def test_an_unknown_role_is_refused(running: Stack) -> None:
    said = running.run("tokens", "create", "erik", "--role", "emperor", check=False)

    assert said.returncode == 1
    assert "emperor" in said.stderr
    assert "Traceback" not in said.stderr
