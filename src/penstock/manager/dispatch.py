"""An exchange -> its route -> the steps in a worker thread -> a response, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from penstock.errors import (
    BusyError,
    ManagementError,
    MethodNotAllowedError,
    NotFoundError,
    PenstockError,
    QueryCancelledError,
    StateError,
    StorageFullError,
    TooLargeError,
)
from penstock.events import Answered, Failed, Interrupted
from penstock.manager.answers import Answer
from penstock.manager.callers import Credential, bearer, is_local
from penstock.manager.context import ManagerContext
from penstock.manager.routes import Call, Download, Downloads, Route, Streams
from penstock.manager.steps import Asked, Steps
from penstock.manager.waiting import Wakeful
from penstock.node.exchange import Exchange
from penstock.problems import encode_problem, problem_headers, problem_of
from penstock.store.failures import translated

Result = TypeVar("Result")

THREADS: Final = 8
_MOST: Final = 256  # requests under way before more are sent away
_CHUNK: Final = 1 << 16
_BODY_SECONDS: Final = 30.0
_UPLOAD_SECONDS: Final = 600.0


@dataclass(slots=True)
class Dispatcher:
    context: ManagerContext
    steps: Steps
    wakeful: Wakeful
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="penstock-manager")
    )
    running: int = 0
    streams: int = 0

    async def handle(
        self, exchange: Exchange, routes: Mapping[str, Route], ids: Mapping[str, str]
    ) -> None:
        """Answer a request of a known path."""
        began = time.perf_counter()
        method = "GET" if exchange.method == "HEAD" else exchange.method
        route = routes.get(method)
        code: str | None = None
        try:
            await self._answer(exchange, route or _unknown(exchange, routes), ids)
        except QueryCancelledError as error:
            code = error.code
        except PenstockError as error:
            code = error.parts[0].code
            await refuse(exchange, self._seemly(exchange, error), routes)
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer
            code = PenstockError.code
            self._notice(exchange, error)
            await refuse(exchange, _FAULT, routes)
        self._tell(exchange, route, code, time.perf_counter() - began)

    async def _answer(self, exchange: Exchange, route: Route, ids: Mapping[str, str]) -> None:
        if self.running >= _MOST:
            raise BusyError("The manager is busy.", hint="Send it again in a second.")
        asked = asked_of(exchange, ids)
        self.running += 1
        try:
            begun = await self.call(lambda: self.steps.begin(route, asked))
            if isinstance(begun, Answer):
                await send(exchange, begun)
            elif isinstance(route.handler, Streams):
                await self._stream(exchange, route.handler, begun)
            elif isinstance(route.handler, Downloads):
                run = route.handler.run
                await self._download(exchange, await self.call(lambda: run(begun)))
            else:
                await self._finish(exchange, route, asked, begun)
        finally:
            self.running -= 1

    async def guard(
        self, exchange: Exchange, answer: Callable[[Exchange], Awaitable[None]]
    ) -> None:
        """Answer by something else than an operation; what goes wrong is a problem here too."""
        try:
            await answer(exchange)
        except PenstockError as error:
            await refuse(exchange, self._seemly(exchange, error))
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer
            self._notice(exchange, error)
            await refuse(exchange, _FAULT)

    async def call(self, step: Callable[[], Result]) -> Result:
        """Run a step that waits for a database or a disk."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, step)

    async def _finish(self, exchange: Exchange, route: Route, asked: Asked, call: Call) -> None:
        if route.takes is not Path:
            async with _in_time(_BODY_SECONDS):
                body = await exchange.body(self.context.settings.max_body)
            answer = await self.call(lambda: self.steps.finish(route, asked, call, body))
        else:
            path = await self._receive(exchange)
            try:
                answer = await self.call(lambda: self.steps.finish(route, asked, call, path))
            finally:
                remove_file(path)
        await send(exchange, answer)

    async def _receive(self, exchange: Exchange) -> Path:
        """Write a body to a file of its own, which the caller removes."""
        limit, size = self.context.settings.max_upload, 0
        folder = self.context.contents.folder
        path = await self.call(lambda: _new_file(folder))
        try:
            with translated(str(folder)), path.open("wb") as file:
                async with _in_time(_UPLOAD_SECONDS):
                    async for chunk in _chunks(exchange):
                        size += len(chunk)
                        _check_size(size, limit)
                        file.write(chunk)
        except BaseException:
            remove_file(path)
            raise
        return path

    async def _stream(self, exchange: Exchange, handler: Streams, call: Call) -> None:
        """Send pieces until they end, the caller leaves, or the manager stops."""
        if self.streams >= self.context.settings.max_streams:
            raise BusyError("Too many follow something already.", hint="Close some of them.")
        self.streams += 1
        headers = [
            (b"content-type", handler.media_type.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        pieces = handler.run(call, self.wakeful)
        left = asyncio.create_task(exchange.left())
        try:
            await exchange.start(200, headers)
            if exchange.method != "HEAD":
                await _relay(exchange, pieces, left)
            if not left.done():
                await exchange.write(b"", more=False)
        finally:
            self.streams -= 1
            left.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await left

    async def _download(self, exchange: Exchange, download: Download) -> None:
        try:
            with download.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                name = download.name.encode("ascii", "replace").decode().replace('"', "")
                headers = [
                    (b"content-type", download.media_type.encode()),
                    (b"content-length", str(size).encode()),
                    (b"content-disposition", f'attachment; filename="{name}"'.encode()),
                    (b"cache-control", b"no-store"),
                ]
                await exchange.start(200, headers)
                while exchange.method != "HEAD" and (
                    chunk := await self.call(lambda: file.read(_CHUNK))
                ):
                    await exchange.write(chunk, more=True)
                await exchange.write(b"", more=False)
        finally:
            remove_file(download.path)

    def close(self) -> None:
        self.threads.shutdown(wait=True, cancel_futures=True)

    def _notice(self, exchange: Exchange, error: Exception) -> None:
        told = (
            error.told if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"
        )
        self.context.observe(Failed(path=exchange.path, error=told, trace=exchange.trace))

    def _seemly(self, exchange: Exchange, error: PenstockError) -> PenstockError:
        """Return an error without where our state is, unless the caller holds it.

        Who else asks cannot be told from a stranger while it is away.
        """
        ours = isinstance(error, StateError | StorageFullError)
        if not ours or is_local(self.context, asked_of(exchange, {}).credential):
            return error
        self._notice(exchange, error)
        return type(error)(f"{error.title}.", hint=_LOGGED)

    def _tell(
        self, exchange: Exchange, route: Route | None, code: str | None, seconds: float
    ) -> None:
        name = route.path if route else "elsewhere"
        if exchange.started and code is not None and exchange.status < _ERROR:
            interrupted = Interrupted(
                method=exchange.method,
                path=exchange.path,
                route=name,
                status=exchange.status,
                reason=code,
                seconds=seconds,
                bytes=exchange.sent,
                trace=exchange.trace,
            )
            self.context.observe(interrupted)
            return
        answered = Answered(
            method=exchange.method,
            path=exchange.path,
            route=name,
            status=exchange.status,
            seconds=seconds,
            bytes=exchange.sent,
            code=code,
            trace=exchange.trace,
        )
        self.context.observe(answered)


_ERROR: Final = 400
_LOGGED: Final = "The manager's log says more, under the trace of this answer's `traceparent`."
_FAULT: Final = PenstockError(
    "The manager failed to do this; nothing of it was done by halves.", hint=_LOGGED
)


def asked_of(exchange: Exchange, ids: Mapping[str, str]) -> Asked:
    client = exchange.scope.get("client")
    authorization = exchange.headers.get(b"authorization")
    credential = Credential(
        text=bearer(None if authorization is None else authorization.decode("latin-1")),
        address=client[0] if client else "",
        request=exchange.trace,
    )
    return Asked(
        method=exchange.method,
        path=exchange.path,
        ids=ids,
        parameters=exchange.parameters(),
        headers=exchange.headers,
        credential=credential,
    )


async def send(exchange: Exchange, answer: Answer) -> None:
    headers = answer.raw_headers()
    if answer.status in {204, 304}:
        await exchange.start(answer.status, headers)
        await exchange.write(b"", more=False)
    else:
        await exchange.respond(answer.status, headers, answer.body)


async def refuse(exchange: Exchange, error: PenstockError, allowed: Iterable[str] = ()) -> None:
    """Answer with a problem, unless an answer is under way: then it can only break off."""
    if exchange.started:
        return
    problem = problem_of(error)
    headers = problem_headers(error, problem.status)
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", ", ".join(sorted(allowed)).encode()))
    await exchange.respond(problem.status, headers, encode_problem(problem))


def nowhere(exchange: Exchange) -> NotFoundError:
    return NotFoundError(
        f"Nothing is at {exchange.path[:200]!r}.", hint="GET /api/v1/openapi.json tells what is."
    )


def _unknown(exchange: Exchange, routes: Mapping[str, Route]) -> Route:
    allowed = ", ".join(sorted(routes))
    raise MethodNotAllowedError(f"{exchange.method} does not apply here: {allowed} do.")


@contextlib.asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ManagementError(f"The body did not come within {seconds:g} s.") from error


def remove_file(path: Path) -> None:
    path.unlink(missing_ok=True)


def _new_file(folder: Path) -> Path:
    with translated(str(folder)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".upload-", dir=folder)
        os.close(handle)
    return Path(name)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError(f"A file may have {limit} bytes at most.")


async def _chunks(exchange: Exchange) -> AsyncIterator[bytes]:
    while True:
        message = await exchange.receive()
        if message["type"] != "http.request":
            raise QueryCancelledError("The caller left before the request was whole.")
        yield message["body"]
        if not message["more_body"]:
            return


async def _relay(
    exchange: Exchange, pieces: AsyncIterator[bytes], left: asyncio.Task[None]
) -> None:
    iterator = aiter(pieces)
    while not left.done():
        piece = asyncio.ensure_future(anext(iterator, None))
        await asyncio.wait({piece, left}, return_when=asyncio.FIRST_COMPLETED)
        if not piece.done():
            piece.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await piece
            return
        found = piece.result()
        if found is None:
            return
        await exchange.write(found, more=True)
