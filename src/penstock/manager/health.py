"""Whether the manager lives, can work, and how it is: for whoever operates it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from penstock.errors import ForbiddenError, PenstockError
from penstock.events import Unready
from penstock.manager.answers import Answer, answered
from penstock.manager.callers import is_local, recognise
from penstock.manager.context import ManagerContext
from penstock.manager.dispatch import Dispatcher, asked_of, send
from penstock.manager.metrics import MEDIA_TYPE, ManagerMetrics
from penstock.node.exchange import Exchange
from penstock.store.desk import Problem
from penstock.store.grants import Scope
from penstock.store.sequences import SequenceRepository
from penstock.store.unit import looking

_READ: Final = "system:metrics:read"
_UNTOLD: Final = (
    "It fails. The manager's log says why, and so does this to who may see its figures."
)


@dataclass(slots=True)
class Health:
    context: ManagerContext
    dispatcher: Dispatcher
    metrics: ManagerMetrics
    _noticed: Mapping[str, str] = field(default_factory=dict)

    async def live(self, exchange: Exchange) -> None:
        await send(exchange, answered(200, {"status": "live"}))

    async def ready(self, exchange: Exchange) -> None:
        """Say which check fails to anybody; why, to the log and to who may see the figures."""
        found = await self.dispatcher.call(self._problems)
        status = "unready" if found else "ready"
        if self.dispatcher.wakeful.stopping:
            status = "stopping"
        body: dict[str, object] = {"status": status, "problems": dict.fromkeys(found, _UNTOLD)}
        may = await self.dispatcher.call(lambda: self._may(exchange)) if found else False
        if may:
            body["problems"] = {name: problem.said for name, problem in found.items()}
            body["codes"] = {name: problem.code for name, problem in found.items()}
        await send(exchange, answered(200 if status == "ready" else 503, body))

    async def figures(self, exchange: Exchange) -> None:
        """Answer who is on this machine, and who has a token that may."""
        if not _is_near(exchange):
            await self.dispatcher.call(lambda: self._check(exchange))
        self.metrics.streams.set(self.dispatcher.streams)
        headers = (("content-type", MEDIA_TYPE), ("cache-control", "no-store"))
        await send(exchange, Answer(200, headers, self.metrics.exposition()))

    def _problems(self) -> Mapping[str, Problem]:
        """Return what is wrong, and note it where that is news."""
        problems: dict[str, Problem] = {}
        try:
            SequenceRepository(self.context.database).of("")
        except PenstockError as error:
            problems["database"] = Problem.of(error)
        problem = self.context.desk.problem()
        if problem is not None:
            problems["deployment"] = problem
        said = {name: problem.said for name, problem in problems.items()}
        if said and said != self._noticed:
            self.context.observe(Unready(problems=said))
        self._noticed = said
        return problems

    def _may(self, exchange: Exchange) -> bool:
        try:
            self._check(exchange)
        except PenstockError:
            return False
        return True

    def _check(self, exchange: Exchange) -> None:
        credential = asked_of(exchange, {}).credential
        if is_local(self.context, credential):
            return
        with looking(self.context.database) as look:
            caller = recognise(look, self.context, credential)
        if not caller.grants.allow(_READ, Scope()):
            raise ForbiddenError(f"This needs the permission {_READ}.")


def _is_near(exchange: Exchange) -> bool:
    """Whether the caller is on this machine: by its Unix socket, or by a loopback address."""
    if b"x-forwarded-for" in exchange.headers or b"forwarded" in exchange.headers:
        return False
    client = exchange.scope.get("client")
    if client is None or not client[0]:
        return True
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
