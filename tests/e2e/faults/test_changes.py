"""What is changed while callers ask: none of them may notice."""

from __future__ import annotations

import pytest

from support.crowd import Crowd, Tally, asking
from support.stack import Stack

pytestmark = pytest.mark.timeout(300)


def watched(shop: Stack, *commands: tuple[str, ...]) -> Tally:
    """Type commands while a crowd asks, some of it slowly; return what it was told."""
    quick = Crowd(shop.port, shop.question(), callers=8)
    slow = Crowd(shop.port, shop.slow_question(), callers=2, tally=quick.tally)
    with asking(quick, slow):
        for command in commands:
            shop.run(*command)
    return quick.tally


def test_a_switch_loses_no_request(shop: Stack) -> None:
    shop.change("another version")
    before = shop.rollout.live

    told = watched(shop, ("deploy", str(shop.project), "--bake", "0"))

    assert told.failed == 0, told.told
    assert told.asked > 200
    assert shop.rollout.live is not before


def test_going_back_while_warm_loses_no_request(shop: Stack) -> None:
    shop.change("a version to go back from")
    shop.deploy()
    before = shop.rollout.live

    told = watched(shop, ("rollback", "--reason", "a test"))

    assert told.failed == 0, told.told
    assert shop.rollout.live is not before


def test_scaling_up_and_down_loses_no_request(shop: Stack) -> None:
    told = watched(shop, ("scale", "--nodes", "4"), ("scale", "--nodes", "1"))

    assert told.failed == 0, told.told
    assert len(shop.nodes()) <= 2  # the one that serves, and that of the idle colour


def test_resizing_every_node_loses_no_request(shop: Stack) -> None:
    shop.run("scale", "--nodes", "2")

    told = watched(shop, ("scale", "--units", "2"))

    assert told.failed == 0, told.told
    assert {node.units for node in shop.nodes() if node.phase == "ready"} == {2}


def test_going_back_after_the_warm_colour_is_gone_deploys_the_artifact_again(shop: Stack) -> None:
    shop.change("a version that nobody wants for long")
    shop.deploy("--keep-for", "0")
    shop.wait(lambda: shop.rollout.warm_until is None and len(shop.nodes()) == 2)
    served = {node.artifact for node in shop.nodes()}

    told = watched(shop, ("rollback",))

    assert told.failed == 0, told.told
    live = shop.rollout.live
    assert {n.artifact for n in shop.nodes() if n.colour == live} != served


def test_stopping_answers_503_and_starting_serves_again(shop: Stack) -> None:
    shop.run("stop", "--yes", "--keep-size")
    stopped = shop.ask()

    shop.run("start")

    assert stopped.status_code == 503
    assert stopped.headers["content-type"] == "application/problem+json"
    assert int(stopped.headers["retry-after"]) > 0
    assert shop.ask().status_code == 200
