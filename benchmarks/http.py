"""Penstock over HTTP: a cached answer, large downloads, and a crowd with default settings."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from benchmarks.client import Request, ask, crowd, download, load
from benchmarks.contender import Format
from benchmarks.effort import Effort
from benchmarks.floor import Floor
from benchmarks.penstock_server import (
    GUARDED,
    Penstock,
    Site,
    big_request,
    small_request,
)
from benchmarks.questions import Topic
from benchmarks.report import Result

CLIENTS = 8
CACHED_TARGET = 0.5
DOWNLOAD_TARGETS = {Format.JSON: 80, Format.CSV: 60, Format.ARROW: 28}
FIRST_BYTE_TARGET = 15
# The second is more than run and wait at once with default settings: 8 and 256.
CROWDS = (64, 400)
WELCOME = {"200", "503 + Retry-After"}


def measure_cached(penstock: Penstock, topic: Topic, effort: Effort) -> Result:
    """Compare with the bare server sending the very same bytes, in turn."""
    question = small_request(topic, penstock.site(topic), GUARDED)
    same = Request("/fixed", question.body, question.headers)
    ratios, rates = [], []
    floor = Floor()
    with penstock.serve(topic, cached=True) as ours, floor.serve(topic, cached=True) as bare:
        ask(ours.port, question)
        kept = ask(ours.port, question)
        if "hit" not in kept.headers.get("cache-status", ""):
            raise RuntimeError(f"A cached answer was expected: {kept.status}, {kept.headers}")
        ask(bare.port, Request("/fixed/set", kept.body))
        for _ in range(effort.rounds):
            cached = load(ours.port, question, clients=CLIENTS, seconds=effort.seconds)
            fixed = load(bare.port, same, clients=CLIENTS, seconds=effort.seconds)
            if cached.failures:
                raise RuntimeError(f"{cached.failures} cached answers failed")
            ratios.append(cached.rate / fixed.rate)
            rates.append(f"{cached.rate:,.0f} against {fixed.rate:,.0f}")
    ratio = statistics.median(ratios)
    return Result(
        what="the same answer cached: requests/s of one worker, over fixed bytes from a bare one",
        target=f"≥ {CACHED_TARGET} ×",
        measured=f"{ratio:.2f} ×",
        reached=ratio >= CACHED_TARGET,
        basis=f"{CLIENTS} clients, {effort.rounds} rounds: {'; '.join(rates)} requests/s",
    )


def measure_downloads(penstock: Penstock, topic: Topic, effort: Effort) -> Sequence[Result]:
    """Fetch 100,000 rows by 8 columns in each format."""
    site = penstock.site(topic)
    with penstock.serve(topic, cached=False) as server:
        results = [_measure_download(server.port, form, site, topic, effort) for form in Format]
    return [result for pair in results for result in pair]


def measure_crowds(penstock: Penstock, topic: Topic, effort: Effort) -> Sequence[Result]:
    """Let many ask different questions at once: each is answered, or told when to come back."""
    site = penstock.site(topic)
    with penstock.serve(topic, cached=True) as server:
        told = {
            clients: crowd(
                server.port,
                lambda number: _numbered(topic, site, number),
                clients=clients,
                seconds=effort.seconds,
            )
            for clients in CROWDS
        }
    return [_crowd_result(clients, counts) for clients, counts in told.items()]


def _measure_download(
    port: int, form: Format, site: Site, topic: Topic, effort: Effort
) -> Sequence[Result]:
    taken = download(port, big_request(topic, site, form), times=effort.times)
    basis = f"median of {effort.times}, {taken.size / 1e6:.1f} MB"
    target = DOWNLOAD_TARGETS.get(form)
    return (
        Result(
            what=f"100,000 rows × 8 columns over HTTP: {form}",
            target=f"≤ {target} ms" if target else "–",
            measured=f"{taken.total_ms:.0f} ms",
            reached=taken.total_ms <= target if target else None,
            basis=basis,
        ),
        Result(
            what=f"its first byte: {form}",
            target=f"≤ {FIRST_BYTE_TARGET} ms",
            measured=f"{taken.first_ms:.0f} ms",
            reached=taken.first_ms <= FIRST_BYTE_TARGET,
            basis=basis,
        ),
    )


def _crowd_result(clients: int, told: Counter[str]) -> Result:
    counts = ", ".join(f"{count:,} × {status}" for status, count in told.most_common())
    return Result(
        what=f"{clients} clients at once, default settings",
        target="200, or 503 with Retry-After",
        measured=counts,
        reached=told.keys() <= WELCOME,
        basis="each question is another one: nothing is cached",
    )


def _numbered(topic: Topic, site: Site, number: int) -> Request:
    column = topic.columns[2] if topic.name == "tpch" else "distance"
    return small_request(topic, site, GUARDED, **{column: {"lte": 10 + number}})
