"""The disk of the state folder fills up: what serves goes on, and so does all else with room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from support.crowd import Crowd, asking
from support.deploying import deploying, reaches
from support.small_disk import Disk, NoDiskError, small_disk
from support.stack import Stack, place, running
from support.told import audit_is_whole, counted

pytestmark = pytest.mark.timeout(300)

MEGABYTES = 700


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    try:
        with small_disk(tmp_path_factory.mktemp("disk") / "home", MEGABYTES) as mounted:
            yield mounted
    except NoDiskError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, disk: Disk) -> Iterator[Stack]:
    made = replace(place(tmp_path_factory.mktemp("stack")), home=disk.folder)
    with running(made):
        made.serve(nodes=2)
        yield made


@pytest.mark.parametrize(
    "command",
    [
        ("deploy", "--bake", "0"),
        ("scale", "--nodes", "3"),
        ("variables", "set", "PLACE=north"),
        ("keys", "create", "for-nobody", "--role", "reader"),
        ("build",),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_command_for_which_there_is_no_room_says_so(
    shop: Stack, disk: Disk, command: tuple[str, ...]
) -> None:
    shop.change("more than there is room for")

    with disk.full():
        refused = shop.run(*command, check=False)

    assert refused.returncode == 1
    assert "STORAGE_FULL" in refused.stderr, refused.stderr
    assert "hint: " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_on_a_full_disk_nodes_serve_and_nothing_they_count_is_lost(shop: Stack, disk: Disk) -> None:
    kept, key = shop.key, shop.make_key()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 10)
    crowd = Crowd(shop.port, shop.question(0.02), callers=4)

    with asking(crowd):
        with disk.full():
            # Fewer than a node holds in memory: 10,000.
            shop.wait(lambda: crowd.tally.asked > 1000)
            disk.fill()
            shop.wait(lambda: crowd.tally.asked > 1500)
            told = shop.run("status", check=False)
        shop.wait(lambda: crowd.tally.asked > 1700)
    asked, shop.key = crowd.tally.asked + 1, kept
    shop.wait(lambda: counted(shop, key) >= asked, 30)

    assert crowd.tally.failed == 0, crowd.tally.told
    assert told.returncode == 0, told.stderr
    assert counted(shop, key) == asked
    assert audit_is_whole(shop)


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.STARTING, Phase.PROMOTING, Phase.BAKING])
def test_a_deployment_that_meets_a_full_disk_ends_once_there_is_room(
    shop: Stack, disk: Disk, phase: Phase
) -> None:
    """A build, or a start, may be given up for it; what is promoted is not."""
    api, key = Place(shop.status().api), shop.make_key()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 10)
    shop.change(f"the disk is full while {phase.value}")
    crowd = Crowd(shop.port, shop.question(0.02), callers=4)

    with asking(crowd), deploying(shop, "--bake", "3", "--wait", "done") as command:
        came = reaches(shop, api, phase)
        with disk.full():
            before = crowd.tally.asked
            shop.wait(lambda: crowd.tally.asked > before + 600)
        shop.wait(lambda: shop.rollout.change is None, 90)
        said, _ = command.communicate(timeout=60)
    asked, last = crowd.tally.asked + 1, shop.rollout.last
    shop.wait(lambda: counted(shop, key) >= asked, 30)
    shop.change("and the next one")
    shop.deploy()

    assert came, "the state went by too quickly"
    assert crowd.tally.failed == 0, crowd.tally.told
    assert last is not None
    assert last.phase is Phase.DONE or (last.phase is Phase.ABORTED and "room" in last.reason), said
    assert last.phase is Phase.DONE or phase in (Phase.BUILDING, Phase.STARTING), said
    assert counted(shop, key) == asked
    assert audit_is_whole(shop)
