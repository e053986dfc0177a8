"""The machine's clock is set, forward and back, under everything that runs: nothing depends on it.

Manager, gateway, nodes and commands see another time of day from one moment to the next, as where a
machine without a clock of its own, or with a wrong one, is told the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import msgspec
import pytest

from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from support.clock import Clock, NoCompilerError, make_clock
from support.crowd import Crowd, asking
from support.deploying import deploying, reaches
from support.stack import Stack, place, running
from support.told import counted

pytestmark = pytest.mark.timeout(300)

HOUR, DAY = 3600, 86_400
REVOKED_WITHIN = 5.0  # seconds: what is promised


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    try:
        with make_clock(tmp_path_factory.mktemp("clock") / "clock") as made:
            yield made
    except NoCompilerError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Stack]:
    made = place(tmp_path_factory.mktemp("stack"))
    made.program = str(clock.program)
    with running(made):
        made.serve(nodes=2)
        yield made


def test_every_part_sees_the_clock_that_is_set(shop: Stack, clock: Clock) -> None:
    """Else nothing below would show anything."""
    clock.jump(DAY)
    shop.ask()

    def seen() -> list[datetime]:
        node = parsedate_to_datetime(shop.ask().headers["date"])
        manager = parsedate_to_datetime(httpx.get(f"{shop.manager}/livez").headers["date"])
        lines = (shop.home / "gateway" / "access.log").read_text().splitlines()
        gateway = datetime.fromisoformat(msgspec.json.decode(lines[-1])["time"])
        return [node, manager, gateway]

    ahead = datetime.now(UTC) + timedelta(seconds=clock.offset - HOUR)
    shop.wait(lambda: min(seen()) > ahead, 20)
    clock.jump(-DAY)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.BAKING])
@pytest.mark.parametrize("seconds", [HOUR, -HOUR, -DAY])
def test_a_clock_that_is_set_while_deploying_changes_nothing(
    shop: Stack, clock: Clock, phase: Phase, seconds: int
) -> None:
    api, before = Place(shop.status().api), shop.rollout.live
    shop.change(f"the clock is set by {seconds} while {phase.value}")
    crowd = Crowd(shop.port, shop.question(), callers=4)

    with asking(crowd), deploying(shop, "--bake", "3", "--wait", "done") as command:
        came = reaches(shop, api, phase)
        clock.jump(seconds)
        said, _ = command.communicate(timeout=120)

    assert came, "the state went by too quickly"
    assert crowd.tally.failed == 0, crowd.tally.told
    assert command.returncode == 0, said
    assert shop.rollout.live is not before


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, -DAY])
def test_after_a_clock_was_set_a_key_is_revoked_in_time_and_usage_counts_once(
    shop: Stack, clock: Clock, seconds: int
) -> None:
    kept, doomed = shop.key, shop.make_key()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 10)
    already = counted(shop, doomed)
    shop.wait(lambda: counted(shop, doomed) >= 1, 20)
    crowd = Crowd(shop.port, shop.question(0.002), callers=4)

    with asking(crowd):
        shop.wait(lambda: crowd.tally.asked > 100)
        clock.jump(seconds)
        shop.wait(lambda: crowd.tally.asked > 400)
    asked = crowd.tally.asked + 1
    shop.wait(lambda: counted(shop, doomed) >= asked, 20)
    shop.run("keys", "revoke", doomed.split("_")[2])
    began = time.monotonic()
    shop.wait(lambda: shop.ask().status_code == httpx.codes.UNAUTHORIZED, 20)
    took, shop.key = time.monotonic() - began, kept

    assert already <= 1
    assert crowd.tally.failed == 0, crowd.tally.told
    assert counted(shop, doomed) == asked
    assert took < REVOKED_WITHIN
    assert shop.ask().status_code == httpx.codes.OK


def test_a_key_made_before_the_clock_is_set_back_expires_by_the_clock(
    shop: Stack, clock: Clock
) -> None:
    kept = shop.key
    said = shop.run("keys", "create", "short", "--role", "reader", "--expires", "1h")
    shop.key = said.stdout.split()[-1]
    shop.wait(lambda: shop.ask().status_code == httpx.codes.OK, 10)

    clock.jump(2 * HOUR)
    after = shop.ask().status_code
    clock.jump(-2 * HOUR)
    shop.key = kept

    assert after == httpx.codes.UNAUTHORIZED
