"""Answers → HTTP responses: whole, streamed, or kept from before."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from hashlib import blake2b
from time import monotonic
from typing import Final

from penstock.answer import AnswerStream
from penstock.cache.store import Entry
from penstock.errors import QueryCancelledError
from penstock.node.compression import SMALLEST, Coding, choose_coding, compress, open_compressor
from penstock.node.exchange import Exchange
from penstock.node.node import Node
from penstock.node.notices import notices
from penstock.node.puller import Puller
from penstock.node.whole import Header
from penstock.pipeline import Stages

_VARY: Final[Header] = (b"vary", b"accept, accept-encoding, authorization, x-api-key")
_PRIVATE: Final[Header] = (b"cache-control", b"private, no-cache")


def make_entry(stream: AnswerStream, body: bytes, expires: float) -> Entry:
    """Return an answer to keep: it will say that it comes from the cache."""
    kept = body + stream.tail(cache=True)
    return Entry(
        bodies={Coding.IDENTITY: kept},
        media_type=stream.encoder.media_type.encode(),
        etags=tuple(dict.fromkeys((_digest(kept), _digest(body + stream.tail())))),
        expires=expires,
        rows=stream.rows,
        table=stream.question.plan.table,
        notices=notices(stream.opening),
    )


async def send_kept(exchange: Exchange, node: Node, key: bytes, entry: Entry) -> None:
    """Send an answer from the cache, or say that the caller has it already."""
    age = b"penstock; hit; ttl=%d" % max(0, entry.expires - monotonic())
    coding = _coding(exchange, entry.bodies[Coding.IDENTITY])
    headers = (
        *_kept_headers(entry.media_type, entry.etags[0], coding),
        *entry.notices,
        (b"cache-status", age),
    )
    if _is_known(exchange, entry.etags):
        await exchange.not_modified(headers)
        return
    body = entry.bodies.get(coding)
    if body is None:
        loop = asyncio.get_running_loop()
        plain = entry.bodies[Coding.IDENTITY]
        body = await loop.run_in_executor(node.threads, compress, plain, coding)
        node.cache.add_body(key, entry, coding, body)
    await exchange.respond(200, headers, body)


async def send_whole(exchange: Exchange, stream: AnswerStream, body: bytes, *, kept: bool) -> None:
    """Send a small answer that was just made."""
    body += stream.tail()
    digest, coding = _digest(body), _coding(exchange, body)
    headers = [
        *_headers(stream.encoder.media_type.encode(), coding),
        *notices(stream.opening),
        (b"etag", _etag(digest, coding)),
        (b"cache-status", b"penstock; fwd=miss; stored" if kept else b"penstock; fwd=bypass"),
        (b"server-timing", timing(stream.stages)),
    ]
    if _is_known(exchange, (digest,)):
        await exchange.not_modified(headers)
        return
    await exchange.respond(200, headers, compress(body, coding))


async def send_stream(
    exchange: Exchange, puller: Puller, chunks: list[bytes], remember: int
) -> bytes | None:
    """Send an answer as it comes. Return it, without its tail, if it has at most `remember` bytes.

    If anything fails on the way the connection breaks, so nobody takes a part for the whole.
    """
    stream = puller.stream
    coding = choose_coding(exchange.headers.get(b"accept-encoding"))
    compressor = open_compressor(coding)
    puller.watch()
    await exchange.start(
        200,
        [
            *_headers(stream.encoder.media_type.encode(), coding),
            *notices(stream.opening),
            (b"cache-status", b"penstock; fwd=miss"),
            (b"server-timing", timing(stream.stages)),
        ],
    )
    kept: list[bytes] | None = []
    size = 0
    chunk: bytes | None = b"".join(chunks)
    while chunk is not None:
        size += len(chunk)
        kept = None if kept is None or size > remember else [*kept, chunk]
        if coded := compressor.feed(chunk):
            await _write(exchange, coded, stream.pipeline.timeout, more=True)
        chunk = await puller.pull(stream.read)
    coded = compressor.feed(stream.tail()) + compressor.end()
    await _write(exchange, coded, stream.pipeline.timeout, more=False)
    return None if kept is None else b"".join(kept)


async def _write(exchange: Exchange, chunk: bytes, patience: float, *, more: bool) -> None:
    """Send a chunk to a caller who takes something within `patience`, a query's own time.

    Who does not holds a cursor, and a place that others wait for. Raises QueryCancelledError.
    """
    try:
        async with asyncio.timeout(patience):
            await exchange.write(chunk, more=more)
    except TimeoutError as error:
        raise QueryCancelledError("The caller stopped reading the answer.") from error


def _headers(media_type: bytes, coding: Coding) -> list[Header]:
    headers = [(b"content-type", media_type), _VARY, _PRIVATE]
    if coding is not Coding.IDENTITY:
        headers.append((b"content-encoding", coding.encode()))
    return headers


@lru_cache(maxsize=4096)
def _kept_headers(media_type: bytes, digest: bytes, coding: Coding) -> tuple[Header, ...]:
    return (*_headers(media_type, coding), (b"etag", _etag(digest, coding)))


def _coding(exchange: Exchange, body: bytes) -> Coding:
    if len(body) < SMALLEST:
        return Coding.IDENTITY
    return choose_coding(exchange.headers.get(b"accept-encoding"))


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).hexdigest().encode()


def _etag(digest: bytes, coding: Coding) -> bytes:
    """Return a strong validator: of these very bytes, so each coding has its own."""
    return b'"%b"' % digest if coding is Coding.IDENTITY else b'"%b-%b"' % (digest, coding.encode())


def _is_known(exchange: Exchange, digests: tuple[bytes, ...]) -> bool:
    """Whether the caller sent a validator of one of these answers, in whatever coding."""
    sent = exchange.headers.get(b"if-none-match")
    if sent is None:
        return False
    if sent.strip() == b"*":
        return True
    tags = {tag.strip().removeprefix(b"W/").strip(b'"') for tag in sent.split(b",")}
    return any(tag.partition(b"-")[0] in digests for tag in tags)


def timing(stages: Stages) -> bytes:
    """Return a Server-Timing header: milliseconds in each stage."""
    parts = (f"{stage};dur={seconds * 1000:.3f}" for stage, seconds in stages.seconds.items())
    return ", ".join(parts).encode()
