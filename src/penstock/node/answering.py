"""A question over HTTP: what is kept already, else the pipeline, whole if small, else streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic, perf_counter

from penstock.answer import AnswerStream, open_answer
from penstock.auth.principal import Principal
from penstock.cache.key import answer_key
from penstock.cache.single_flight import Flight
from penstock.cache.store import Entry
from penstock.model.types import DataType
from penstock.node.exchange import Exchange
from penstock.node.node import Node, Notes
from penstock.node.puller import Puller
from penstock.node.sending import make_entry, send_kept, send_stream, send_whole
from penstock.node.serving import Serving
from penstock.node.wanted import Wanted
from penstock.pipeline import Pipeline, Question, Stages
from penstock.sql_question import SQLQuestion, ask_sql

_AT_ONCE = 16_384  # bytes of a query that is read and planned in a millisecond or two


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a project as it was when it came: its JSON, and how its answer is wanted.

    `ttl` is how many seconds the answer may be kept, 0 for not at all. `types` are set for SQL:
    those of the parameters that are declared. `shown` is what the answer repeats of the question,
    where that is a saved one in SQL.
    """

    serving: Serving
    body: bytes
    wanted: Wanted
    ttl: float
    caller: Principal
    types: Mapping[str, DataType] | None = None
    shown: bytes | None = None

    @property
    def key(self) -> str:
        """Tell apart what the body alone does not: how it is read, and how it is answered."""
        if self.types is None:
            return self.wanted.key
        declared = ",".join(f"{name}={kind}" for name, kind in sorted(self.types.items()))
        return f"{self.wanted.key}/sql/{declared}"

    def question(self, pipeline: Pipeline, stages: Stages) -> Question | SQLQuestion:
        if self.types is None:
            return pipeline.ask(self.body, self.caller, stages)
        question = ask_sql(pipeline, self.body, self.caller, stages, self.types)
        return question if self.shown is None else replace(question, own=False)


async def answer(node: Node, exchange: Exchange, notes: Notes, ask: Ask) -> None:
    """Answer a question of a known caller.

    Raises QueryError and its kinds, ForbiddenError, BusyError, UnavailableError, EngineError,
    QueryTimeoutError; QueryCancelledError where the caller has left.
    """
    computing = _Computing(node, exchange, notes, ask)
    directives = exchange.headers.get(b"cache-control", b"").lower()
    if ask.ttl <= 0 or b"no-store" in directives:
        notes.cache = "bypass"
        await computing.send()
        return
    version = ask.serving.version()
    key = answer_key(
        query=ask.body,
        version=version,
        fingerprint=ask.serving.pipeline.view(ask.caller).fingerprint,
        wanted=ask.key,
    )
    kept = None
    if b"no-cache" not in directives:
        kept = node.cache.get(key, monotonic()) or await node.flights.join(key)
    if kept is not None:
        notes.cache, notes.table, notes.rows = "hit", kept.table, kept.rows
        await send_kept(exchange, node, key, kept)
        return
    notes.cache = "miss"
    async with node.flights.lead(key) as flight:
        await computing.send(Keeping(key, version, node.cache.generation, flight))


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where an answer is to be kept, and who waits for it.

    Not if the cache was flushed since, or the data is not of the version that the key is of.
    """

    key: bytes
    version: str
    generation: int
    flight: Flight[Entry]


@dataclass(frozen=True, slots=True)
class _Computing:
    """One question on its way through the pipeline of the project as it was when it came."""

    node: Node
    exchange: Exchange
    notes: Notes
    ask: Ask

    async def send(self, keeping: Keeping | None = None) -> None:
        """Compute the answer and send it, whole if it is small; keep it if that is wanted."""
        stream = await self._stream()
        queued = perf_counter()
        place, puller = (
            self.node.admission.admit(),
            Puller(self.exchange, stream, self.node.threads),
        )
        async with place, puller:
            stream.stages.add("queue", perf_counter() - queued)
            chunks = await puller.pull(stream.read_first)
            if not stream.is_whole:
                await self._flow(puller, chunks, keeping)
                return
        self.notes.rows = stream.rows
        body = b"".join(chunks)
        stored = keeping is not None and self._keep(stream, body, keeping)
        await send_whole(self.exchange, stream, body, kept=stored)
        self.notes.computed = True

    async def _stream(self) -> AnswerStream:
        began, stages, pipeline = perf_counter(), Stages(), self.ask.serving.pipeline
        self.notes.stages = stages.seconds
        if len(self.ask.body) <= _AT_ONCE and self.ask.types is None:
            question = self.ask.question(pipeline, stages)
        else:
            loop = asyncio.get_running_loop()
            work = partial(self.ask.question, pipeline, stages)
            question = await loop.run_in_executor(self.node.threads, work)
        self.notes.table = question.plan.table
        shown = self.ask.body if self.ask.shown is None else self.ask.shown
        opening = open_answer(question, shown, exact_numbers=self.ask.wanted.exact_numbers)
        return AnswerStream(pipeline, question, self.ask.wanted.encoder, opening, stages, began)

    async def _flow(self, puller: Puller, chunks: list[bytes], keeping: Keeping | None) -> None:
        """Stream a large answer, and keep it after all if it was not that large."""
        remember = 0
        if keeping is not None:
            # It comes at the pace of its one caller: nobody else should wait for that.
            keeping.flight.decline()
            remember = self.node.cache.max_entry
        body = await send_stream(self.exchange, puller, chunks, remember)
        self.notes.rows = puller.stream.rows
        if keeping is not None and body is not None:
            self._keep(puller.stream, body, keeping)

    def _keep(self, stream: AnswerStream, body: bytes, keeping: Keeping) -> bool:
        if self.ask.serving.version(now=True) != keeping.version:
            return False
        entry = make_entry(stream, body, monotonic() + self.ask.ttl)
        keeping.flight.land(entry)
        return self.node.cache.put(keeping.key, entry, generation=keeping.generation)
