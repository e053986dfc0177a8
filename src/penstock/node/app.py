"""Endpoints → a Litestar application."""

from __future__ import annotations

from litestar import Litestar, Request, Response, asgi
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from penstock.errors import NotFoundError
from penstock.node.endpoints import ENDPOINTS, Endpoint
from penstock.node.exchange import Exchange
from penstock.node.node import Node
from penstock.node.problems import MEDIA_TYPE, encode_problem, problem_of


def create_app(node: Node) -> Litestar:
    """Return the node's application.

    Its handlers are bare ASGI: the path of a kept answer has no room for a framework's request.
    """
    return Litestar(
        [_route(node, endpoint) for endpoint in ENDPOINTS],
        openapi_config=None,
        logging_config=None,
        exception_handlers={NotFoundException: _nowhere},
    )


def _route(node: Node, endpoint: Endpoint) -> ASGIRouteHandler:
    @asgi(endpoint.path, is_mount=endpoint.below, copy_scope=False)
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.WEBSOCKET:
            await node.handle(Exchange(scope, receive, send), endpoint.path, endpoint.answer)

    return handle


def _nowhere(request: Request[None, None, State], _: NotFoundException) -> Response[bytes]:
    error = NotFoundError(
        f"There is nothing at {request.url.path}.", hint="The API is described at /docs."
    )
    problem = problem_of(error)
    return Response(
        encode_problem(problem), status_code=problem.status, media_type=MEDIA_TYPE.decode()
    )
