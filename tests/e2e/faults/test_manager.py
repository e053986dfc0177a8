"""The manager is killed in every state of a deployment; nodes and gateway go on, and so does it."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil
import pytest

from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from penstock.store.database import open_database
from support.crowd import Crowd, asking
from support.deploying import deploying, reaches
from support.stack import Stack

pytestmark = pytest.mark.timeout(400)


def kill_manager(shop: Stack) -> None:
    process = psutil.Process(shop.manager_pid)
    os.kill(process.pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(10)


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
        killed = reaches(shop, place, phase)
        kill_manager(shop)
        shop.up()
        shop.wait(lambda: shop.rollout.change is None, 90)
        said, _ = command.communicate(timeout=60)

    assert killed, "the state went by too quickly to be killed in"
    assert crowd.tally.failed == 0, crowd.tally.told
    assert shop.rollout.live is not before, said
    assert command.returncode == 0, said


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
