from __future__ import annotations

import math
from pathlib import Path

import pytest

from control.standing import standing
from deploy.rollout.driving import Drive, release
from penstock.control.baking import Baking, Figures, judge, quantile
from penstock.deploy.rollout.types import Options
from penstock.deploy.types import Place

OPTIONS = Options(min_requests=100, error_rate=0.01, slowdown=3.0)


@pytest.mark.parametrize(
    ("new", "old", "good"),
    [
        (Figures(99, 99), None, None),
        (Figures(100, 1), None, True),
        (Figures(100, 2), None, False),
        (Figures(100, 11), Figures(1000, 100), True),
        (Figures(100, 12), Figures(1000, 100), False),
        (Figures(100, 0, 3.0), Figures(100, 0, 1.0), True),
        (Figures(100, 0, 3.5), Figures(100, 0, 1.0), False),
        (Figures(100, 0, 0.5), Figures(100, 0, 0.001), True),
        (Figures(99, 0, 9.0), Figures(100, 0, 0.001), None),
        (Figures(100, 0, 9.0), None, True),
        (Figures(0, 0), Figures(0, 0), None),
    ],
)
def test_a_colour_is_judged_beside_the_one_before(
    *, new: Figures, old: Figures | None, good: bool | None
) -> None:
    assert judge(new, old, OPTIONS).good is good


def test_what_is_wrong_is_said_with_its_figures() -> None:
    reason = judge(Figures(200, 20), Figures(1000, 10), OPTIONS).reason

    assert reason == "10.0% of 200 requests failed, 1.0% before"


def test_a_quantile_is_the_least_bound_that_holds_it() -> None:
    buckets = {0.1: 90.0, 0.5: 99.0, 1.0: 100.0, math.inf: 100.0}

    assert quantile(buckets, 0.9) == 0.1
    assert quantile(buckets, 0.99) == 0.5
    assert quantile({**buckets, math.inf: 1_000.0}, 0.99) == 1.0
    assert quantile({}, 0.99) is None


def test_the_figures_are_not_looked_at_each_time_that_somebody_looks(tmp_path: Path) -> None:
    drive, clock = Drive(), [100.0]
    drive.deploy("a", options=Options(bake=60))
    with standing(tmp_path / "state") as stand:
        world = stand.desk.world
        told: list[object] = []
        world.tasks.wake = lambda: told.append(None)
        baking = Baking(world, lambda _: None, monotonic=lambda: clock[0])

        for moment in (100.0, 100.1, 101.9, 102.0, 102.1):
            clock[0] = moment
            baking.act(Place("api_shop"), drive.state, drive.wanted.bake)
            while world.tasks.is_running(("bake", Place("api_shop"), release("a").deployment)):
                pass

        world.tasks.close()
    assert drive.wanted.bake is not None
    assert len(told) == 2
