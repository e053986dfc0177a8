"""What a node answers before it is warm; from then on, the node itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from penstock.errors import Kind, PenstockError
from penstock.events import Answered, Observer
from penstock.node import metrics
from penstock.node.exchange import Exchange
from penstock.node.metrics import Metrics
from penstock.node.node import refuse
from penstock.node.protocol import Draining
from penstock.node.readiness import readiness, send_readiness
from penstock.node.whole import Header

_ALIVE: Final[list[Header]] = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
]
_TEXT: Final[list[Header]] = [
    (b"content-type", metrics.MEDIA_TYPE),
    (b"cache-control", b"no-store"),
]


class WarmingError(PenstockError):
    """The node was asked before its databases were reached and its probes had passed."""

    code = "NOT_READY"
    kind = Kind.UNAVAILABLE
    title = "The node is not ready yet"


@dataclass(slots=True)
class Standby:
    """An application. `problems` say what is missing, `app` is the node once it is there."""

    metrics: Metrics
    observe: Observer
    draining: Draining
    warnings: Callable[[], Mapping[str, str]] = dict
    problems: Mapping[str, str] = field(
        default_factory=lambda: {"project": "Its databases are being opened."}
    )
    app: ASGI3Application | None = None

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if self.app is not None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(Exchange(scope, receive, send))

    async def _answer(self, exchange: Exchange) -> None:
        match exchange.path:
            case "/livez":
                await exchange.respond(200, _ALIVE, b'{"status":"alive"}')
            case "/readyz":
                found = readiness(self.problems, self.warnings(), stopping=self.draining.has_begun)
                await send_readiness(exchange, found)
            case "/metrics":
                await exchange.respond(200, _TEXT, self.metrics.exposition())
            case _:
                await self._refuse(exchange)

    async def _refuse(self, exchange: Exchange) -> None:
        error = WarmingError("The node is not ready yet.", hint="Try again in a few seconds.")
        await refuse(exchange, error)
        self.observe(
            Answered(
                method=exchange.method,
                path=exchange.path,
                route="warming",
                status=exchange.status,
                seconds=0.0,
                bytes=exchange.sent,
                code=error.code,
                trace=exchange.trace,
            )
        )
