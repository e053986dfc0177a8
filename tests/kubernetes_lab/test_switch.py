"""Two colours behind a Service of the team's own: its selector is the switch."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, get_ident

import msgspec
import pytest
from kubernetes import client

from deploy.drivers.bench import Bench, until
from kubernetes_lab.benches import Pods
from penstock.deploy.drivers.labels import COLOUR, INSTALLATION
from penstock.deploy.types import Colour

ASKED = 4000
THREADS = 8
# Answers of one colour in a row: the kernel of the machine knows the switch.
SETTLED = 400


class Said(msgspec.Struct):
    id: str


@dataclass
class Count:
    """Who answered, in order; whatever was no answer is a failure."""

    nodes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    under_way: dict[int, float] = field(default_factory=dict)

    def ask(self, host: str) -> None:
        with self.lock:
            self.under_way[get_ident()] = time.monotonic()
        self._ask(host)
        with self.lock:
            del self.under_way[get_ident()]

    def _ask(self, host: str) -> None:
        try:
            connection = http.client.HTTPConnection(host, 80, timeout=10)
            connection.request("GET", "/facts")
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            said = msgspec.json.decode(body, type=Said)
        except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
            with self.lock:
                self.failed.append(repr(error))
            return
        with self.lock:
            self.nodes.append(said.id)

    def drained(self, since: float) -> bool:
        """Whether all that was asked before has its answer."""
        with self.lock:
            return all(began > since for began in self.under_way.values())

    def last(self, count: int) -> set[str]:
        with self.lock:
            return set(self.nodes[-count:]) if len(self.nodes) >= count else set()


@contextmanager
def asking(host: str) -> Iterator[Count]:
    """Ask from several threads, each time by a new connection, until it is over."""
    count, over = Count(), Event()

    def go_on() -> None:
        while not over.is_set():
            count.ask(host)

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(THREADS):
            threads.submit(go_on)
        try:
            yield count
        finally:
            over.set()


@pytest.mark.timeout(600)
def test_a_selector_that_is_switched_fails_no_request(pods: Pods, bench: Bench) -> None:
    blue = {bench.run(colour=Colour.BLUE).id for _ in range(2)}
    green = {bench.run(colour=Colour.GREEN).id for _ in range(2)}
    colours = {INSTALLATION: bench.settings.installation, COLOUR: "blue"}
    service = pods.core.create_namespaced_service(
        pods.namespace,
        client.V1Service(
            metadata=client.V1ObjectMeta(name="switch"),
            spec=client.V1ServiceSpec(
                selector=colours, ports=[client.V1ServicePort(port=80, target_port=8080)]
            ),
        ),
    )
    assert service.spec
    host = str(service.spec.cluster_ip)
    until(lambda: answers(host), "the Service answers")
    with asking(host) as count:
        until(lambda: len(count.nodes) > ASKED // 4 or None, "blue is asked", within=120)
        before = set(count.nodes)
        pods.core.patch_namespaced_service(
            "switch", pods.namespace, {"spec": {"selector": {COLOUR: "green"}}}
        )
        began = time.monotonic()
        until(lambda: switched(count, green), "all is green")
        settled = time.monotonic()
        until(lambda: count.drained(settled) or None, "what was under way is answered")
        for node in blue:
            bench.driver.stop(node, 10)
        until(lambda: len(count.nodes) > ASKED or None, "green is asked", within=120)
    answered = Counter("blue" if node in blue else "green" for node in count.nodes)
    print(f"{len(count.nodes)} answered {dict(answered)}, switched in {settled - began:.1f} s")  # noqa: T201 - a figure

    assert count.failed == []
    assert before == blue
    assert set(count.nodes) == blue | green
    assert count.last(SETTLED) == green


def switched(count: Count, green: set[str]) -> bool | None:
    last = count.last(SETTLED)
    return (bool(last) and last <= green) or None


def answers(host: str) -> bool | None:
    count = Count()
    count.ask(host)
    return bool(count.nodes) or None
