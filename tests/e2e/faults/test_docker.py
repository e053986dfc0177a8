"""The same on containers: a switch, another size, a container that is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.docker_engine import Engine, NoEngineError, find_engine
from e2e.faults.test_changes import watched
from support.crowd import Crowd, asking
from support.stack import Stack, serving

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        with find_engine() as found:
            yield found
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Stack]:
    host = {n: engine.environment[n] for n in ("DOCKER_HOST",) if n in engine.environment}
    with serving(tmp_path_factory.mktemp("stack"), nodes=2, driver="docker", **host) as made:
        yield made


def test_a_switch_of_containers_loses_no_request(shop: Stack) -> None:
    shop.change("another version, in containers")
    before = shop.rollout.live

    told = watched(shop, ("deploy", str(shop.project), "--bake", "0"))

    assert told.failed == 0, told.told
    assert told.asked > 100
    assert shop.rollout.live is not before


def test_scaling_containers_loses_no_request(shop: Stack) -> None:
    told = watched(shop, ("scale", "--nodes", "3"), ("scale", "--nodes", "2"))

    assert told.failed == 0, told.told


def test_a_container_that_is_killed_is_replaced(shop: Stack, engine: Engine) -> None:
    live = shop.rollout.live
    doomed = next(n for n in shop.nodes() if n.colour == live and n.phase == "ready")
    crowd = Crowd(shop.port, shop.question(), callers=4)

    with asking(crowd):
        name = engine.docker("ps", "--quiet", "--filter", f"label=penstock.node={doomed.id}")
        engine.docker("kill", name)
        shop.wait(
            lambda: (
                len([n for n in shop.nodes() if n.colour == live and n.phase == "ready"]) == 2
                and doomed.id not in [n.id for n in shop.nodes()]
            ),
            90,
        )

    # What the container had begun to answer cannot be asked again: four callers, one each.
    assert crowd.tally.failed <= 4, crowd.tally.told
