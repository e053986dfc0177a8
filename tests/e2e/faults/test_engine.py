"""The container engine is killed, and stopped, under nodes that serve; then it is back.

An engine with `live-restore` leaves containers alone when it ends: no caller notices. Without it
containers end with their engine, and the manager starts nodes again as soon as there is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from e2e.docker_engine import NoEngineError
from e2e.faults.test_manager import kill_manager
from e2e.own_engine import OwnEngine, own_engine
from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from support.crowd import Crowd, asking
from support.deploying import deploying, reaches
from support.stack import Stack, serving
from support.told import counted

pytestmark = pytest.mark.timeout(400)

AWAY = 8.0  # seconds: more than a manager takes to notice anything


def an_engine(*, live_restore: bool) -> pytest.MarkDecorator:
    name = "live-restore" if live_restore else "plain"
    return pytest.mark.parametrize("engine", [live_restore], ids=[name], indirect=True)


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[OwnEngine]:
    folder = tmp_path_factory.mktemp("engine") / "docker"
    try:
        with own_engine(folder, live_restore=request.param) as made:
            yield made
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, engine: OwnEngine) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with serving(folder, nodes=2, driver="docker", DOCKER_HOST=engine.address) as made:
        yield made


def serving_nodes(shop: Stack) -> set[str]:
    live = shop.rollout.live
    return {node.id for node in shop.nodes() if node.colour == live and node.phase == "ready"}


def away(shop: Stack, crowd: Crowd) -> None:
    """Let some time go by, and many requests."""
    until, enough = time.monotonic() + AWAY, crowd.tally.asked + 200
    shop.wait(lambda: time.monotonic() > until and crowd.tally.asked > enough)


@an_engine(live_restore=True)
@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_while_the_engine_is_away_nodes_serve_and_the_manager_leaves_them_alone(
    shop: Stack, engine: OwnEngine, how: str
) -> None:
    before, crowd = serving_nodes(shop), Crowd(shop.port, shop.question(0.005), callers=4)

    with asking(crowd):
        shop.wait(lambda: crowd.tally.asked > 50)
        engine.kill() if how == "killed" else engine.stop()
        away(shop, crowd)
        during, told = serving_nodes(shop), shop.run("status").stdout
        refused = shop.run("logs", "--node", next(iter(before)), check=False)
        engine.start()
        shop.wait(lambda: not shop.status().alerts, 30)
        away(shop, crowd)

    assert crowd.tally.failed == 0, crowd.tally.told
    assert before == during == serving_nodes(shop)
    assert "No Docker engine answers" in told
    assert refused.returncode == 1
    assert "DRIVER_UNAVAILABLE" in refused.stderr
    assert "hint: Start Docker" in refused.stderr


@an_engine(live_restore=True)
@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.BAKING])
def test_a_deployment_waits_for_an_engine_that_is_away(
    shop: Stack, engine: OwnEngine, phase: Phase
) -> None:
    api, before = Place(shop.status().api), shop.rollout.live
    shop.change(f"the engine is killed while {phase.value}")
    crowd = Crowd(shop.port, shop.question(0.005), callers=4)

    with asking(crowd), deploying(shop, "--bake", "3", "--wait", "done") as command:
        came = reaches(shop, api, phase)
        engine.kill()
        away(shop, crowd)
        engine.start()
        said, _ = command.communicate(timeout=150)

    assert came, "the state went by too quickly"
    assert crowd.tally.failed == 0, crowd.tally.told
    assert command.returncode == 0, said
    assert shop.rollout.live is not before


@an_engine(live_restore=False)
def test_when_containers_end_with_their_engine_they_are_started_again_once_it_is_back(
    shop: Stack, engine: OwnEngine
) -> None:
    before = serving_nodes(shop)

    engine.stop()
    shop.wait(lambda: bool(shop.status().alerts), 30)
    refused, known = shop.ask(), serving_nodes(shop)
    engine.start()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 60)
    shop.wait(lambda: len(serving_nodes(shop)) == len(before), 60)

    assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert known == before, "nobody knows yet what became of them"
    assert not serving_nodes(shop) & before
    assert shop.rollout.change is None


@an_engine(live_restore=True)
def test_what_killed_containers_had_counted_without_a_manager_is_told_later(
    shop: Stack, engine: OwnEngine
) -> None:
    before, key = serving_nodes(shop), shop.make_key()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 10)
    crowd = Crowd(shop.port, shop.question(), callers=4, most=400)
    kill_manager(shop)

    with asking(crowd):
        shop.wait(lambda: crowd.tally.asked >= 400)
    names = [f"label=penstock.node={node}" for node in before]
    doomed = [engine.docker("ps", "--quiet", "--filter", name) for name in names]
    engine.docker("kill", *doomed)
    shop.up()
    shop.wait(lambda: len(serving_nodes(shop) - before) == len(before), 90)
    asked = crowd.tally.asked + 1
    shop.wait(lambda: counted(shop, key) >= asked, 60)

    assert crowd.tally.failed == 0, crowd.tally.told
    assert counted(shop, key) == asked
    assert engine.docker("volume", "ls", "--quiet").count("\n") < len(shop.nodes())
    shop.wait(lambda: not list((shop.home / "left").iterdir()), 20)
