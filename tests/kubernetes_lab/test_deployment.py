"""A manager and its gateway on this machine, and nodes in the cluster: deploy, switch, go back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from kubernetes_lab.benches import Pods
from kubernetes_lab.lab import Lab
from kubernetes_lab.programs import free_port
from support.crowd import Crowd, asking
from support.stack import Stack, write_project


@pytest.fixture
def shop(lab: Lab, pods: Pods, tmp_path: Path) -> Iterator[Stack]:
    with manager(lab, pods, tmp_path) as made:
        made.deploy("--nodes", "2")
        made.make_key()
        made.wait(lambda: made.ask().status_code == httpx.codes.OK)
        yield made


@contextmanager
def manager(lab: Lab, pods: Pods, folder: Path) -> Iterator[Stack]:
    """One that pods reach: by the address of this machine that they know."""
    host = str(urlsplit(lab.address).hostname)
    port = free_port(host)
    environment = {
        **pods.settings,
        "PENSTOCK_MANAGER_HOST": host,
        "PENSTOCK_MANAGER_FOR_NODES": f"http://{host}:{port}",
    }
    project = write_project(folder / "shop")
    made = Stack(folder / "home", project, free_port("127.0.0.1"), port, "kubernetes", environment)
    try:
        made.up()
        yield made
    finally:
        made.run("down", check=False)


@pytest.mark.timeout(900)
def test_a_switch_and_going_back_lose_no_request(shop: Stack, pods: Pods) -> None:
    crowd = Crowd(shop.port, shop.question(0.005))
    before = names(pods)
    with asking(crowd):
        shop.change("another version")
        shop.deploy("--nodes", "2")
        after = names(pods)
        shop.run("rollback", "--reason", "a test")
        shop.run("scale", "--nodes", "3")

    print(f"{crowd.tally.asked} asked, the longest {crowd.tally.longest:.2f} s")  # noqa: T201 - a figure

    assert crowd.tally.failed == 0, crowd.tally.told
    assert crowd.tally.asked > 200
    assert (len(before), len(after)) == (2, 4)
    assert before < after


def names(pods: Pods) -> set[str]:
    found = pods.core.list_namespaced_pod(pods.namespace).items
    return {str(pod.metadata.name) for pod in found if pod.metadata}
