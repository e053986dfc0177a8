"""Every path of a node, and what answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgspec

from penstock.auth.principal import Principal
from penstock.encode.formats import FORMATS
from penstock.errors import NotAcceptableError, NotFoundError, QueryError, suggestion
from penstock.node import docs_page, metrics
from penstock.node.answering import Ask, answer
from penstock.node.compression import Coding, choose_coding, compress
from penstock.node.exchange import Exchange
from penstock.node.node import Handler, Node, Notes, refuse_method, require
from penstock.node.readiness import send_readiness
from penstock.node.recount import recount_everywhere
from penstock.node.serving import Serving
from penstock.node.sql_endpoint import ask_in_sql, wanted_of_sql
from penstock.node.wanted import OPTIONS, Wanted, read_wanted, split_suffix
from penstock.node.whole import Header
from penstock.policy.permit import nothing_to_see
from penstock.query.parse import decode_json
from penstock.query.saved import SavedQuery, arguments_from_pairs, resolve, types_of
from penstock.query.types import Json

_JSON: Header = (b"content-type", b"application/json")
_NO_STORE: Header = (b"cache-control", b"no-store")
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
_VARY: Header = (b"vary", b"authorization, x-api-key")

_LONGEST = 512  # bytes of a header: what was read is remembered, so nobody may fill the memory

_READ = frozenset({"GET", "HEAD"})
_ASK = frozenset({"POST", "QUERY"})
_SAVED = frozenset({"GET", "HEAD", "POST", "QUERY"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` starts the addresses it answers if `below`, else it is the address."""

    path: str
    methods: frozenset[str]
    handler: Handler
    below: bool = False

    async def answer(self, node: Node, exchange: Exchange, notes: Notes) -> None:
        """Answer a request to this endpoint.

        Raises MethodNotAllowedError, and what the handler raises.
        """
        refuse_method(exchange, self.methods)
        await self.handler(node, exchange, notes)


async def ask_query(node: Node, exchange: Exchange, notes: Notes) -> None:
    refuse_method(exchange, _ASK)
    caller, body = await node.caller_and_body(exchange, notes)
    _, suffix = split_suffix(exchange.path)
    wanted = _wanted(exchange, suffix, exchange.parameters())
    serving = node.serving
    ask = Ask(serving, body, wanted, serving.project.cache.ttl, caller)
    await answer(node, exchange, notes, ask)


async def ask_by_mission(node: Node, exchange: Exchange, notes: Notes) -> None:
    """Answer `/qb/query` and, below it, the saved queries."""
    ask = ask_saved if exchange.path.removeprefix("/qb/query").strip("/") else ask_query
    await ask(node, exchange, notes)


async def ask_saved(node: Node, exchange: Exchange, notes: Notes) -> None:
    """Answer `/queries/<name>`, or list them at `/queries`."""
    caller, body = await node.caller_and_body(exchange, notes)
    serving = node.serving
    name = exchange.path.removeprefix("/qb/query").removeprefix("/queries").strip("/")
    if not name:
        await _list_saved(serving, exchange, caller)
        return
    saved, suffix = _find_saved(serving, caller, name)
    notes.saved_query = saved.name
    parameters = exchange.parameters()
    options = tuple(pair for pair in parameters if pair[0] in OPTIONS)
    types = types_of(saved)
    read = _wanted if types is None else wanted_of_sql
    wanted = read(exchange, suffix, options)
    pairs = [pair for pair in parameters if pair[0] not in OPTIONS]
    arguments: Mapping[str, Json] = arguments_from_pairs(saved, pairs)
    if exchange.method in _ASK:
        arguments = _merged(arguments, body)
    resolved = resolve(saved, arguments)
    query = msgspec.json.encode(resolved)
    shown = None if types is None else msgspec.json.encode(resolved["parameters"])
    ttl = serving.project.cache.ttl if saved.cache_ttl is None else saved.cache_ttl
    await answer(node, exchange, notes, Ask(serving, query, wanted, ttl, caller, types, shown))


def _wanted(exchange: Exchange, suffix: str | None, options: tuple[tuple[str, str], ...]) -> Wanted:
    accept = exchange.headers.get(b"accept", b"")
    if len(accept) > _LONGEST:
        raise NotAcceptableError(
            f"The Accept header is longer than {_LONGEST} bytes.", hint="Name one format."
        )
    return read_wanted(suffix, accept.decode("latin-1"), options)


def _find_saved(serving: Serving, caller: Principal, path: str) -> tuple[SavedQuery, str | None]:
    """Return a saved query that the caller may know of, and the format in its address."""
    visible = serving.saved_for(serving.pipeline.view(caller))
    if path in visible:
        return visible[path], None
    name, suffix = split_suffix(path)
    if suffix is not None and name in visible:
        return visible[name], suffix
    raise NotFoundError(
        f"There is no saved query {name!r}.",
        hint=suggestion(name, tuple(visible)) or "GET /queries lists them.",
    )


def _merged(arguments: Mapping[str, Json], body: bytes) -> Mapping[str, Json]:
    """Return the arguments of the body; those of the address are for a body without any."""
    if not body.strip():
        return arguments
    decoded = decode_json(body)
    if not isinstance(decoded, Mapping):
        raise QueryError(
            "The arguments are a JSON object.",
            hint='Write {"parameters": {"month": 2}}.',
        )
    return decoded or arguments


async def _list_saved(serving: Serving, exchange: Exchange, caller: Principal) -> None:
    saved = serving.saved_for(serving.pipeline.view(caller))
    entries = [_describe(query) for query in saved.values()]
    await _respond_json(exchange, msgspec.json.encode({"queries": entries}))


def _describe(saved: SavedQuery) -> dict[str, Json]:
    return {
        "name": saved.name,
        "title": saved.title,
        "description": saved.description,
        "tags": list(saved.tags),
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type.value,
                "required": parameter.required,
                "many": parameter.many,
                "default": parameter.default,
                "allowed": list(parameter.allowed),
                "min": parameter.minimum,
                "max": parameter.maximum,
                "description": parameter.description,
            }
            for parameter in saved.parameters.values()
        ],
        "dynamic_parameters": [
            {"type": d.type.value, "reference": d.reference, "transform": d.transform}
            for d in saved.dynamic_parameters
        ],
        "chart": saved.chart,
    }


async def show_dataset(node: Node, exchange: Exchange, notes: Notes) -> None:
    caller = await node.caller(exchange, notes)
    serving = node.serving
    await _respond_json(exchange, serving.catalogue(serving.pipeline.view(caller)))


async def show_me(node: Node, exchange: Exchange, notes: Notes) -> None:
    caller = await node.caller(exchange, notes)
    me = {
        "subject": caller.subject,
        "kind": caller.kind,
        "roles": caller.roles,
        "attributes": dict(caller.attributes),
        "permissions": sorted(caller.permissions),
        "expires": caller.expires,
    }
    await _respond_json(exchange, msgspec.json.encode(me))


async def show_openapi(node: Node, exchange: Exchange, notes: Notes) -> None:
    """Answer with the API as the caller sees it; without a credential, with what all may know."""
    serving = node.serving
    if node.is_stranger(exchange):
        view = nothing_to_see(serving.project.model)
    else:
        view = serving.pipeline.view(await node.caller(exchange, notes))
    await _respond_json(exchange, serving.openapi(view))


async def show_docs(_: Node, exchange: Exchange, __: Notes) -> None:
    name = exchange.path.removeprefix("/docs").strip("/")
    headers = [(n.encode(), v.encode()) for n, v in docs_page.HEADERS]
    if not name:
        page = docs_page.docs_page("openapi.json")
        await exchange.respond(
            200, [*headers, (b"content-type", b"text/html; charset=utf-8")], page
        )
        return
    asset = docs_page.asset(name.removeprefix("assets/"))
    coding = choose_coding(exchange.headers.get(b"accept-encoding"))
    headers += [
        (b"etag", b"W/" + asset.etag.encode()),
        (b"cache-control", b"public, max-age=86400"),
        (b"vary", b"accept-encoding"),
    ]
    if coding is not Coding.IDENTITY:
        headers.append((b"content-encoding", coding.encode()))
    if exchange.headers.get(b"if-none-match") == b"W/" + asset.etag.encode():
        await exchange.not_modified(headers)
        return
    headers.append((b"content-type", asset.media_type.encode()))
    await exchange.respond(200, headers, _compressed(coding, asset.body))


@lru_cache
def _compressed(coding: Coding, body: bytes) -> bytes:
    return compress(body, coding)


async def refresh(node: Node, exchange: Exchange, notes: Notes) -> None:
    """Count the tables anew and forget every answer, at every node of the API."""
    require(await node.caller(exchange, notes), "refresh")
    loop = asyncio.get_running_loop()
    done, told = await loop.run_in_executor(node.threads, recount_everywhere, node)
    body = {
        "forgotten": done.entries,
        "rows": done.rows,
        "warnings": done.warnings,
        "everywhere": told,
    }
    await _respond_json(exchange, msgspec.json.encode(body))


async def show_alive(_: Node, exchange: Exchange, __: Notes) -> None:
    await exchange.respond(200, [_JSON, _NO_STORE], b'{"status":"alive"}')


async def show_ready(node: Node, exchange: Exchange, _: Notes) -> None:
    await send_readiness(exchange, await node.readiness())


async def show_metrics(node: Node, exchange: Exchange, _: Notes) -> None:
    headers = [(b"content-type", metrics.MEDIA_TYPE), _NO_STORE]
    await exchange.respond(200, headers, node.metrics.exposition())


async def _respond_json(exchange: Exchange, body: bytes) -> None:
    """Send a document about the caller's world, with a validator of its bytes."""
    etag = b'"%b"' % sha256(body).hexdigest()[:32].encode()
    headers = [_JSON, _PRIVATE, _VARY, (b"etag", etag)]
    if exchange.headers.get(b"if-none-match") == etag:
        await exchange.not_modified(headers)
    else:
        await exchange.respond(200, headers, body)


_SUFFIXES = ("", *(f.suffix for f in FORMATS))

ENDPOINTS = (
    *(Endpoint(f"/query{suffix}", _ASK, ask_query) for suffix in _SUFFIXES),
    *(Endpoint(f"/qb/query{suffix}", _ASK, ask_query) for suffix in _SUFFIXES if suffix),
    Endpoint("/qb/query", _SAVED, ask_by_mission, below=True),
    Endpoint("/queries", _SAVED, ask_saved, below=True),
    *(Endpoint(f"/sql{suffix}", _ASK, ask_in_sql) for suffix in _SUFFIXES),
    Endpoint("/dataset", _READ, show_dataset),
    Endpoint("/qb/dataset", _READ, show_dataset),
    Endpoint("/me", _READ, show_me),
    Endpoint("/openapi.json", _READ, show_openapi),
    Endpoint("/docs", _READ, show_docs, below=True),
    Endpoint("/refresh", frozenset({"POST"}), refresh),
    Endpoint("/livez", _READ, show_alive),
    Endpoint("/readyz", _READ, show_ready),
    Endpoint("/metrics", _READ, show_metrics),
)
