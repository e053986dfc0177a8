from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.auth.principal import AttributeValue
from penstock.cli.key_options import parse_attributes
from penstock.cli.keys import app
from penstock.errors import (
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    PenstockError,
    StateError,
)
from penstock.store import apis, projects
from penstock.store.database import open_database
from penstock.store.keys import KeyRepository
from penstock.store.unit import LOCAL, working
from project.folders import write

KEY = re.compile(r"pk_(live|test)_[0-9A-Za-z]{13}_[0-9A-Za-z]{49}")


ALL = [("create", "remote"), ("list",), ("revoke", "remote"), ("rotate", "remote")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PENSTOCK_MANAGER_URL", raising=False)
    monkeypatch.delenv("PENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)  # no project: whatever roles there are
    return tmp_path / "state"


def run(home: Path, *args: str) -> Result:
    return CliRunner().invoke(app, args, env={"PENSTOCK_HOME": str(home), "NO_COLOR": "1"})


def succeed(home: Path, *args: str) -> Result:
    result = run(home, *args)
    assert result.exit_code == 0, result.exception
    return result


def fail(home: Path, *args: str) -> PenstockError:
    error = run(home, *args).exception
    assert isinstance(error, PenstockError)
    return error


def create(home: Path, *args: str) -> str:
    """Return the text of a new key."""
    return succeed(home, "create", *args).stdout.strip()


def is_accepted(home: Path, key: str) -> bool:
    with open_database(home) as database:
        try:
            KeyRepository(database).snapshot()[1].authenticate(key, 1_900_000_000)
        except AuthenticationError:
            return False
        return True


def test_the_key_alone_goes_to_standard_output(home: Path) -> None:
    result = succeed(home, "create", "dashboard", "--role", "analyst")

    assert KEY.fullmatch(result.stdout.strip())
    assert is_accepted(home, result.stdout.strip())
    assert "only time the key is shown" in result.stderr
    assert "dashboard" in result.stderr


def test_a_key_has_everything_it_was_made_with(home: Path) -> None:
    arguments = ["--role=a", "--role=b", "--attribute=stations=JFK,EWR", "--attribute=level=3"]
    arguments += ["--permission=refresh", "--expires=90d", "--environment=test", "--json"]

    made = json.loads(succeed(home, "create", "dashboard", *arguments).stdout)

    assert KEY.fullmatch(made["key"])
    assert made["key"].startswith(f"pk_test_{made['id']}_")
    assert made["name"] == "dashboard"
    assert made["environment"] == "test"
    assert made["state"] == "active"
    assert made["roles"] == ["a", "b"]
    assert made["attributes"] == {"stations": ["JFK", "EWR"], "level": 3}
    assert made["permissions"] == ["refresh"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["expires"])


def test_the_list_never_shows_a_secret(home: Path) -> None:
    secret = create(home, "dashboard").rpartition("_")[2]

    for option in ("--all", "--json"):
        listed = succeed(home, "list", option).output
        assert "dashboard" in listed
        assert secret not in listed


def test_a_list_that_is_no_terminals_is_plain(home: Path) -> None:
    create(home, "first [bold]key", "--attribute=stations=JFK,EWR")
    create(home, "second")

    lines = succeed(home, "list").stdout.splitlines()

    cells = [re.split(r" {2,}", line) for line in lines]
    assert [row[1] for row in cells] == ["NAME", "first [bold]key", "second"]
    assert cells[1][-5:] == ["–", 'stations=["JFK", "EWR"]', "never", "never", "active"]
    assert {len(row) for row in cells} == {len(cells[0])}


def test_an_empty_list_says_how_to_begin(home: Path) -> None:
    create(home, "dashboard")
    succeed(home, "revoke", "dashboard")

    assert "penstock keys create" in succeed(home, "list").stderr
    assert json.loads(succeed(home, "list", "--json").stdout) == []
    assert json.loads(succeed(home, "list", "--json", "--all").stdout)[0]["state"] == "revoked"


def test_a_revoked_key_is_refused(home: Path) -> None:
    key = create(home, "dashboard")

    result = succeed(home, "revoke", "dashboard")

    assert not is_accepted(home, key)
    assert "within 5 seconds" in result.stderr


def test_a_rotation_keeps_the_old_secret_until_it_is_finished(home: Path) -> None:
    old = create(home, "dashboard")
    new = succeed(home, "rotate", "dashboard").stdout.strip()

    assert KEY.fullmatch(new)
    assert is_accepted(home, old)
    assert is_accepted(home, new)
    succeed(home, "rotate", "dashboard", "--finish")
    assert not is_accepted(home, old)
    assert is_accepted(home, new)


def test_a_rotation_with_a_grace_says_when_the_old_secret_ends(home: Path) -> None:
    create(home, "dashboard")

    rotated = json.loads(succeed(home, "rotate", "dashboard", "--grace=7d", "--json").stdout)

    assert rotated["state"] == "rotating"
    assert rotated["old_secret_ends"] > rotated["created"]
    assert KEY.fullmatch(rotated["key"])


def test_an_unknown_key_suggests_a_near_one(home: Path) -> None:
    create(home, "dashboard")

    for command in ("revoke", "rotate"):
        error = fail(home, command, "dashbord")
        assert isinstance(error, NotFoundError)
        assert error.hint == "Did you mean 'dashboard'?"


@pytest.mark.parametrize("command", [["list"], ["revoke", "a"], ["rotate", "a"]], ids=" ".join)
def test_only_making_a_key_makes_a_state_folder(home: Path, command: list[str]) -> None:
    error = fail(home, *command)

    assert isinstance(error, StateError)
    assert "PENSTOCK_HOME" in str(error.hint)
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "a", "--expires", "soon"], "--expires 'soon' is not a duration"),
        (["create", "a", "--expires", "0d"], "--expires '0d' is not a duration"),
        (["create", "a", "--expires", "-1d"], "--expires '-1d' is not a duration"),
        (["create", "a", "--attribute", "stations"], "is not name=value"),
        (["create", "a", "--attribute", "=JFK"], "is not name=value"),
        (["create", "a", "--attribute", "a b=JFK"], "is not name=value"),
        (["create", "a", "--attribute", "a="], "has a value that cannot be used"),
        (["create", "a", "--attribute", "a=[1, {}]"], "has a value that cannot be used"),
        (["create", "a", "--attribute", "a=[null]"], "has a value that cannot be used"),
        (["create", "a", "--attribute", "a=[1e999]"], "has a value that cannot be used"),
        (["create", "a", "--attribute", "a=["], "has a value that cannot be used"),
        (["create", "a", "--attribute", "a=1", "--attribute", "a=2"], "is given twice"),
        (["create", "a", "--role", "a,b"], "--role 'a,b' is not a name"),
        (["create", "a", "--permission", ""], "--permission '' is not a name"),
        (["create", ""], "cannot be the name of a key"),
        (["create", "a\x1b[31m"], "cannot be the name of a key"),
        (["rotate", "a", "--finish", "--grace", "1d"], "do not go together"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_wrong_is_said_with_a_way_forward(
    home: Path, arguments: list[str], sentence: str
) -> None:
    error = fail(home, *arguments)

    assert isinstance(error, ConfigurationError)
    assert sentence in error.detail
    assert error.hint
    assert not home.exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("JFK", "JFK"),
        ("1E5", "1E5"),
        ("007", "007"),
        ("7", 7),
        ("-7", -7),
        ("7.5", 7.5),
        ("true", True),
        ("null", "null"),
        ("NaN", "NaN"),
        ("a=b", "a=b"),
        ("a,b", ("a", "b")),
        ("a, 2", ("a", 2)),
        ("a,", ("a",)),
        ('"7"', "7"),
        ('"a,b"', "a,b"),
        ('["a"]', ("a",)),
        ("[]", ()),
        ('["1", 2, true]', ("1", 2, True)),
    ],
    ids=repr,
)
def test_an_attributes_value_is_read_as_it_looks(text: str, value: AttributeValue) -> None:
    read = parse_attributes([f"name={text}"])["name"]

    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("command", ["create", "list", "revoke", "rotate"])
def test_the_help_teaches_with_an_example(home: Path, command: str) -> None:
    assert f"penstock keys {command}" in succeed(home, command, "--help").stdout


def test_in_a_project_a_role_that_it_lacks_is_refused_with_the_nearest(
    home: Path, tmp_path: Path
) -> None:
    write(tmp_path)

    error = fail(home, "create", "a", "--role", "clerc")

    assert (error.detail, error.hint) == (
        "The project has no role 'clerc'.",
        "Did you mean 'clerk'?",
    )
    succeed(home, "create", "a", "--role", "clerk")


def test_the_roles_of_a_broken_project_are_not_checked_and_that_is_said(
    home: Path, tmp_path: Path
) -> None:
    write(tmp_path, {"models/orders.yaml": "tables: 1\n"})

    assert "were not checked" in succeed(home, "create", "a", "--role", "any").stderr


def test_a_permission_that_opens_nothing_is_refused(home: Path) -> None:
    error = fail(home, "create", "a", "--permission", "refesh")

    assert error.hint == "Did you mean 'refresh'?"


def test_where_no_project_is_that_roles_were_not_checked_is_said(home: Path) -> None:
    said = succeed(home, "create", "a", "--role", "any").stderr

    assert "--project names its folder" in said


def make_api(home: Path) -> str:
    """Return the id of a new API, `shop/orders`."""
    with open_database(home) as database, working(database, LOCAL, 1.0) as work:
        project = projects.create(work, "shop", "")
        return apis.create(work, project.id, "orders", "").id


def test_a_key_for_one_api_says_so(home: Path) -> None:
    make_api(home)
    made = succeed(home, "create", "dashboard", "--api", "orders")
    create(home, "other")

    assert "for shop/orders alone" in made.stderr
    rows = [re.split(r" {2,}", line) for line in succeed(home, "list").stdout.splitlines()]
    assert [row[3] for row in rows] == ["API", "shop/orders", "all"]
    listed = json.loads(succeed(home, "list", "--json").stdout)
    assert [key["api_name"] for key in listed] == ["shop/orders", None]


def test_a_key_that_was_revoked_before_is_not_revoked_anew(home: Path) -> None:
    create(home, "dashboard")
    succeed(home, "revoke", "dashboard")

    assert "It was revoked already" in succeed(home, "revoke", "dashboard").stderr


def test_a_key_for_one_api_opens_that_alone(home: Path) -> None:
    api = make_api(home)
    succeed(home, "create", "a", "--api", "orders")

    with open_database(home) as database:
        assert [key.record.api for key in KeyRepository(database).list()] == [api]
    assert fail(home, "create", "b", "--api", "nope").detail == "There is no API 'nope'."


@pytest.mark.parametrize("command", ALL, ids=lambda it: it[0])
def test_keys_that_the_manager_meant_would_not_hear_of_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    create(home, "remote")
    monkeypatch.setenv("PENSTOCK_MANAGER_URL", "http://127.0.0.1:1")

    refused = fail(home, *command)

    assert "names another manager, 'http://127.0.0.1:1'" in refused.detail
    assert "where that manager runs" in str(refused.hint)


def test_no_state_folder_is_made_for_a_key_that_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_MANAGER_URL", "http://127.0.0.1:1")

    fail(home, "create", "remote")

    assert not home.exists()


@pytest.mark.parametrize("command", ALL, ids=lambda it: it[0])
def test_keys_of_a_folder_that_is_named_are_meant_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    create(home, "remote")
    monkeypatch.setenv("PENSTOCK_MANAGER_URL", "http://127.0.0.1:1")

    succeed(home, *command, "--home", str(home))


def test_keys_of_a_database_that_is_named_are_meant_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_MANAGER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PENSTOCK_DATABASE", f"sqlite:///{home.parent / 'shared.db'}")

    assert KEY.fullmatch(create(home, "remote"))
