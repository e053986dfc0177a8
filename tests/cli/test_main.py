from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Shell
from node.running import environment, penstock
from penstock.version import VERSION
from project.folders import ROOT

COMMANDS = ("check", "serve", "query", "demo", "keys")
KEYS = ("create", "list", "rotate", "revoke")


def test_every_command_is_listed(shell: Shell) -> None:
    told = shell("--help").text

    assert [name for name in COMMANDS if re.search(rf"^│ {name} ", told, re.MULTILINE)] == [
        *COMMANDS
    ]


@pytest.mark.parametrize(
    "command", [*((name,) for name in COMMANDS), *(("keys", name) for name in KEYS)], ids=" ".join
)
def test_the_help_of_each_command_shows_an_example(shell: Shell, command: tuple[str, ...]) -> None:
    done = shell(*command, "--help")

    assert done.code == 0
    told = " ".join(done.text.split())
    assert told.count(f"penstock {' '.join(command)} ") >= 2  # the usage, and an example


def test_the_version_is_told(shell: Shell) -> None:
    assert shell("--version").text == f"penstock {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["qery"], "No such command 'qery'"),
        (["keys", "create"], "Missing argument"),
        (["query", ".", "{}", "--format", "xls"], "'xls' is not one of"),
        (["serve", "--port", "70000"], "65535"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_cannot_be_read_says_what_and_where_the_help_is(
    shell: Shell, arguments: list[str], said: str
) -> None:
    done = shell(*arguments)

    assert (done.code, done.out) == (2, b"")
    assert said in done.err
    assert "--help" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["serve", "query", "demo"])
def test_a_folder_that_is_no_project_is_an_error_of_every_command(
    shell: Shell, tmp_path: Path, command: str
) -> None:
    done = shell(command, tmp_path, *(["{}"] if command == "query" else []))

    assert (done.code, done.out) == (1, b"")
    assert "[NO_PROJECT]" in done.err
    assert "hint: " in done.err


def test_colours_are_for_terminals_that_want_them(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in shell("query", ROOT, "{").err

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shell("query", ROOT, "{").err


def test_who_closes_the_pipe_early_sees_no_trace(tmp_path: Path) -> None:
    listing = '{"data": {"fields": {"distance": ["select"], "dest": ["select"]}, "limit": null}}'
    program = subprocess.Popen(
        penstock("query", ROOT, listing, "--format", "csv"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.readline() == b"distance,dest,dest_label\n"
    program.stdout.close()

    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait(60) == 1


def test_the_program_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "query", "nowhere", "{}"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: penstock.yaml:1:1: There is no folder nowhere.")
