"""What the gateway adds to a request: its time and its CPU, on top of asking the node itself."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from operator import sub
from pathlib import Path

import psutil

from benchmarks.client import Answered, alternate, ask, load
from benchmarks.effort import Effort
from benchmarks.penstock_server import GUARDED, Penstock, small_request
from benchmarks.processes import HOST, free_port
from benchmarks.questions import Topic
from benchmarks.report import Result
from penstock.deploy.gateway import ApiRoute, Gateway, GatewayConfig, Listener, Upstream
from penstock.deploy.gateway.process import eventually
from penstock.deploy.types import Address, Place

TARGET_MS = 1.0
CLIENTS = 24
WARM_UP = 50
APIS = 1000
READY_WITHIN = 10.0


def measure_gateway(penstock: Penstock, topic: Topic, effort: Effort) -> Result:
    """Ask for an answer that the node has kept, so that little else takes time.

    The gateway knows a thousand APIs, as it may have to.
    """
    question = small_request(topic, penstock.site(topic), GUARDED)
    with penstock.serve(topic, cached=True) as node, _before(node.port) as (port, pid):
        through = replace(question, path=f"/bench/api{question.path}")
        for there, request in ((node.port, question), (port, through)):
            ask(there, request)
        pair = ((port, through), (node.port, question))
        alternate(*pair, times=WARM_UP)
        answers, direct = alternate(*pair, times=effort.turns)
        begun = _cpu_seconds(pid)
        loaded = load(port, through, clients=CLIENTS, seconds=effort.seconds)
        spent = _cpu_seconds(pid) - begun
    took, least = _times(answers), _times(direct)
    added = statistics.median(map(sub, took, least))
    cpu = spent / (loaded.rate * effort.seconds)
    return Result(
        what="a kept answer through the gateway, added to the same from its node (p50)",
        target=f"< {TARGET_MS:g} ms",
        measured=f"{added:.2f} ms",
        reached=added < TARGET_MS,
        basis=(
            f"{statistics.median(took):.2f} ms against {statistics.median(least):.2f} ms, "
            f"{effort.turns} turns, {APIS} APIs known; {CLIENTS} clients: {loaded.rate:,.0f} "
            f"requests/s, {loaded.failures} failed, {cpu * 1e6:.0f} µs of its CPU each"
        ),
    )


@contextlib.contextmanager
def _before(node: int) -> Iterator[tuple[int, int]]:
    """Run a gateway in front of a node, and yield its port and its process."""
    port = free_port()
    upstream = Upstream("node", Address(host=HOST, port=node))
    routes = tuple(
        ApiRoute(place=Place(f"api_{name}"), project="bench", api=name, live=(upstream,))
        for name in ("api", *(f"other{number}" for number in range(APIS - 1)))
    )
    config = GatewayConfig(listeners=(Listener(port=port),), routes=routes)
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder))
        gateway.start()
        try:
            gateway.publish(config)
            pid = gateway.pid()
            if pid is None or not eventually(lambda: gateway.applied(config), READY_WITHIN):
                raise RuntimeError("The gateway did not come up")
            yield port, pid
        finally:
            gateway.stop(0)


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _times(answers: list[Answered]) -> list[float]:
    refused = next((one for one in answers if one.status != HTTPStatus.OK), None)
    if refused:
        raise RuntimeError(f"A request was answered {refused.status}")
    return [one.took_ms for one in answers]
