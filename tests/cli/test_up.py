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
from penstock.deploy.drivers.find import DRIVERS
from penstock.deploy.drivers.process.launch import LOG_BYTES


@pytest.fixture(autouse=True)
def _of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PENSTOCK_MANAGER_URL", "PENSTOCK_DATABASE", "PENSTOCK_DRIVER", "PENSTOCK_PORT"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def somebody_listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_of_somebody_else_is_told_in_one_sentence_with_its_hint(shell: Shell) -> None:
    with somebody_listening() as taken:
        done = shell("up", "--detach", "--manager-port", str(taken))

    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{taken}" in done.err
    assert done.err.count("[") == 1
    assert "hint: Choose another --port" in done.err


def test_what_is_up_is_not_started_again(shell: Shell, tmp_path: Path) -> None:
    home = tmp_path / "state"
    home.mkdir()
    program = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "manager"], stdin=-1, stdout=-1
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        said = {"address": "http://127.0.0.1:1", "token": "t", "pid": running.pid}
        (home / "manager.json").write_text(json.dumps(said))

        done = shell("up", "--detach")

        running.communicate()
    assert (done.code, "Penstock is up already" in done.text) == (0, True)
    assert not (home / "manager.log").exists()


@pytest.mark.parametrize("command", ["up", "manager"])
def test_every_driver_is_named_in_the_help(shell: Shell, command: str) -> None:
    told = shell(command, "--help").text

    assert all(name in told for name in DRIVERS)


def test_the_log_of_before_is_put_aside_when_it_is_long(shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "state" / "manager.log"
    log.parent.mkdir()
    log.write_bytes(b"of before\n" * (LOG_BYTES // 10 + 1))
    with somebody_listening() as taken:
        done = shell("up", "--detach", "--manager-port", str(taken))

    assert "cannot listen" in done.err
    assert log.with_name("manager.log.1").stat().st_size > LOG_BYTES
    assert b"of before" not in log.read_bytes()


def test_down_where_nothing_runs_says_so(shell: Shell) -> None:
    assert "Nothing runs." in shell("down").text
