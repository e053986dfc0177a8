"""Events → Prometheus metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from penstock.events import Answered, Event, Interrupted, ReloadRefused
from penstock.usage.meter import OPERATION

MEDIA_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

Figure: TypeAlias = tuple[str, str, float]
"""A gauge read at the moment it is asked for: name, help, value."""

_SECONDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)


_CLASSES: Final = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")
_NOBODY: Final[Mapping[str, str]] = {}


@dataclass(slots=True)
class _Times:
    """A histogram. The library's own takes a lock each time, and every request makes several."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_SECONDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(_SECONDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        bounds = [*(str(bound) for bound in _SECONDS), "+Inf"]
        sums = [sum(self.counts[: i + 1]) for i in range(len(bounds))]
        return [(bound, float(count)) for bound, count in zip(bounds, sums, strict=True)]


class Metrics(Collector):
    """Counts what it is told; the families are made when somebody asks for them.

    `identity` says which node this is. How long operators' own questions take is not counted: an
    idle node would seem as fast as its probes.
    """

    def __init__(self, identity: Mapping[str, str] = _NOBODY) -> None:
        self._identity = identity
        self.registry = CollectorRegistry()
        self.gauges: Callable[[], Iterable[Figure]] = tuple
        self._requests: Counter[tuple[str, int, str]] = Counter()
        self._sums: Counter[str] = Counter()
        self._times: dict[str, _Times] = {}
        self._stages: dict[str, _Times] = {}
        self.registry.register(self)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._requests[event.route, event.status, event.cache or ""] += 1
            if event.route not in OPERATION:
                kind = _CLASSES[event.status // 100]
                if kind not in self._times:
                    self._times[kind] = _Times()
                self._times[kind].observe(event.seconds)
            self._sums["bytes"] += event.bytes
            self._sums["rows"] += event.rows or 0
            for stage, seconds in event.stages.items():
                if stage not in self._stages:
                    self._stages[stage] = _Times()
                self._stages[stage].observe(seconds)
        elif isinstance(event, Interrupted):
            self._sums["interrupted"] += 1
            self._sums["bytes"] += event.bytes
        elif isinstance(event, ReloadRefused):
            self._sums["refused_reloads"] += 1

    def exposition(self) -> bytes:
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "penstock_requests", "Requests answered.", labels=("route", "status", "cache")
        )
        for (route, status, cache), count in self._requests.items():
            requests.add_metric((route, str(status), cache), count)
        yield requests
        yield _histogram(
            "penstock_request_seconds", "Time to answer callers.", self._times, "class"
        )
        yield _histogram(
            "penstock_stage_seconds", "Time in each stage of a query.", self._stages, "stage"
        )
        for name, text in _SUMS.items():
            yield CounterMetricFamily(f"penstock_{name}", text, value=self._sums[name])
        if self._identity:
            yield InfoMetricFamily(
                "penstock_node", "Which node this is.", value=dict(self._identity)
            )
        for name, text, value in self.gauges():
            yield GaugeMetricFamily(f"penstock_{name}", text, value=value)


_SUMS: Final = {
    "rows": "Rows sent.",
    "bytes": "Body bytes sent.",
    "interrupted": "Answers that could not be sent whole.",
    "refused_reloads": "Changes of the project that were refused.",
}


def _histogram(name: str, text: str, times: dict[str, _Times], label: str) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=(label,))
    for value, each in list(times.items()):
        family.add_metric([value], each.buckets(), each.total)
    return family
