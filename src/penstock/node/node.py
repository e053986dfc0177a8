"""A node's state, and what surrounds every request: who asks, what went wrong, what is noticed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock, Timer
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
from penstock.events import Answered, Event, Failed, Interrupted, Observer
from penstock.link.snapshot import NodeLimits
from penstock.node.admission import Admission
from penstock.node.exchange import Exchange
from penstock.node.fellows import Fellows, NoFellows
from penstock.node.keys import KeySource
from penstock.node.metrics import Figure, Metrics
from penstock.node.protocol import Draining
from penstock.node.readiness import Pulse, Readiness, readiness
from penstock.node.serving import Counts, Serving
from penstock.problems import encode_problem, problem_headers, problem_of
from penstock.project.types import Project
from penstock.project.types import Serving as ServingLimits

_NO_STAGES: dict[str, float] = {}
_LONG = 1.0  # seconds after which it is asked once more who is asking
_THREADS_MORE = 4  # beside those that run queries: refreshes, compression


@dataclass(slots=True)
class Notes:
    """What is told about a request that was answered: to the log, the metrics, the usage record.

    `computed` says that a query ran for it.
    """

    route: str
    subject: str | None = None
    credential: str | None = None
    rows: int | None = None
    cache: str | None = None
    table: str | None = None
    saved_query: str | None = None
    computed: bool = False
    stages: dict[str, float] = field(default_factory=dict)


Handler = Callable[["Node", Exchange, Notes], Awaitable[None]]


def _unmetered(_: Event) -> None:
    """Do nothing: usage is for a manager, and there may be none."""


@dataclass(slots=True)
class Node:
    """`serving` is replaced as a whole when the project changes; requests under way keep theirs.

    `meter` is told of every request before its answer is out: a caller who has an answer can count
    on its being metered. `observe` is told afterwards. `refreshed` is the mark of the last refresh
    of all nodes that this one took part in; whoever counts tables has `counting`.
    """

    serving: Serving
    metrics: Metrics
    observe: Observer
    source: KeySource
    counts: Counts
    meter: Observer = _unmetered
    draining: Draining = field(default_factory=Draining)
    more_figures: Callable[[], Iterable[Figure]] = tuple
    warnings: Callable[[], Mapping[str, str]] = dict
    fellows: Fellows = field(default_factory=NoFellows)
    refreshed: int = 0
    counting: Lock = field(default_factory=Lock)
    cache: ResultCache = field(init=False)
    flights: SingleFlight[Entry] = field(default_factory=SingleFlight)
    admission: Admission = field(init=False)
    threads: ThreadPoolExecutor = field(init=False)
    _pulse: Pulse = field(default_factory=Pulse)
    _overrides: NodeLimits = field(default_factory=NodeLimits)
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
            *self.more_figures(),
        ]

    def keys(self) -> KeyRing:
        return self.source.ring()

    async def readiness(self) -> Readiness:
        """Say whether every database answers, the keys are known and the probes have passed."""
        problems = await self._pulse.problems(self.serving.engines)
        if self.source.unready is not None:
            problems = {**problems, "keys": self.source.unready}
        if not problems:
            problems = await self._probe()
        warnings = {**self.warnings(), **self.serving.warnings()}
        return readiness(problems, warnings, stopping=self.draining.has_begun)

    async def _probe(self) -> dict[str, str]:
        """Ask the probes of a project that is new here; once they have passed, never again."""
        serving = self.serving
        if not serving.probes.has_passed:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, serving.failed_probes)
        return {}

    def replace(self, serving: Serving) -> None:
        """Put another state of the project in force; the old one closes when its queries end."""
        old, self.serving = self.serving, serving
        threads = self._adopt(serving.project)
        self.cache.flush()

        def close() -> None:
            old.close()
            threads.shutdown(wait=False)

        self._retire(close, old.project)

    def take_limits(self, limits: NodeLimits) -> None:
        """Put other limits in force than the project's; None leaves a limit to the project."""
        if limits == self._overrides:
            return
        self._overrides = limits
        threads = self._adopt(self.serving.project)
        self._retire(lambda: threads.shutdown(wait=False), self.serving.project)

    def _retire(self, close: Callable[[], None], project: Project) -> None:
        def end() -> None:
            self._retired.discard(closing)
            close()

        # Who came before may wait, then ask for rows and for their number.
        limits = project.serving
        closing = Timer(limits.queue_timeout + 2 * limits.timeout, end)
        closing.daemon = True  # a node that stops does not wait for it
        self._retired.add(closing)
        closing.start()

    def _adopt(self, project: Project) -> ThreadPoolExecutor:
        """Take over the limits of a project that changed; return the threads of before."""
        limits, threads = _limits(project.serving, self._overrides), self.threads
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
        notes.subject, notes.credential = principal.subject, principal.kind
        if principal.kind == "apikey":
            self.source.note_used(principal.subject, now)
        else:
            self.source.ring()  # nobody is let in before it is known who may be
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
        began, notes = perf_counter(), Notes(route)
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
            await refuse(exchange, error)
        await self._answered(exchange, notes, error, perf_counter() - began)

    async def _answered(
        self, exchange: Exchange, notes: Notes, error: PenstockError | None, seconds: float
    ) -> None:
        answered = Answered(
            method=exchange.method,
            path=exchange.path,
            route=notes.route,
            status=exchange.status,
            seconds=round(seconds, 6),
            bytes=exchange.sent,
            rows=notes.rows,
            subject=notes.subject,
            credential=notes.credential,
            cache=notes.cache,
            table=notes.table,
            saved_query=notes.saved_query,
            code=None if error is None else error.code,
            trace=exchange.trace,
            stages=_rounded(notes.stages) if notes.stages else _NO_STAGES,
        )
        self.meter(answered)
        try:
            if notes.computed:
                # Lets it go out before its notice is written: after a query all code is cold, and
                # slow.
                await asyncio.sleep(0)
        finally:
            self.observe(answered)

    def tell(self, event: Event) -> None:
        """Tell of a request that no handler answered."""
        self.meter(event)
        self.observe(event)

    def _interrupted(
        self, exchange: Exchange, notes: Notes, error: PenstockError, began: float
    ) -> None:
        """Note an answer that ends unfinished: the connection breaks, so the caller sees it too."""
        self.tell(
            Interrupted(
                method=exchange.method,
                path=exchange.path,
                route=notes.route,
                status=exchange.status,
                reason=error.detail,
                seconds=round(perf_counter() - began, 6),
                bytes=exchange.sent,
                rows=notes.rows,
                subject=notes.subject,
                credential=notes.credential,
                cache=notes.cache,
                table=notes.table,
                saved_query=notes.saved_query,
                code=error.code,
                trace=exchange.trace,
                stages=_rounded(notes.stages),
            )
        )

    def _failed(self, exchange: Exchange, error: PenstockError) -> None:
        told = "".join(traceback.format_exception(error))
        self.observe(Failed(path=exchange.path, error=told, trace=exchange.trace))


def _rounded(stages: dict[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 6) for stage, seconds in stages.items()}


def _limits(serving: ServingLimits, given: NodeLimits) -> ServingLimits:
    return replace(
        serving,
        concurrency=serving.concurrency if given.concurrency is None else given.concurrency,
        queue=serving.queue if given.queue is None else given.queue,
        queue_timeout=serving.queue_timeout if given.queue_timeout is None else given.queue_timeout,
    )


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


async def refuse(exchange: Exchange, error: PenstockError) -> None:
    """Answer with a problem."""
    problem = problem_of(error)
    headers = problem_headers(error, problem.status)
    if isinstance(error, WrongMethodError):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    await exchange.respond(problem.status, headers, encode_problem(problem))
