"""Endpoints → an ASGI application."""

from __future__ import annotations

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from penstock.node.endpoints import ENDPOINTS, Endpoint
from penstock.node.exchange import Exchange
from penstock.node.node import Node, Notes, nowhere

_ELSEWHERE = "elsewhere"


def create_app(node: Node) -> ASGI3Application:
    """Return the node's application: an address is answered by its endpoint, or by one above it."""
    exact = {endpoint.path: endpoint for endpoint in ENDPOINTS}
    above = tuple(endpoint for endpoint in ENDPOINTS if endpoint.below)

    def find(path: str) -> Endpoint | None:
        found = exact.get(path)
        if found is None:
            found = next((e for e in above if path.startswith(f"{e.path}/")), None)
        return found

    async def application(
        scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":  # the server is told to offer nothing else
            return
        exchange = Exchange(scope, receive, send)
        endpoint = find(exchange.path)
        if endpoint is None:
            await node.handle(exchange, _ELSEWHERE, _refuse)
        else:
            await node.handle(exchange, endpoint.path, endpoint.answer)

    return application


async def _refuse(_: Node, exchange: Exchange, __: Notes) -> None:
    raise nowhere(exchange)
