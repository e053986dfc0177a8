"""Nodes that die, freeze, or are slow to leave."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from support.crowd import Crowd, asking
from support.stack import Stack

pytestmark = pytest.mark.timeout(300)


def pid_of(stack: Stack, node: str) -> int:
    """Return the process of a node, found as an operator would: by its name in its environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("PENSTOCK_NODE") == node:
                parent = process.parent()
                if parent is None or parent.environ().get("PENSTOCK_NODE") != node:
                    return process.pid
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    raise AssertionError(f"{node} has no process; {stack.home}")


def live_nodes(stack: Stack) -> list[str]:
    live = stack.rollout.live
    return [node.id for node in stack.nodes() if node.colour == live and node.phase == "ready"]


def test_a_killed_node_costs_at_most_what_it_was_answering_and_is_replaced(shop: Stack) -> None:
    crowd = Crowd(shop.port, shop.question(), callers=8)
    before = live_nodes(shop)

    with asking(crowd):
        os.kill(pid_of(shop, before[0]), signal.SIGKILL)
        shop.wait(lambda: len(live_nodes(shop)) == 2 and before[0] not in live_nodes(shop))

    # A request that the node had begun to answer cannot be asked again: eight callers, one each.
    assert crowd.tally.failed <= 8, crowd.tally.told
    assert crowd.tally.asked > 100


def test_a_frozen_node_holds_up_only_what_it_was_answering(shop: Stack) -> None:
    crowd = Crowd(shop.port, shop.question(), callers=8)
    frozen = live_nodes(shop)[0]
    pid = pid_of(shop, frozen)

    os.kill(pid, signal.SIGSTOP)
    try:
        with asking(crowd):
            shop.wait(lambda: crowd.tally.told["200"] > 300, 60)
    finally:
        os.kill(pid, signal.SIGCONT)

    # The gateway finds it out within seconds; until then each caller may get stuck once.
    assert crowd.tally.failed <= 16, crowd.tally.told
    shop.wait(lambda: shop.ask().status_code == 200)


def test_a_request_longer_than_the_drain_is_cut_and_that_is_said(shop: Stack) -> None:
    shop.run("scale", "--nodes", "2")
    # Seconds each, one after the other: whenever the switch comes, some are being answered.
    slow = Crowd(shop.port, shop.slow_question(times=200), callers=2)

    with asking(slow):
        shop.wait(lambda: any((node.requests or 0) > 0 for node in shop.nodes()), 20)
        shop.change("a version that does not wait long for the one before")
        shop.deploy("--drain", "0.5", "--grace", "0.5", "--keep-for", "0")
        shop.wait(lambda: slow.tally.failed > 0, 60)

    journal = shop.run("history", "--journal").stdout
    assert 1 <= slow.tally.failed <= slow.callers, slow.tally.told
    assert "cut" in journal
