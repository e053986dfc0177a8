"""A manager as a process of its own, with a desk that deploys in memory."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import penstock

PROGRAM = """
import contextlib, os, pathlib, sys
from manager.memory_desk import MemoryDesk
from penstock.errors import PenstockError
from penstock.manager.listening import Binding
from penstock.manager.server import run_manager

@contextlib.contextmanager
def open_desk(database, vault, contents):
    yield MemoryDesk(database)

try:
    home, binding = pathlib.Path(sys.argv[1]), Binding("127.0.0.1", int(sys.argv[2]))
    run_manager(home, binding, open_desk, os.environ, print)
except PenstockError as error:
    sys.exit(f"{error.code}: {error.detail}")
"""
PATHS = (Path(__file__).parents[1], Path(penstock.__file__).parents[1])


def start(home: Path, port: int = 0) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )


def running(home: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    """Wait until a manager has written where it is."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        try:
            found = json.loads((home / "manager.json").read_text())
        except FileNotFoundError:
            time.sleep(0.02)
            continue
        if found["pid"] == process.pid:
            return {name: str(value) for name, value in found.items()}
    raise AssertionError("the manager did not start")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def process(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start(home)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def asking(address: str, transport: httpx.HTTPTransport | None = None) -> Iterator[httpx.Client]:
    """Give a client once the manager answers."""
    until = time.monotonic() + 60
    with httpx.Client(base_url=address, transport=transport, timeout=30) as client:
        while True:
            try:
                client.get("/livez").raise_for_status()
            except httpx.TransportError:
                assert time.monotonic() < until
                time.sleep(0.02)
            else:
                break
        yield client


def test_a_manager_listens_on_a_port_and_a_socket_and_stops_cleanly(
    home: Path, process: subprocess.Popen[bytes]
) -> None:
    found = running(home, process)
    headers = {"authorization": f"Bearer {found['token']}"}
    with asking(found["address"]) as client:
        assert client.get("/api/v1/me", headers=headers).json()["kind"] == "local"
        assert client.get("/api/v1/me").status_code == 401
    transport = httpx.HTTPTransport(uds=found["socket"])
    with asking("http://manager", transport) as local:
        assert local.get("/metrics").status_code == 200
        assert local.get("/node/v1/snapshot").status_code == 401
    private = [home / "manager.json", home / "master.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    # Containers of other users reach the socket where it is mounted; here the folder keeps it.
    assert stat.S_IMODE(home.stat().st_mode) == 0o700

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) in {0, -signal.SIGTERM}
    assert not (home / "manager.json").exists()
    assert not Path(found["socket"]).exists()


def test_whoever_follows_something_does_not_hold_up_the_end(
    home: Path, process: subprocess.Popen[bytes]
) -> None:
    found = running(home, process)
    headers = {"authorization": f"Bearer {found['token']}"}
    with asking(found["address"]) as client:
        project = client.post("/api/v1/projects", json={"name": "shop"}, headers=headers).json()
        path = f"/api/v1/projects/{project['id']}/apis"
        api = client.post(path, json={"name": "sales"}, headers=headers).json()
        place = f"/api/v1/apis/{api['id']}/environments/production"
        with client.stream("GET", f"{place}/events", headers=headers) as stream:
            process.send_signal(signal.SIGTERM)
            said = stream.read().decode()

    assert said == "event: end\ndata: {}\n\n"
    assert process.wait(30) in {0, -signal.SIGTERM}


def test_a_second_manager_of_a_folder_is_told_so(
    home: Path, process: subprocess.Popen[bytes]
) -> None:
    found = running(home, process)
    second = start(home)

    said = second.communicate(timeout=60)[1].decode()

    assert second.returncode == 1
    assert said.startswith("CONFLICT: A manager runs with the state in")
    with asking(found["address"]) as client:
        assert client.get("/livez").status_code == 200


def test_a_manager_that_was_killed_leaves_nothing_in_the_way(
    home: Path, process: subprocess.Popen[bytes]
) -> None:
    before = running(home, process)
    process.kill()
    process.wait()

    again = start(home)
    try:
        found = running(home, again)
        with asking(found["address"]) as client:
            old = {"authorization": f"Bearer {before['token']}"}
            assert client.get("/api/v1/me", headers=old).status_code == 401
    finally:
        again.kill()
        again.communicate()


def test_a_port_that_is_taken_is_told(home: Path, process: subprocess.Popen[bytes]) -> None:
    port = int(running(home, process)["address"].rpartition(":")[2])

    other = start(home.parent / "other", port)

    assert "CONFIGURATION: The manager cannot listen on" in other.communicate()[1].decode()


def test_it_starts_without_what_it_does_not_need() -> None:
    heavy = ("alembic", "duckdb", "pyarrow", "sqlglot", "pydantic", "docker", "psycopg")
    program = (
        "import sys, penstock.manager.server;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(PATHS[1])}

    said = subprocess.check_output([sys.executable, "-c", program], env=environment)

    assert said.decode().strip() == "[]"
