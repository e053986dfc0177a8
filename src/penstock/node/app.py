"""Endpoints → a Litestar application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from litestar import Litestar, Request, Response, asgi
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.handlers import ASGIRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from penstock.events import Answered
from penstock.node.endpoints import ENDPOINTS, Endpoint
from penstock.node.exchange import Exchange
from penstock.node.node import Node, nowhere
from penstock.problems import MEDIA_TYPE, encode_problem, problem_of

_Refusal: TypeAlias = Callable[[Request[None, None, State], NotFoundException], Response[bytes]]


def create_app(node: Node) -> ASGIApp:
    """Return the node's application.

    Litestar finds who answers, but for the exact addresses: its router and its wrapping of `send`
    were a seventh of the time of a kept answer, so those are looked up here.
    """
    router = Litestar(
        [_route(node, endpoint) for endpoint in ENDPOINTS],
        openapi_config=None,
        logging_config=None,
        exception_handlers={NotFoundException: _nowhere(node)},
    )
    exact = {endpoint.path: endpoint for endpoint in ENDPOINTS if not endpoint.below}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = exact.get(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if endpoint is None or scope["type"] != ScopeType.HTTP:
            await router(scope, receive, send)
        else:
            await node.handle(Exchange(scope, receive, send), endpoint.path, endpoint.answer)

    return application


def _route(node: Node, endpoint: Endpoint) -> ASGIRouteHandler:
    @asgi(endpoint.path, is_mount=endpoint.below, copy_scope=False)
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.WEBSOCKET:
            await node.handle(Exchange(scope, receive, send), endpoint.path, endpoint.answer)

    return handle


def _nowhere(node: Node) -> _Refusal:
    """Answer like a handler does, in the framework's own way: it knows that no handler is meant."""

    def refuse(request: Request[None, None, State], _: NotFoundException) -> Response[bytes]:
        exchange = Exchange(request.scope, request.receive, request.send)
        problem = problem_of(nowhere(exchange))
        body = encode_problem(problem)
        node.tell(
            Answered(
                method=exchange.method,
                path=exchange.path,
                route="elsewhere",
                status=problem.status,
                seconds=0.0,
                bytes=len(body),
                code=problem.code,
                trace=exchange.trace,
            )
        )
        return Response(
            body,
            status_code=problem.status,
            media_type=MEDIA_TYPE.decode(),
            headers={"cache-control": "no-store", "traceparent": exchange.trace},
        )

    return refuse
