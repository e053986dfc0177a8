from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.conftest import Shell
from penstock.cli.up import Lack, is_hopeless
from penstock.control.controller import STARTING
from penstock.deploy.drivers.find import DRIVERS
from penstock.deploy.drivers.process.launch import LOG_BYTES
from penstock.errors import GatewayAwayError
from penstock.store.desk import Problem


@pytest.fixture(autouse=True)
def _of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PENSTOCK_MANAGER_URL",
        "PENSTOCK_DATABASE",
        "PENSTOCK_DRIVER",
        "PENSTOCK_PORT",
        "PENSTOCK_HOST",
    ):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def somebody_listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free() -> str:
    with somebody_listening() as port:
        return str(port)


def test_a_port_of_somebody_else_is_told_in_one_sentence_with_its_hint(shell: Shell) -> None:
    with somebody_listening() as taken:
        done = shell("up", "--detach", "--port", free(), "--manager-port", str(taken))

    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{taken}" in done.err
    assert done.err.count("[") == 1
    assert "hint: Choose another --manager-port" in done.err


def test_a_gateways_port_that_is_taken_is_told_at_once(shell: Shell, tmp_path: Path) -> None:
    with somebody_listening() as taken:
        done = shell("up", "--detach", "--port", str(taken), "--manager-port", "0")

    assert f"The gateway cannot listen on 127.0.0.1:{taken}" in done.err
    assert "hint: Choose another --port" in done.err
    assert not (tmp_path / "state" / "manager.log").exists()


def test_manager_and_gateway_do_not_share_a_port(shell: Shell) -> None:
    done = shell("up", "--detach", "--port", "8123", "--manager-port", "8123")

    assert "--port and --manager-port are both 8123. [CONFIGURATION]" in done.err


@pytest.mark.parametrize("command", [("up", "--detach"), ("build", "."), ("demo", "--once")])
def test_a_state_folder_that_cannot_be_is_told_in_one_sentence(
    shell: Shell, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    ports = ("--port", free(), "--manager-port", "0") if command[0] == "up" else ()

    done = shell(*command, *ports, "--home", tmp_path / "file" / "state")

    assert done.code == 1
    assert "[STATE_UNAVAILABLE]" in done.err
    assert "hint: Penstock needs to read and write it" in done.err


def test_what_a_manager_says_that_is_still_starting_ends_no_waiting() -> None:
    told = {STARTING, Problem.of(GatewayAwayError("It is being started again."))}

    assert all(Lack(problem.said, frozenset({problem.code})).passes for problem in told)


@pytest.mark.parametrize(
    ("missing", "stands", "hopeless"),
    [
        (Lack("No Docker.", frozenset({"DRIVER_UNAVAILABLE"})), 1.0, False),
        (Lack("No Docker.", frozenset({"DRIVER_UNAVAILABLE"})), 2.0, True),
        (Lack("Full. Not yet.", frozenset({"NOT_READY", "STORAGE_FULL"})), 2.0, True),
        (Lack("Not yet.", frozenset({"NOT_READY"})), 2.0, False),
        (None, 2.0, False),
    ],
    ids=["just told", "it stays", "more than that stays", "it is starting", "nothing told"],
)
def test_what_does_not_come_by_waiting_is_not_waited_for(
    missing: Lack | None, stands: float, *, hopeless: bool
) -> None:
    assert is_hopeless(missing, waited=stands + 1, stands=stands) is hopeless


@contextmanager
def up_already(home: Path, *options: str) -> Iterator[None]:
    """Have a manager run that was started so, as far as anybody can see."""
    home.mkdir()
    program = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, "manager", *options]
    with subprocess.Popen(command, stdin=-1, stdout=-1) as running:
        assert running.stdout is not None
        running.stdout.readline()
        said = {"address": "http://127.0.0.1:1", "token": "t", "pid": running.pid}
        (home / "manager.json").write_text(json.dumps(said))
        yield
        running.communicate()


@pytest.mark.parametrize(
    "same",
    [
        (),
        ("--port", "8081", "--driver", "docker"),
        ("--manager-port", "1"),
        ("--manager-port", "0"),
    ],
    ids=["nothing said", "said again", "its port", "any port"],
)
def test_what_is_up_is_not_started_again(
    shell: Shell, tmp_path: Path, same: tuple[str, ...]
) -> None:
    home = tmp_path / "state"
    with up_already(home, "--gateway-port", "8081", "--driver=docker"):
        done = shell("up", "--detach", *same)

    assert (done.code, "Penstock is up already" in done.text) == (0, True)
    assert not (home / "manager.log").exists()


def test_options_that_differ_from_what_runs_are_all_told(shell: Shell, tmp_path: Path) -> None:
    given = ("--port", "19999", "--driver", "docker", "--manager-port", "2", "--host", "127.0.0.1")
    with up_already(tmp_path / "state", "--gateway-port", "8081"):
        done = shell("up", "--detach", *given)

    assert done.code == 1
    told = "--port is 8081, not 19999; --manager-port is 1, not 2; --driver is process, not docker."
    assert told in done.err
    assert "hint: `penstock down` ends it" in done.err


def test_a_variable_that_differs_from_what_runs_is_told(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up_already(tmp_path / "state", "--gateway-port", "8081"):
        monkeypatch.setenv("PENSTOCK_PORT", "19999")
        done = shell("up", "--detach")

    assert (done.code, "--port is 8081, not 19999." in done.err) == (1, True)


def test_a_driver_that_does_not_exist_is_refused_first(shell: Shell, tmp_path: Path) -> None:
    with up_already(tmp_path / "state"):
        done = shell("up", "--detach", "--driver", "dokcer")

    assert "There is no driver 'dokcer'" in done.err
    assert "hint: Did you mean 'docker'?" in done.err


@pytest.mark.parametrize("command", ["up", "manager"])
def test_every_driver_is_named_in_the_help(shell: Shell, command: str) -> None:
    told = shell(command, "--help").text

    assert all(name in told for name in DRIVERS)


def test_the_log_of_before_is_put_aside_when_it_is_long(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE", "nowhere")
    log = tmp_path / "state" / "manager.log"
    log.parent.mkdir()
    log.write_bytes(b"of before\n" * (LOG_BYTES // 10 + 1))

    done = shell("up", "--detach", "--manager-port", "0", "--port", free())

    assert "The manager did not start" in done.err
    assert log.with_name("manager.log.1").stat().st_size > LOG_BYTES
    assert b"of before" not in log.read_bytes()


def test_down_where_nothing_runs_says_so(shell: Shell) -> None:
    assert "Nothing runs." in shell("down").text
