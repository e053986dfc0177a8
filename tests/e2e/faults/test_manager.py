"""The manager is killed in every state of a deployment; nodes and gateway go on, and so does it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from penstock.store.database import open_database
from penstock.store.rollouts import RolloutRepository
from support.crowd import Crowd, asking
from support.stack import Stack

pytestmark = pytest.mark.timeout(400)


def kill_manager(shop: Stack) -> None:
    process = psutil.Process(shop.manager_pid)
    os.kill(process.pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(10)


def phase_written(shop: Stack, place: Place) -> Phase | None:
    """Return the phase that is written down, asking nobody."""
    with open_database(shop.home) as database:
        stored = RolloutRepository(database).load(place)
    if stored is None:
        return None
    for phase in Phase:
        if f'"phase":"{phase.value}"'.encode() in stored.document.partition(b'"change":')[2]:
            return phase
    return None


@contextlib.contextmanager
def deploying(shop: Stack, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Have a deployment asked for beside us; its command waits for it through everything."""
    command = [sys.executable, "-m", "penstock", "deploy", str(shop.project), *options]
    environment = {**os.environ, "PENSTOCK_HOME": str(shop.home), "NO_COLOR": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "phase", [Phase.BUILDING, Phase.STARTING, Phase.VERIFYING, Phase.PROMOTING, Phase.BAKING]
)
def test_killed_in_any_state_it_ends_the_deployment_once_it_is_back(
    shop: Stack, phase: Phase
) -> None:
    """No request fails meanwhile: nothing that serves depends on a manager."""
    place = Place(shop.status().api)
    before = shop.rollout.live
    shop.change(f"killed while {phase.value}")
    crowd = Crowd(shop.port, shop.question(), callers=4)

    with asking(crowd), deploying(shop, "--bake", "2", "--wait", "done") as command:
        killed = _kill_when(shop, place, phase)
        shop.up()
        shop.wait(lambda: shop.rollout.change is None, 90)
        said, _ = command.communicate(timeout=60)

    assert killed, "the state went by too quickly to be killed in"
    assert crowd.tally.failed == 0, crowd.tally.told
    assert shop.rollout.live is not before, said
    assert command.returncode == 0, said


def _kill_when(shop: Stack, place: Place, phase: Phase) -> bool:
    """Kill the manager as soon as a state is written down, or one after it."""
    wanted = list(Phase)[list(Phase).index(phase) : list(Phase).index(Phase.DONE)]
    stop = threading.Event()
    threading.Timer(60, stop.set).start()
    while not stop.is_set():
        if phase_written(shop, place) in wanted:
            kill_manager(shop)
            return True
    return False


def test_without_a_manager_nodes_serve_and_count_and_tell_it_later(shop: Stack) -> None:
    kill_manager(shop)
    crowd = Crowd(shop.port, shop.question(), callers=4, most=400)

    with asking(crowd):
        shop.wait(lambda: crowd.tally.asked >= 400)
    shop.up()

    assert crowd.tally.failed == 0
    shop.wait(lambda: _counted(shop) >= crowd.tally.asked, 30)


def _counted(shop: Stack) -> int:
    with open_database(shop.home) as database, database.reading() as session:
        found = session.connection().exec_driver_sql("SELECT COUNT(*) FROM usage_events").scalar()
    return int(found or 0)


def test_of_two_deployments_at_once_one_goes_on_and_the_other_is_told(shop: Stack) -> None:
    shop.change("one of two")
    with deploying(shop, "--bake", "0") as one:
        shop.wait(lambda: shop.rollout.change is not None, 60)
        other = shop.deploy(check=False)
        said, _ = one.communicate(timeout=120)

    assert one.returncode == 0, said
    assert other.returncode == 1
    assert "DEPLOYMENT_RUNNING" in other.stderr
    assert "penstock abort" in other.stderr or "Wait" in other.stderr


def test_a_second_manager_of_the_same_state_is_refused_by_name(shop: Stack) -> None:
    second = shop.run("manager", "--port", "0", check=False)

    assert second.returncode == 1
    assert "runs" in second.stderr


def test_a_damaged_state_file_is_said_and_nodes_serve_on(fresh: Stack) -> None:
    kill_manager(fresh)
    state = fresh.home / "penstock.db"
    whole = state.read_bytes()
    for beside in ("penstock.db-wal", "penstock.db-shm"):
        (fresh.home / beside).unlink(missing_ok=True)
    state.write_bytes(whole[: len(whole) // 2])

    refused = fresh.run("up", "--detach", check=False)
    served = fresh.ask()
    state.write_bytes(whole)  # else nobody could end what runs

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert served.status_code == 200
