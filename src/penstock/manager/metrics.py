"""What the manager notices -> Prometheus metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from penstock.events import Answered, Event, Failed

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class ManagerMetrics:
    """A reader of events, and of figures that are asked for when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "penstock_manager_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "penstock_manager_request_seconds", "Time to answer.", registry=self.registry
        )
        self._faults = Counter(
            "penstock_manager_faults", "Requests that failed by our fault.", registry=self.registry
        )
        self.streams = Gauge(
            "penstock_manager_streams", "Readers that follow something.", registry=self.registry
        )

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._requests.labels(event.route, event.method, str(event.status)).inc()
            self._seconds.observe(event.seconds)
        elif isinstance(event, Failed):
            self._faults.inc()

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
