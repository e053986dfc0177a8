"""What nodes ask of the manager: the keys in force, signed; and to keep what they have served."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from penstock.auth.keyring import KeyRecord
from penstock.deploy.types import Place
from penstock.errors import AuthenticationError, ManagementError, TooLargeError
from penstock.link.snapshot import (
    MEDIA_TYPE,
    NodeLimits,
    Snapshot,
    new_signing_key,
    sign_snapshot,
)
from penstock.link.token import NodeIdentity, read_node_token
from penstock.manager.answers import Answer, answered
from penstock.manager.callers import bearer
from penstock.manager.context import (
    NODE_SECRET,
    NODE_SECRET_BYTES,
    SIGNING_KEY,
    ManagerContext,
)
from penstock.manager.dispatch import Dispatcher, send
from penstock.manager.resources.configuration import LIMITS, REFRESHED
from penstock.node.exchange import Exchange
from penstock.store import keys, settings
from penstock.store.keys import KeyRepository
from penstock.store.sealed import SealedRepository
from penstock.store.sequences import SequenceRepository, sequence_of
from penstock.store.unit import SYSTEM, Look, looking, working
from penstock.store.usage import UsageRepository
from penstock.usage.event import decode_events

LONGEST_WAIT: Final = 25.0
_LARGEST: Final = 1 << 20
_LINES: Final = 2_000
_KEPT: Final = 64  # signed snapshots, of the places asked for last


@dataclass(slots=True)
class NodeDesk:
    """Answers nodes. `secret` and `signing` are read once: they never change."""

    context: ManagerContext
    dispatcher: Dispatcher
    secret: bytes
    signing: bytes
    _signed: OrderedDict[tuple[str, str, int], bytes] = field(default_factory=OrderedDict)

    @classmethod
    def open(cls, context: ManagerContext, dispatcher: Dispatcher) -> NodeDesk:
        """Raise StateError where the database or the master key is lost."""
        sealed = SealedRepository(context.database, context.vault)
        return cls(
            context,
            dispatcher,
            sealed.get_or_make(NODE_SECRET, lambda: secrets.token_bytes(NODE_SECRET_BYTES)),
            sealed.get_or_make(SIGNING_KEY, new_signing_key),
        )

    async def snapshot(self, exchange: Exchange) -> None:
        """Answer with what is newer than `after`, waiting for it up to `wait` seconds."""
        node = self._recognise(exchange)
        after, wait = _wanted(exchange)
        body = await self._newer(node, after, wait)
        if body is None:
            await send(exchange, Answer(304, (("cache-control", "no-store"),), b""))
            return
        headers = (("content-type", MEDIA_TYPE), ("cache-control", "no-store"))
        await send(exchange, Answer(200, headers, body))

    async def usage(self, exchange: Exchange) -> None:
        """Keep usage events, all or none; each once, however often it is sent."""
        node = self._recognise(exchange)
        body = await exchange.body(_LARGEST)
        stored = await self.dispatcher.call(lambda: self._store(node, body))
        await send(exchange, answered(200, {"stored": stored}))

    async def refresh(self, exchange: Exchange) -> None:
        """Have all nodes of a place count their tables anew, by way of their snapshots."""
        node = self._recognise(exchange)
        mark = await self.dispatcher.call(lambda: self._refresh(node))
        await send(exchange, answered(200, {"refresh": mark}))

    def _recognise(self, exchange: Exchange) -> NodeIdentity:
        header = exchange.headers.get(b"authorization", b"").decode("latin-1")
        node = read_node_token(self.secret, bearer(header) or "")
        if node is None:
            raise AuthenticationError("A node's token is needed.")
        return node

    async def _newer(self, node: NodeIdentity, after: int, wait: float) -> bytes | None:
        """Look, then wait and look again: what changes between is never missed."""
        ends = time.monotonic() + wait
        while True:
            changed = self.dispatcher.wakeful.waiter()
            body = await self.dispatcher.call(lambda: self._look(node, after))
            if body is not None:
                return body
            rest = ends - time.monotonic()
            if rest <= 0 or not await self.dispatcher.wakeful.until(changed, rest):
                return None

    def _check_known(self, node: NodeIdentity) -> None:
        """Refuse a node that was removed: its token has no end of its own."""
        if not self.context.desk.knows(Place(node.api, node.environment), node.node):
            raise AuthenticationError(
                "This node was removed, or never was one.",
                hint="Deploy the API: its nodes have tokens.",
            )

    def _look(self, node: NodeIdentity, after: int) -> bytes | None:
        self._check_known(node)
        sequence = self._sequence(node, after)
        return self._sign(node, sequence) if sequence > after else None

    def _sequence(self, node: NodeIdentity, after: int) -> int:
        repository = SequenceRepository(self.context.database)
        found = max(1, repository.of(node.api))
        if after > found:
            return repository.overtake(node.api, after, self.context.clock())
        return found

    def _sign(self, node: NodeIdentity, sequence: int) -> bytes:
        """Sign what is in force: as of `sequence`, or of a later one that came meanwhile."""
        known = self._signed.get((node.api, node.environment, sequence))
        if known is not None:
            return known
        with looking(self.context.database) as look:
            place = Place(node.api, node.environment)
            limits = settings.value(look, LIMITS, place)
            snapshot = Snapshot(
                sequence=max(1, sequence_of(look.session, node.api)),
                issued=self.context.clock(),
                api=node.api,
                environment=node.environment,
                keys=tuple(map(_plain, keys.snapshot_of(look, node.api).records.values())),
                limits=msgspec.convert(limits or {}, NodeLimits),
                refresh=_mark(look, place),
            )
        body = sign_snapshot(snapshot, self.signing)
        self._signed[node.api, node.environment, snapshot.sequence] = body
        while len(self._signed) > _KEPT:
            self._signed.popitem(last=False)
        return body

    def _refresh(self, node: NodeIdentity) -> int:
        self._check_known(node)
        place = Place(node.api, node.environment)
        with working(self.context.database, SYSTEM, self.context.clock()) as work:
            mark = max(_mark(work, place) + 1, int(work.now * 1000))
            settings.write(work, place, REFRESHED, mark)
        return mark

    def _store(self, node: NodeIdentity, body: bytes) -> int:
        self._check_known(node)
        events = decode_events(body)
        if len(events) > _LINES:
            raise TooLargeError(f"{_LINES} events may come at once.")
        for event in events:
            source = (event.source.node, event.source.api, event.source.environment)
            if source != (node.node, node.api, node.environment):
                raise ManagementError("An event is of another node than its token.")
        stored = UsageRepository(self.context.database).take(events)
        used: dict[str, float] = {}
        for event in events:
            if event.credential == "apikey" and event.subject is not None:
                used[event.subject] = max(event.time, used.get(event.subject, 0.0))
        if used:
            KeyRepository(self.context.database).touch(used)
        return stored


def _mark(look: Look, place: Place) -> int:
    """Return the number of the last refresh that was wanted of a place's nodes, 0 for none."""
    found = settings.value(look, REFRESHED, place)
    return found if isinstance(found, int) else 0


def _plain(record: KeyRecord) -> KeyRecord:
    """Return a key whose attributes can be written as JSON: the store gives a read-only view."""
    return dataclasses.replace(record, attributes=dict(record.attributes))


def _wanted(exchange: Exchange) -> tuple[int, float]:
    parameters = dict(exchange.parameters())
    try:
        after, wait = int(parameters.get("after", "0")), float(parameters.get("wait", "0"))
    except ValueError as error:
        raise ManagementError("after and wait are numbers.", pointer="?after") from error
    if not 0 <= after < 1 << 62 or not 0 <= wait <= LONGEST_WAIT:
        raise ManagementError(f"wait is {LONGEST_WAIT:g} seconds at most.", pointer="?wait")
    return after, wait
