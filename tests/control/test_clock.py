"""A clock that jumps: only the monotonic one decides, and the lease stays with its holder."""

from __future__ import annotations

import pytest

from deploy.rollout.driving import release
from penstock.control.places import Places
from penstock.deploy.rollout.events import Deploy, NodeReady, Picked, Tick
from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from penstock.store.database import Database
from penstock.store.leases import LeaseRepository
from penstock.store.rollouts import RolloutRepository

SHOP = Place("api_shop")


class Wall:
    """A clock on the wall that somebody turns."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0, 1e9, -1e9])
def test_a_clock_that_jumps_ends_no_deployment(database: Database, jump: float) -> None:
    wall = Wall()
    leases = LeaseRepository(database)
    places = Places(RolloutRepository(database), wall=wall)
    places.lease = leases.acquire("controller", "one", 10, wall())
    places.ask(SHOP, Deploy(release("a")))
    state = places.tell(SHOP, Picked())

    wall.now += jump
    places.tell(SHOP, Tick())
    places.lease = leases.acquire("controller", "one", 10, wall())
    state = places.tell(SHOP, NodeReady(state.nodes[0].id))

    assert state.change is not None
    assert state.change.phase is Phase.VERIFYING
