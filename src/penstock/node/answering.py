"""A question over HTTP: what is kept already, else the pipeline, whole if small, else streamed."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, time

from penstock.answer import AnswerStream
from penstock.auth.principal import Principal
from penstock.cache.key import answer_key
from penstock.cache.store import Entry
from penstock.encode.types import Opening
from penstock.node.exchange import Exchange
from penstock.node.node import Node, Notes
from penstock.node.puller import Puller
from penstock.node.sending import make_entry, send_kept, send_stream, send_whole
from penstock.node.wanted import Wanted
from penstock.pipeline import Stages


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: its JSON, how its answer is wanted, and for how long it may be kept.

    `ttl` is in seconds, 0 for not at all.
    """

    body: bytes
    wanted: Wanted
    ttl: float
    caller: Principal


async def answer(node: Node, exchange: Exchange, notes: Notes, ask: Ask) -> None:
    """Answer a question of a known caller.

    Raises QueryError and its kinds, ForbiddenError, BusyError, UnavailableError, EngineError,
    QueryTimeoutError; QueryCancelledError where the caller has left.
    """
    directives = exchange.headers.get(b"cache-control", b"").lower()
    if ask.ttl <= 0 or b"no-store" in directives:
        notes.cache = "bypass"
        await _compute(node, exchange, notes, ask, None)
        return
    serving = node.serving
    key = answer_key(
        query=ask.body,
        version=serving.version(),
        fingerprint=serving.pipeline.view(ask.caller).fingerprint,
        wanted=ask.wanted.key,
    )
    kept = None
    if b"no-cache" not in directives:
        kept = node.cache.get(key, time()) or await node.flights.join(key)
    if kept is not None:
        notes.cache, notes.table, notes.rows = "hit", kept.table, kept.rows
        await send_kept(exchange, node, key, kept)
        return
    notes.cache = "miss"
    async with node.flights.lead(key) as flight:
        entry = await _compute(node, exchange, notes, ask, key)
        if entry is not None:
            flight.land(entry)


async def _compute(
    node: Node, exchange: Exchange, notes: Notes, ask: Ask, key: bytes | None
) -> Entry | None:
    """Run the pipeline and send its answer; return it where others may have it too."""
    began, stages, pipeline = perf_counter(), Stages(), node.serving.pipeline
    notes.stages = stages.seconds
    question = pipeline.ask(ask.body, ask.caller, stages)
    notes.table = question.plan.table
    opening = Opening(
        columns=question.plan.columns,
        query_params=ask.body,
        table_name=question.plan.table,
        exact_numbers=ask.wanted.exact_numbers,
    )
    stream = AnswerStream(pipeline, question, ask.wanted.encoder, opening, stages, began)
    queued = perf_counter()
    async with node.admission.admit(), Puller(exchange, stream, node.threads) as puller:
        stages.add("queue", perf_counter() - queued)
        chunks = await puller.pull(stream.read_first)
        if not stream.is_whole:
            body = await send_stream(exchange, puller, chunks, _kept_bytes(node, key))
        else:
            body = b"".join(chunks)
    notes.rows = stream.rows
    entry = None
    if key is not None and body is not None:
        entry = make_entry(stream, body, time() + ask.ttl)
        node.cache.put(key, entry)
    if not exchange.started and body is not None:
        await send_whole(exchange, stream, body, kept=entry is not None)
    return entry


def _kept_bytes(node: Node, key: bytes | None) -> int:
    """Return how many bytes of a stream are worth remembering, to keep it once it is whole."""
    return 0 if key is None else node.cache.max_entry
