"""A manager that starts, and finds its nodes gone, or only some of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from control.standing import Standing, standing
from deploy.rollout.driving import release
from penstock.control.baking import Baking
from penstock.control.checks import Checks
from penstock.control.controller import Controller
from penstock.deploy.rollout.events import ChecksPassed, Deploy, NodeReady, Picked, Routed
from penstock.deploy.rollout.types import NodePhase, Options, Phase, Rollout
from penstock.deploy.types import Colour, NodeSpec, Place
from penstock.store.leases import LeaseRepository

SHOP = Place("api_shop")


@contextmanager
def controlling(stand: Standing) -> Iterator[None]:
    desk = stand.desk
    address = desk.fleet.address
    controller = Controller(
        world=desk.world,
        fleet=desk.fleet,
        routing=desk.routing,
        checks=Checks(desk.world, address),
        baking=Baking(desk.world, address),
        builder=desk.builder,
        history=desk.history,
        leases=LeaseRepository(stand.database),
        holder="test",
    )
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def bake(stand: Standing) -> Rollout:
    """Have two nodes serve that bake for a minute."""
    wanted = release("new", nodes=2, options=Options(bake=60))
    stand.places.ask(SHOP, Deploy(wanted))
    stand.driver.images.add(wanted.artifact or "")
    for node in stand.places.tell(SHOP, Picked()).nodes:
        stand.driver.start(
            NodeSpec(
                id=node.id,
                place=SHOP,
                deployment=node.deployment,
                colour=node.colour,
                artifact=node.artifact,
            )
        )
        stand.places.tell(SHOP, NodeReady(node.id))
    return stand.places.tell(SHOP, ChecksPassed(Colour.BLUE), Routed(Colour.BLUE))


def until(found: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not found():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path / "state") as found:
        yield found


def test_nodes_that_all_ended_meanwhile_are_started_anew_and_no_fault_is_counted(
    stand: Standing,
) -> None:
    before = {node.id for node in bake(stand).nodes}
    stand.driver.nodes.clear()

    with controlling(stand):
        until(lambda: len(stand.driver.nodes) == 2)

    state = stand.places.state(SHOP)
    up = state.of(Colour.BLUE, NodePhase.STARTING)
    assert state.change is not None
    assert state.change.phase is Phase.BAKING
    assert [node.attempt for node in up] == [1, 1]
    assert not before & {node.id for node in up}


def test_one_node_that_ended_while_others_run_counts(stand: Standing) -> None:
    state = bake(stand)
    gone = state.nodes[0].id
    del stand.driver.nodes[gone]

    with controlling(stand):
        until(lambda: any(node.attempt == 2 for node in stand.places.state(SHOP).nodes))

    assert stand.places.state(SHOP).nodes[-1].attempt == 2
