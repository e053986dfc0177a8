"""Events → Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.events import Answered, Event, Interrupted, ReloadRefused

MEDIA_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

Figure: TypeAlias = tuple[str, str, float, bool]
"""Name, help, value, and whether it only ever grows."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(slots=True)
class Metrics:
    """Counts what it is told. Children are kept, since looking one up by labels is slow."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _requests: Counter = field(init=False)
    _seconds: Histogram = field(init=False)
    _stages: Histogram = field(init=False)
    _rows: Counter = field(init=False)
    _bytes: Counter = field(init=False)
    _interrupted: Counter = field(init=False)
    _refused_reloads: Counter = field(init=False)
    _children: dict[tuple[str, int, str], Counter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        r = self.registry
        self._requests = Counter(
            "penstock_requests", "Requests answered.", ("route", "status", "cache"), registry=r
        )
        self._seconds = Histogram(
            "penstock_request_seconds", "Time to answer.", buckets=_SECONDS, registry=r
        )
        self._stages = Histogram(
            "penstock_stage_seconds",
            "Time in each stage of a query.",
            ("stage",),
            buckets=_SECONDS,
            registry=r,
        )
        self._rows = Counter("penstock_rows", "Rows sent.", registry=r)
        self._bytes = Counter("penstock_response_bytes", "Body bytes sent.", registry=r)
        self._interrupted = Counter(
            "penstock_interrupted", "Answers that could not be sent whole.", registry=r
        )
        self._refused_reloads = Counter(
            "penstock_reloads_refused", "Project changes that were refused.", registry=r
        )

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._answered(event)
        elif isinstance(event, Interrupted):
            self._interrupted.inc()
            self._bytes.inc(event.bytes)
        elif isinstance(event, ReloadRefused):
            self._refused_reloads.inc()

    def _answered(self, event: Answered) -> None:
        route = event.route
        key = (route, event.status, event.cache or "")
        child = self._children.get(key)
        if child is None:
            child = self._requests.labels(*map(str, key))
            self._children[key] = child
        child.inc()
        self._seconds.observe(event.seconds)
        self._bytes.inc(event.bytes)
        if event.rows:
            self._rows.inc(event.rows)
        for stage, seconds in event.stages.items():
            self._stages.labels(stage).observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


@dataclass(slots=True)
class Gauges(Collector):
    """Figures that are read at the moment they are asked for, by name with their help."""

    read: Callable[[], Iterable[Figure]]

    def collect(self) -> list[Metric]:
        return [
            CounterMetricFamily(name, text, value=value)
            if counter
            else GaugeMetricFamily(name, text, value=value)
            for name, text, value, counter in self.read()
        ]
