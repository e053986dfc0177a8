from __future__ import annotations

import math

import pytest

from penstock.control.baking import Figures, judge, quantile
from penstock.deploy.rollout.types import Options

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
