"""The operations -> an application: one way for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import msgspec
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from penstock.errors import MethodNotAllowedError
from penstock.events import Event
from penstock.manager.answers import answered
from penstock.manager.context import ManagerContext
from penstock.manager.dispatch import Dispatcher, nowhere, refuse, send
from penstock.manager.health import Health
from penstock.manager.metrics import ManagerMetrics
from penstock.manager.nodes import NodeDesk
from penstock.manager.openapi import DOCUMENT_PATH, describe
from penstock.manager.operations import ROUTES
from penstock.manager.paths import Paths
from penstock.manager.routes import Route
from penstock.manager.steps import Steps
from penstock.manager.waiting import Wakeful
from penstock.node.exchange import Exchange

_Answering: TypeAlias = Callable[[Exchange], Awaitable[None]]
_Meant: TypeAlias = Callable[[Exchange, Mapping[str, str]], Awaitable[None]]

OPERATED: Final = {
    "/livez": "GET",
    "/readyz": "GET",
    "/metrics": "GET",
    DOCUMENT_PATH: "GET",
    "/node/v1/snapshot": "GET",
    "/node/v1/usage": "POST",
    "/node/v1/refresh": "POST",
}
"""Paths beside the operations, each with its one method."""


@dataclass(frozen=True, slots=True)
class Manager:
    """An application, and what sends home those who wait in it when it is to stop."""

    application: ASGI3Application
    stop: Callable[[], None]


def create_manager_app(context: ManagerContext) -> ASGI3Application:
    """Return the application. Raises StateError where the database or the master key is lost."""
    return open_manager(context).application


def open_manager(context: ManagerContext) -> Manager:
    """Return the application with a way to stop it. Raises as `create_manager_app` does."""
    metrics = ManagerMetrics()
    seen = context.observe

    def observe(event: Event) -> None:
        metrics(event)
        seen(event)

    context = replace(context, observe=observe)
    wakeful = Wakeful(context.database.bell)
    dispatcher = Dispatcher(context, Steps.of(context), wakeful)
    nodes = NodeDesk.open(context, dispatcher)
    health = Health(context, dispatcher, metrics)
    answering: dict[str, _Answering] = {
        "/livez": health.live,
        "/readyz": health.ready,
        "/metrics": health.figures,
        DOCUMENT_PATH: _document,
        "/node/v1/snapshot": nodes.snapshot,
        "/node/v1/usage": nodes.usage,
        "/node/v1/refresh": nodes.refresh,
    }
    meant = [*_operations(dispatcher, ROUTES), *_operated(dispatcher, answering)]
    return Manager(_application(dispatcher, Paths.of(meant)), wakeful.stop)


def _application(dispatcher: Dispatcher, paths: Paths[_Meant]) -> ASGI3Application:
    async def application(
        scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await _live(dispatcher, receive, send)
        elif scope["type"] == "http":
            exchange = Exchange(scope, receive, send)
            found = paths.find(scope["raw_path"].decode("latin-1"))
            if found is None:
                await refuse(exchange, nowhere(exchange))
            else:
                meant, ids = found
                await meant(exchange, ids)
        else:
            await send({"type": "websocket.close", "code": 1000, "reason": None})

    return application


async def _live(
    dispatcher: Dispatcher, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Follow the server's start and end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            dispatcher.wakeful.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            dispatcher.wakeful.stop()
            dispatcher.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _operations(dispatcher: Dispatcher, routes: tuple[Route, ...]) -> Iterator[tuple[str, _Meant]]:
    found: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = found.setdefault(route.address, {})
        if route.method in methods:
            raise ValueError(f"{route.method} {route.path} is there twice")
        methods[route.method] = route
    for path, methods in found.items():
        yield path, _dispatched(dispatcher, methods)


def _dispatched(dispatcher: Dispatcher, methods: Mapping[str, Route]) -> _Meant:
    async def answer(exchange: Exchange, ids: Mapping[str, str]) -> None:
        await dispatcher.handle(exchange, methods, ids)

    return answer


def _operated(
    dispatcher: Dispatcher, answering: Mapping[str, _Answering]
) -> Iterator[tuple[str, _Meant]]:
    for path, answer in answering.items():
        yield path, _only(dispatcher, OPERATED[path], answer)


def _only(dispatcher: Dispatcher, method: str, answer: _Answering) -> _Meant:
    async def check(exchange: Exchange, _: Mapping[str, str]) -> None:
        if exchange.method == method or (exchange.method == "HEAD" and method == "GET"):
            await dispatcher.guard(exchange, answer)
        else:
            await refuse(exchange, MethodNotAllowedError(f"Only {method} applies here."), [method])

    return check


async def _document(exchange: Exchange) -> None:
    await send(exchange, answered(200, msgspec.Raw(msgspec.json.encode(describe(ROUTES)))))
