from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from node.running import ROOT, environment, penstock


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_the_demo_answers_three_questions_and_says_how_to_go_on(tmp_path: Path, port: int) -> None:
    done = subprocess.run(
        penstock("demo", ROOT, "--once", "--port", str(port)),
        env=environment(tmp_path / "state"),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    told = done.stdout

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert f"http://127.0.0.1:{port}" in told
    assert told.count("┏") == 3
    for part in ("127,691,515", "8,263,740", "BOEING", 'SUM("flights"."distance")', "$1 = "):
        assert part in told
    (curl,) = re.findall(r"^curl .*$", told, re.MULTILINE)
    words = shlex.split(curl)
    assert words[2] == f"http://127.0.0.1:{port}/flights/flights/query.csv"
    assert json.loads(words[-1])["scale"] == {"fields": ["origin"]}
    assert f"http://127.0.0.1:{port}/flights/flights/docs" in told


def test_the_demo_serves_until_it_is_told_to_stop(tmp_path: Path, port: int) -> None:
    program = subprocess.Popen(
        penstock("demo", ROOT, "--port", str(port)),
        env=environment(tmp_path / "state"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    told = ""
    for line in program.stdout:
        told += line
        if "Ctrl-C" in line:
            break
    (curl,) = re.findall(r"^curl .*$", told, re.MULTILINE)
    answer = subprocess.run(shlex.split(curl), capture_output=True, check=True, timeout=30).stdout
    program.send_signal(signal.SIGINT)
    rest = program.stdout.read()
    program.stdout.close()

    assert answer.splitlines()[1].startswith(b"EWR,Newark Liberty Intl,127691515,15.1")
    assert program.wait(60) == 0
    assert "Traceback" not in told + rest
