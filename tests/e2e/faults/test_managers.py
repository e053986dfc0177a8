"""Two managers on one PostgreSQL: one acts; when it is killed the other one goes on where it was.

Each has a state folder of its own. What is shared is what docs/operations.md says: the database,
the master key, the folders of files, and, as nodes are processes here, those of the nodes and of
the gateway; nodes find whichever manager is there by one address.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from penstock.control.controller import LEASE, LEASE_SECONDS
from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from penstock.store.database import open_state
from penstock.store.leases import LeaseRepository
from support.clock import Clock, NoCompilerError, make_clock
from support.crowd import Crowd, asking
from support.deploying import deploying, reaches
from support.forwarder import forwarding
from support.postgres_server import find_programs, run_postgres
from support.stack import Stack, free_port, place, running
from support.told import counted

pytestmark = pytest.mark.timeout(300)

SHARED = ("artifacts", "contents", "gateway", "images", "left", "nodes")
NOTICED = LEASE_SECONDS + 3.0  # seconds in which another one acts: a look, and a slow machine
HOUR = 3600


@dataclasses.dataclass(frozen=True)
class Pair:
    one: Stack
    two: Stack

    def acting(self) -> Stack | None:
        """Return the one that holds the lease."""
        with open_state(self.one.home, self.one.environment) as database:
            found = LeaseRepository(database).find(LEASE)
        holders = {f"{socket.gethostname()}:{each.home}": each for each in (self.one, self.two)}
        return None if found is None else holders.get(found.holder)

    def idle(self) -> Stack:
        return self.two if self.acting() is self.one else self.one


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock | None]:
    try:
        with make_clock(tmp_path_factory.mktemp("clock") / "clock") as made:
            yield made
    except NoCompilerError:
        yield None


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, clock: Clock | None) -> Iterator[Pair]:
    if find_programs() is None:
        pytest.skip("there is no PostgreSQL here")
    folder = tmp_path_factory.mktemp("stack")
    one = place(folder)
    two = dataclasses.replace(one, home=folder / "other", manager_port=free_port())
    if clock is not None:
        one.program = str(clock.program)
    link(one.home, two.home)
    with run_postgres() as server, forwarding((one.manager_port, two.manager_port)) as port:
        one.environment = two.environment = {
            "PENSTOCK_DATABASE": server.url,
            "PENSTOCK_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
            "PENSTOCK_MANAGER_FOR_NODES": f"http://127.0.0.1:{port}",
        }
        with running(one), ended(two):
            two.up()
            one.serve(nodes=2)
            two.key = one.key
            yield Pair(one, two)


def link(one: Path, two: Path) -> None:
    for home in (one, two):
        home.mkdir(mode=0o700)
    for name in SHARED:
        (one / name).mkdir(mode=0o700)
        (two / name).symlink_to(one / name)


@contextlib.contextmanager
def ended(other: Stack) -> Iterator[None]:
    """End a manager afterwards; nodes and gateway are the first one's to end."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            process = psutil.Process(other.manager_pid)
            process.terminate()
            process.wait(30)


def kill(stack: Stack) -> None:
    process = psutil.Process(stack.manager_pid)
    os.kill(process.pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(10)


def taking_over(pair: Pair, other: Stack) -> float:
    """Wait until the other one acts; return how many seconds it took."""
    began = time.monotonic()
    other.wait(lambda: pair.acting() is other, 60)
    return time.monotonic() - began


def said_to_act(stack: Stack) -> int:
    return (stack.home / "manager.log").read_text().count('"Controlling","acts":true')


def test_one_of_two_managers_acts_whichever_is_asked(pair: Pair) -> None:
    acting, idle = pair.acting(), pair.idle()
    assert acting is not None
    before = acting.rollout.live
    idle.change("asked of the one that does not act")
    acted = said_to_act(idle)
    crowd = Crowd(idle.port, idle.question(), callers=4)

    with asking(crowd):
        idle.deploy()

    assert crowd.tally.failed == 0, crowd.tally.told
    assert acting.rollout.live is not before
    assert pair.acting() is acting
    assert said_to_act(idle) == acted
    assert len(list((pair.one.home / "nodes").iterdir())) == len(acting.nodes())


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.PROMOTING, Phase.BAKING])
def test_when_the_one_that_acts_is_killed_the_other_ends_its_deployment(
    pair: Pair, phase: Phase
) -> None:
    acting, idle = pair.acting(), pair.idle()
    assert acting is not None
    api, before, key = Place(idle.status().api), idle.rollout, idle.make_key()
    served = {node.id for node in before.nodes if node.colour is before.live}
    idle.wait(lambda: idle.ask().status_code == httpx.codes.OK, 10)
    idle.change(f"killed while {phase.value}")
    crowd = Crowd(idle.port, idle.question(), callers=4)

    with asking(crowd), deploying(idle, "--bake", "2", "--wait", "done") as command:
        came = reaches(idle, api, phase)
        kill(acting)
        took = taking_over(pair, idle)
        said, _ = command.communicate(timeout=120)
    kept = {node.id for node in idle.nodes()} & served
    asked = crowd.tally.asked + 1
    idle.wait(lambda: counted(idle, key) >= asked, 30)
    acting.up()

    assert came, "the state went by too quickly"
    assert took < NOTICED
    assert crowd.tally.failed == 0, crowd.tally.told
    assert command.returncode == 0, said
    assert idle.rollout.live is not before.live
    assert kept == served, "those that served are warm: nobody started them again"
    assert counted(idle, key) == asked
    assert pair.acting() is idle


def test_when_its_clock_was_ahead_its_lease_is_not_lost_with_it(
    pair: Pair, clock: Clock | None
) -> None:
    if clock is None:
        pytest.skip("there is no C compiler here")
    if pair.acting() is not pair.one:
        kill(pair.two)
        taking_over(pair, pair.one)
        pair.two.up()
    with open_state(pair.one.home, pair.one.environment) as database:
        leases = LeaseRepository(database)
        clock.jump(HOUR)
        ahead = time.time() + HOUR / 2
        pair.one.wait(lambda: (found := leases.find(LEASE)) is not None and found.expires > ahead)

    kill(pair.one)
    took = taking_over(pair, pair.two)
    clock.jump(-HOUR)
    pair.one.up()

    assert took < NOTICED
    assert pair.acting() is pair.two


def test_a_key_is_refused_in_time_whichever_manager_is_left(pair: Pair) -> None:
    acting, idle = pair.acting(), pair.idle()
    assert acting is not None
    kept, doomed = idle.key, idle.make_key()
    idle.wait(lambda: idle.ask().status_code == httpx.codes.OK, 10)
    kill(acting)

    idle.run("keys", "revoke", doomed.split("_")[2])
    began = time.monotonic()
    idle.wait(lambda: idle.ask().status_code == httpx.codes.UNAUTHORIZED, 20)
    took, idle.key = time.monotonic() - began, kept
    acting.up()

    assert took < 5
    assert idle.ask().status_code == httpx.codes.OK
