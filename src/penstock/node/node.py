"""A node's state, and what surrounds every request: who asks, what went wrong, what is noticed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Timer
from time import perf_counter, time

from penstock.auth.authenticate import find_credentials
from penstock.auth.keyring import KeyRing
from penstock.auth.principal import Principal
from penstock.cache.single_flight import SingleFlight
from penstock.cache.store import Entry, ResultCache
from penstock.errors import (
    EngineError,
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
    PenstockError,
    QueryCancelledError,
)
from penstock.events import Answered, Failed, Interrupted, Observer
from penstock.node.admission import Admission
from penstock.node.exchange import Exchange
from penstock.node.metrics import Figure, Metrics
from penstock.problems import encode_problem, problem_headers, problem_of
from penstock.node.serving import Serving
from penstock.project.types import Project
from penstock.store.counts import CountRepository
from penstock.store.watch import KeyWatcher

_NO_STAGES: dict[str, float] = {}
_LONG = 1.0  # seconds after which it is asked once more who is asking
_THREADS_MORE = 4  # beside those that run queries: refreshes, compression


@dataclass(slots=True)
class Notes:
    """What a handler tells about the request it answered, for the log and the metrics."""

    subject: str | None = None
    rows: int | None = None
    cache: str | None = None
    table: str | None = None
    saved_query: str | None = None
    stages: dict[str, float] = field(default_factory=dict)


Handler = Callable[["Node", Exchange, Notes], Awaitable[None]]


@dataclass(slots=True)
class Node:
    """`serving` is replaced as a whole when the project changes; requests under way keep theirs."""

    serving: Serving
    metrics: Metrics
    observe: Observer
    watcher: KeyWatcher
    counts: CountRepository
    cache: ResultCache = field(init=False)
    flights: SingleFlight[Entry] = field(default_factory=SingleFlight)
    admission: Admission = field(init=False)
    threads: ThreadPoolExecutor = field(init=False)
    _retired: set[Timer] = field(default_factory=set)

    def __post_init__(self) -> None:
        project = self.serving.project
        self.cache = ResultCache(memory=project.cache.memory, max_entry=project.cache.max_entry)
        limits = project.serving
        self.admission = Admission(limits.concurrency, limits.queue, limits.queue_timeout)
        self.threads = _threads(limits.concurrency)

        self.metrics.gauges = self.figures

    def figures(self) -> list[Figure]:
        """Return how the node is at this moment."""
        cache, admission = self.cache, self.admission
        return [
            ("running", "Queries that run.", admission.running),
            ("waiting", "Queries that wait for a place.", admission.waiting),
            ("refused", "Queries refused for want of a place.", admission.refused),
            ("cache_entries", "Answers kept.", len(cache)),
            ("cache_bytes", "Bytes of the answers kept.", cache.size),
            ("cache_hits", "Answers given from the cache.", cache.statistics.hits),
            ("cache_misses", "Answers that were not kept.", cache.statistics.misses),
            ("cache_evictions", "Answers forgotten to make room.", cache.statistics.evictions),
        ]

    def keys(self) -> KeyRing:
        return self.watcher.ring()

    def replace(self, serving: Serving) -> None:
        """Put another state of the project in force; the old one closes when its queries end."""
        old, self.serving = self.serving, serving
        threads = self._adopt(serving.project)
        self.cache.flush()
        limits = old.project.serving

        def close() -> None:
            self._retired.discard(closing)
            old.close()
            threads.shutdown(wait=False)

        # Who came before may wait, then ask for rows and for their number.
        closing = Timer(limits.queue_timeout + 2 * limits.timeout, close)
        closing.daemon = True  # a node that stops does not wait for it
        self._retired.add(closing)
        closing.start()

    def _adopt(self, project: Project) -> ThreadPoolExecutor:
        """Take over the limits of a project that changed; return the threads of before."""
        limits, threads = project.serving, self.threads
        self.admission.concurrency = limits.concurrency
        self.admission.queue = limits.queue
        self.admission.queue_timeout = limits.queue_timeout
        self.cache.memory = project.cache.memory
        self.cache.max_entry = project.cache.max_entry
        self.threads = _threads(limits.concurrency)
        return threads

    def close(self) -> None:
        for closing in tuple(self._retired):
            closing.cancel()
            closing.join()
            closing.function()
        self.serving.close()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def caller(self, exchange: Exchange, notes: Notes) -> Principal:
        """Return who is asking. Raises AuthenticationError, SeveralCredentialsError."""
        authorization, key = find_credentials(exchange.scope["headers"])
        now = time()
        principal = await self.serving.authenticator.authenticate_async(authorization, key, now)
        notes.subject = principal.subject
        if principal.kind == "apikey":
            self.watcher.last_used.note(principal.subject, now)
        return principal

    async def caller_and_body(self, exchange: Exchange, notes: Notes) -> tuple[Principal, bytes]:
        """Return who is asking and what they sent. A stranger's body is not read."""
        caller = await self.caller(exchange, notes)
        began = perf_counter()
        body = await exchange.body(self.serving.project.serving.max_body)
        if perf_counter() - began > _LONG:
            # Meanwhile the credential may have been revoked.
            caller = await self.caller(exchange, notes)
        return caller, body

    def is_stranger(self, exchange: Exchange) -> bool:
        """Whether the caller sent no credential where one is needed."""
        sent = find_credentials(exchange.scope["headers"])
        return sent == (None, None) and self.serving.authenticator.anonymous is None

    async def handle(self, exchange: Exchange, route: str, handler: Handler) -> None:
        """Run a handler; every error becomes a problem, every outcome an event."""
        began, notes = perf_counter(), Notes()
        error: PenstockError | None = None
        try:
            await handler(self, exchange, notes)
        except asyncio.CancelledError:
            stopped = QueryCancelledError("The node stopped before the answer was whole.")
            self._interrupted(exchange, notes, stopped, began)
            raise
        except PenstockError as known:
            error = known
        except Exception as unknown:  # noqa: BLE001 - nobody sees a stack trace but the log
            error = EngineError("Something went wrong here.")
            error.__cause__ = unknown
        if error is not None:
            if isinstance(error, EngineError):
                self._failed(exchange, error)
            if exchange.started or isinstance(error, QueryCancelledError):
                self._interrupted(exchange, notes, error, began)
                return
            await _refuse(exchange, error)
        self.observe(
            Answered(
                method=exchange.method,
                path=exchange.path,
                route=route,
                status=exchange.status,
                seconds=round(perf_counter() - began, 6),
                bytes=exchange.sent,
                rows=notes.rows,
                subject=notes.subject,
                cache=notes.cache,
                table=notes.table,
                saved_query=notes.saved_query,
                code=None if error is None else error.code,
                trace=exchange.trace,
                stages=_rounded(notes.stages) if notes.stages else _NO_STAGES,
            )
        )

    def _interrupted(
        self, exchange: Exchange, notes: Notes, error: PenstockError, began: float
    ) -> None:
        """Note an answer that ends unfinished: the connection breaks, so the caller sees it too."""
        self.observe(
            Interrupted(
                method=exchange.method,
                path=exchange.path,
                reason=error.detail,
                seconds=round(perf_counter() - began, 6),
                bytes=exchange.sent,
                subject=notes.subject,
                trace=exchange.trace,
            )
        )

    def _failed(self, exchange: Exchange, error: PenstockError) -> None:
        told = "".join(traceback.format_exception(error))
        self.observe(Failed(path=exchange.path, error=told, trace=exchange.trace))


def _rounded(stages: dict[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 6) for stage, seconds in stages.items()}


def _threads(concurrency: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(concurrency + _THREADS_MORE, thread_name_prefix="penstock")


def require(principal: Principal, permission: str) -> None:
    """Raise ForbiddenError unless the caller may do this."""
    if permission not in principal.permissions:
        raise ForbiddenError(
            f"Your credential lacks the permission {permission!r}.",
            hint=f"Create a key with --permission {permission}.",
        )


def refuse_method(exchange: Exchange, methods: frozenset[str]) -> None:
    """Raise MethodNotAllowedError unless the request's method is one of these."""
    if exchange.method not in methods:
        raise WrongMethodError(exchange, methods)


class WrongMethodError(MethodNotAllowedError):
    """`allowed` are the methods that do apply."""

    def __init__(self, exchange: Exchange, methods: frozenset[str]) -> None:
        self.allowed = sorted(methods)
        super().__init__(
            f"{exchange.method} does not apply to {exchange.path}.",
            hint=f"Use {' or '.join(self.allowed)}.",
        )


def nowhere(exchange: Exchange) -> NotFoundError:
    return NotFoundError(
        f"There is nothing at {exchange.path}.", hint="The API is described at /docs."
    )


async def _refuse(exchange: Exchange, error: PenstockError) -> None:
    problem = problem_of(error)
    headers = problem_headers(error, problem.status)
    if isinstance(error, WrongMethodError):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    await exchange.respond(problem.status, headers, encode_problem(problem))
