"""How a new colour answers, beside the old one: its share of failures, and its slowest answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from penstock.control.visit import NoAnswerError, visit
from penstock.control.world import World
from penstock.deploy.rollout.events import Baked, Event
from penstock.deploy.rollout.types import Change, Node, NodePhase, Options, Rollout
from penstock.deploy.types import Address, Colour, Place

_SLOW_ANYWAY = 0.5  # seconds: below this a p99 is good, whatever it was before
_TELLING = 100  # requests that it takes to tell what the slowest of a hundred took
_HISTOGRAM = "penstock_request_seconds"
_P = 0.99
_BETWEEN = 2.0  # seconds between two looks at the figures: parsing them costs a while


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests, those of them that failed (5xx, or no answer), and the p99 in seconds."""

    requests: int
    errors: int
    p99: float | None = None

    @property
    def error_rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


def judge(new: Figures, old: Figures | None, options: Options) -> Baked:
    """Say whether the new colour is as good as it must be; None for too few requests to tell.

    It may fail `error_rate` more of its requests than the old one, and its p99 may be `slowdown`
    times as long; a p99 below half a second is always good, and one of few requests says nothing.
    """
    if new.requests < options.min_requests:
        told = f"{new.requests} requests, fewer than the {options.min_requests} it takes to tell"
        return Baked(good=None, reason=told)
    before = 0.0 if old is None else old.error_rate
    if new.error_rate > before + options.error_rate:
        told = f"{new.error_rate:.1%} of {new.requests} requests failed, {before:.1%} before"
        return Baked(good=False, reason=told)
    if new.p99 is None or old is None or old.p99 is None or new.requests < _TELLING:
        return Baked(good=True, reason=f"{new.error_rate:.1%} of {new.requests} requests failed")
    bound = max(_SLOW_ANYWAY, old.p99 * options.slowdown)
    if new.p99 > bound:
        told = f"its p99 is {new.p99:.3f} s, more than {bound:.3f} s"
        return Baked(good=False, reason=told)
    return Baked(good=True, reason=f"{new.error_rate:.1%} failed, p99 {new.p99:.3f} s")


@dataclass(slots=True)
class Baking:
    """What the nodes had answered when the baking began is not counted."""

    world: World
    address: Callable[[str], Address | None]
    _before: dict[str, Figures] = field(default_factory=dict)
    _took: dict[str, dict[float, float]] = field(default_factory=dict)
    monotonic: Callable[[], float] = time.monotonic
    _of: dict[Place, str] = field(default_factory=dict)
    _again: dict[Place, float] = field(default_factory=dict)

    def act(self, place: Place, state: Rollout, change: Change | None) -> None:
        if change is None:
            self._of.pop(place, None)
            self._again.pop(place, None)
            return
        now = self.monotonic()
        if now < self._again.get(place, 0.0):
            return
        self._again[place] = now + min(_BETWEEN, change.release.options.bake / 10)
        key = ("bake", place, change.deployment)
        self.world.tasks.ensure(place, key, lambda: self._bake(place, state, change))

    def _bake(self, place: Place, state: Rollout, change: Change) -> Iterable[Event]:
        if self._of.get(place) != change.deployment:
            self._of[place] = change.deployment
            for node in state.nodes:
                self._before[node.id] = self._counted(node)
                self._took[node.id] = self._histogram(node)
            return ()
        new = self._figures(state, change.target, since=True)
        old = None
        if change.previous is not None:
            old = self._figures(state, change.previous, since=False)
        return (judge(new, old, change.release.options),)

    def _figures(self, state: Rollout, colour: Colour, *, since: bool) -> Figures:
        """Return the figures of a colour: of all its time, or `since` the baking began."""
        requests = errors = 0
        histogram: dict[float, float] = {}
        for node in state.of(colour, NodePhase.READY):
            now = self._counted(node)
            before = self._before.get(node.id, Figures(0, 0)) if since else Figures(0, 0)
            requests += max(0, now.requests - before.requests)
            errors += max(0, now.errors - before.errors)
            took = self._took.get(node.id, {}) if since else {}
            for bound, count in self._histogram(node).items():
                histogram[bound] = histogram.get(bound, 0.0) + count - took.get(bound, 0.0)
        return Figures(requests, errors, quantile(histogram, _P))

    def _counted(self, node: Node) -> Figures:
        found = self.world.gateway.figures(node.id)
        return Figures(0, 0) if found is None else Figures(found.requests, found.errors)

    def _histogram(self, node: Node) -> dict[float, float]:
        """Return how many answers took at most so many seconds, as the node counted them."""
        address = self.address(node.id)
        if address is None:
            return {}
        try:
            answer = visit(address, "/metrics")
        except NoAnswerError:
            return {}
        buckets: dict[float, float] = {}
        for family in text_string_to_metric_families(answer.body.decode(errors="replace")):
            if family.name != _HISTOGRAM:
                continue
            for sample in family.samples:
                if sample.name.endswith("_bucket"):
                    bound = float(sample.labels["le"])
                    buckets[bound] = buckets.get(bound, 0.0) + sample.value
        return buckets


def quantile(histogram: dict[float, float], share: float) -> float | None:
    """Return the least bound that so large a share of a cumulative histogram is within."""
    total = histogram.get(math.inf, 0.0)
    if not total:
        return None
    bounds = sorted(bound for bound, count in histogram.items() if count >= share * total)
    finite = [bound for bound in sorted(histogram) if bound != math.inf]
    return bounds[0] if bounds and bounds[0] != math.inf else (finite[-1] if finite else None)
