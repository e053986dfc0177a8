"""Whether a node may be sent callers: asked often, looked at once a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import msgspec

from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.node.exchange import Exchange
from penstock.node.whole import Header

_JSON: Final[Header] = (b"content-type", b"application/json")
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")

_FRESH: Final = 1.0  # seconds
_PATIENCE: Final = 5.0  # seconds that a database has to answer


class Readiness(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`problems` keep callers away, `warnings` do not; both say what by a name, without data."""

    status: str
    problems: Mapping[str, str]
    warnings: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET


def readiness(
    problems: Mapping[str, str], warnings: Mapping[str, str], *, stopping: bool = False
) -> Readiness:
    status = "stopping" if stopping else "unready" if problems else "ready"
    return Readiness(status=status, problems=problems, warnings=warnings or msgspec.UNSET)


async def send_readiness(exchange: Exchange, found: Readiness) -> None:
    status = 200 if found.status == "ready" else 503
    await exchange.respond(status, [_JSON, _NO_STORE], msgspec.json.encode(found))


@dataclass(slots=True)
class Pulse:
    """Whether the databases answer. Who asks while somebody looks waits for the same look.

    For one event loop. A database that does not answer holds one thread, not one for each question.
    """

    _found: dict[str, str] = field(default_factory=dict)
    _until: float = 0.0
    _of: Mapping[str, Engine] | None = None
    _look: asyncio.Task[dict[str, str]] | None = None

    async def problems(self, engines: Mapping[str, Engine]) -> dict[str, str]:
        """Return what is wrong with each database that does not answer, by name."""
        if self._of is not engines:
            self._of, self._look, self._until = engines, None, 0.0
        if monotonic() < self._until:
            return self._found
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._ping(engines))
        try:
            found = await asyncio.wait_for(asyncio.shield(self._look), _PATIENCE)
        except TimeoutError:
            return dict.fromkeys(engines, "It does not answer in time.")
        if self._of is engines:
            self._found, self._until = found, monotonic() + _FRESH
        return found

    async def _ping(self, engines: Mapping[str, Engine]) -> dict[str, str]:
        found = await asyncio.gather(*(asyncio.to_thread(_said, e) for e in engines.values()))
        return {name: said for name, said in zip(engines, found, strict=True) if said is not None}


def _said(engine: Engine) -> str | None:
    try:
        engine.ping()
    except PenstockError as error:
        return error.detail
    return None
