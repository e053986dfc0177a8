"""A request, step by step, in a worker thread: who, may they, is it still so, do it, answer."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

import msgspec

from penstock.errors import ManagementError, NotFoundError
from penstock.manager.answers import (
    Answer,
    answered,
    check_match,
    decode_answer,
    encode_answer,
    not_modified,
)
from penstock.manager.callers import Caller, Credential, recognise
from penstock.manager.context import ManagerContext
from penstock.manager.cursors import Cursors
from penstock.manager.reading import read_body, read_query
from penstock.manager.routes import (
    ROOT,
    Acts,
    Call,
    Changes,
    Downloads,
    Lists,
    Makes,
    Open,
    Reads,
    Route,
    Streams,
)
from penstock.manager.scopes import authorise
from penstock.store.grants import NOTHING
from penstock.store.idempotency import IdempotencyRepository, IdempotentRequest
from penstock.store.paging import ALL, LONGEST, Span
from penstock.store.unit import Actor, ActorKind, Look, Work, looking, working

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_PAGE: Final = 100
_NOBODY: Final = "nobody"
_RUN_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came: the path as sent, its ids, its headers in lower case."""

    method: str
    path: str
    ids: Mapping[str, str]
    parameters: tuple[tuple[str, str], ...]
    headers: Mapping[bytes, bytes]
    credential: Credential

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Linked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page as it is sent; `next` is the cursor of the one after it."""

    items: tuple[object, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    context: ManagerContext
    cursors: Cursors
    idempotency: IdempotencyRepository

    @classmethod
    def of(cls, context: ManagerContext) -> Steps:
        # One manager at a time has a state folder: see `manager.lock`.
        place = f"{socket.gethostname()}:{context.contents.folder.absolute()}"
        run = secrets.token_hex(_RUN_BYTES)
        repository = IdempotencyRepository(context.database, context.vault, place, run)
        return cls(context, Cursors.of(context.vault), repository)

    def begin(self, route: Route, asked: Asked) -> Call | Answer:
        """Find out who asks and whether they may; answer at once what only reads."""
        with looking(self.context.database) as look:
            if route.permission is Open.ANYBODY:
                caller = _nobody(asked)
            else:
                caller = recognise(look, self.context, asked.credential)
            scope = authorise(look, self.context, route, caller, asked.ids)
            pairs, span = self._span(route, asked)
            call = Call(
                context=self.context,
                caller=caller,
                now=self.context.clock(),
                ids=asked.ids,
                scope=scope,
                query=_query(route, pairs),
                last_event=asked.header(b"last-event-id"),
            )
            return self._read(look, route, asked, (call, span))

    def _read(
        self, look: Look, route: Route, asked: Asked, begun: tuple[Call, Span]
    ) -> Call | Answer:
        call, span = begun
        match route.handler:
            case Reads(run=run):
                answer = answered(route.status, run(look, call))
            case Lists(run=lists, narrowed=narrowed):
                reach = call.caller.grants.reach(str(route.permission)) if narrowed else ALL
                page = lists(look, call, reach, span)
                listing = _listing(asked)
                after = None if page.next is None else self.cursors.write(page.next, listing)
                answer = answered(route.status, Linked(page.items, after))
            case Streams(check=check):
                check(look, call)
                return call
            case Makes() | Changes() | Acts() | Downloads():
                return call
            case _:
                assert_never(route.handler)
        return not_modified(answer, asked.header(b"if-none-match"))

    def finish(self, route: Route, asked: Asked, call: Call, body: bytes | Path) -> Answer:
        """Do what was asked, once: with an Idempotency-Key, the same answer is given again."""
        form = _form(route, body)
        request = _idempotent(asked, call, body)
        if request is None:
            return self._do(route, asked, (call, form), lambda _work, _answer: None)
        earlier = self.idempotency.begin(request, call.now)
        if earlier is not None:
            return _replayed(decode_answer(earlier))

        def keep(work: Work, answer: Answer) -> None:
            self.idempotency.complete(work.session, request, encode_answer(answer))

        try:
            return self._do(route, asked, (call, form), keep)
        except BaseException:
            self.idempotency.cancel(request)
            raise

    def _do(
        self,
        route: Route,
        asked: Asked,
        wanted: tuple[Call, object],
        keep: Callable[[Work, Answer], None],
    ) -> Answer:
        call, form = wanted
        match route.handler:
            case Makes(run=run, prepare=prepare):
                form = form if prepare is None else prepare(call, form)
                with self._working(call) as work:
                    answer = _made(route, run(work, call, form))
                    keep(work, answer)
            case Changes() as handler:
                answer = self._change(handler, asked, call, form)
            case Acts() as handler:
                answer = self._act(handler, route, wanted, keep)
            case Reads() | Lists() | Streams() | Downloads():
                raise TypeError(f"{route.method} {route.path} does nothing")
            case _:
                assert_never(route.handler)
        return answer

    def _change(self, handler: Changes, asked: Asked, call: Call, form: object) -> Answer:
        with looking(self.context.database) as look:  # before anything costly is prepared
            check_match(asked.headers, _current(handler, look, call))
        if handler.prepare is not None:
            form = handler.prepare(call, form)
        with self._working(call) as work:
            current = _current(handler, work, call)
            check_match(asked.headers, current)
            return answered(201 if current is None else 200, handler.run(work, call, form))

    def _act(
        self,
        handler: Acts,
        route: Route,
        wanted: tuple[Call, object],
        keep: Callable[[Work, Answer], None],
    ) -> Answer:
        """Write down who asked for what, then ask for it: no act is without its entry."""
        call, form = wanted
        with self._working(call) as work:
            if handler.check is not None:
                handler.check(work, call, form)
            work.note(f"{route.permission}", handler.about(call), None, form)
        answer = answered(route.status, handler.run(call, form))
        with self.context.database.writing() as session:
            keep(Work(session, call.caller.actor, call.now), answer)
        return answer

    def _working(self, call: Call) -> AbstractContextManager[Work]:
        return working(self.context.database, call.caller.actor, self.context.clock())

    def _span(self, route: Route, asked: Asked) -> tuple[list[tuple[str, str]], Span]:
        if not isinstance(route.handler, Lists):
            return list(asked.parameters), Span()
        pairs = [pair for pair in asked.parameters if pair[0] not in {"cursor", "limit"}]
        paging = dict(pair for pair in asked.parameters if pair[0] in {"cursor", "limit"})
        limit = paging.get("limit", str(_PAGE))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= LONGEST):
            raise ManagementError(f"A page has 1 to {LONGEST} items.", pointer="?limit")
        cursor = paging.get("cursor")
        after = None if cursor is None else self.cursors.read(cursor, _listing(asked))
        return pairs, Span(after=after, limit=int(limit))


def _current(handler: Changes, look: Look, call: Call) -> object | None:
    try:
        return handler.current(look, call)
    except NotFoundError:
        if handler.makes:
            return None
        raise


def _made(route: Route, found: object) -> Answer:
    identifier = getattr(found, "id", None)
    made = route.status == 201 and isinstance(identifier, str)  # noqa: PLR2004 HTTP's "created"
    location = f"{ROOT}/{route.path.rsplit('/', 1)[1]}/{identifier}" if made else None
    return answered(route.status, found, location=location)


def _form(route: Route, body: bytes | Path) -> object:
    if isinstance(body, Path):
        return body
    if route.takes is None:
        if body.strip() not in {b"", b"{}"}:
            raise ManagementError("This takes no body.", pointer="/")
        return None
    return read_body(body or b"{}", route.takes)


def _query(route: Route, pairs: list[tuple[str, str]]) -> object:
    return read_query(pairs, route.query or _NoParameters)


class _NoParameters(msgspec.Struct, frozen=True):
    """The form of a query string that holds nothing."""


def _listing(asked: Asked) -> str:
    filters = sorted(pair for pair in asked.parameters if pair[0] not in {"cursor", "limit"})
    return f"{asked.path}?{filters}"


def _idempotent(asked: Asked, call: Call, body: bytes | Path) -> IdempotentRequest | None:
    key = asked.header(b"idempotency-key")
    known = call.caller.actor.id != _NOBODY  # a login is never given again
    if key is None or asked.method != "POST" or not known:
        return None
    if not _KEY.fullmatch(key):
        raise ManagementError("An Idempotency-Key has 1 to 128 printable signs.")
    hashed = hashlib.sha256(f"{asked.method} {asked.path}\n".encode())
    hashed.update(body if isinstance(body, bytes) else body.read_bytes())
    return IdempotentRequest(caller=call.caller.actor.id, key=key, request=hashed.hexdigest())


def _replayed(answer: Answer) -> Answer:
    return msgspec.structs.replace(
        answer, headers=(*answer.headers, ("idempotency-replayed", "true"))
    )


def _nobody(asked: Asked) -> Caller:
    credential = asked.credential
    actor = Actor(ActorKind.PERSON, _NOBODY, "not known", credential.address, credential.request)
    return Caller(actor=actor, grants=NOTHING)
