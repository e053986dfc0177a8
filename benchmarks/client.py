"""Ask a server on loopback: once, as fast as it can, as a download, or as a crowd."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from benchmarks.processes import HOST

ANSWER_TIMEOUT = 60.0
BLOCK = 1 << 18
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
FIRST_FAILURE = 400


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `body` of a GET is empty."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"

    def encode(self, *, keep_alive: bool) -> bytes:
        headers = {"Host": HOST, "Connection": "keep-alive" if keep_alive else "close"}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = (f"{name}: {value}" for name, value in {**headers, **self.headers}.items())
        head = "\r\n".join((f"{self.method} {self.path} HTTP/1.1", *lines))
        return head.encode() + HEAD_END + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer whose body nobody keeps."""

    status: int
    took_ms: float
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """`rate` counts good answers only, in requests per second; `failures` are all the others."""

    rate: float
    p50_ms: float
    failures: int


@dataclass(frozen=True, slots=True)
class Download:
    """Medians, from before the connection is opened; `first_ms` is to the body's first byte."""

    total_ms: float
    first_ms: float
    size: int


def ask(port: int, request: Request) -> Answer:
    """Ask once; header names come back in small letters."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_TIMEOUT)
    headers = {"Content-Type": "application/json", **request.headers} if request.body else {}
    try:
        connection.request(
            request.method, request.path, request.body or None, headers or dict(request.headers)
        )
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def load(port: int, request: Request, *, clients: int, seconds: float) -> Load:
    """Send one request over and over on kept connections, with `wrk` where it is installed."""
    wrk = shutil.which("wrk")
    if wrk:
        return _load_by_wrk(wrk, port, request, clients=clients, seconds=seconds)
    return asyncio.run(_load_by_python(port, request, clients, seconds))


def download(port: int, request: Request, *, times: int) -> Download:
    """Fetch a large answer again and again, throwing its bytes away."""
    wire = request.encode(keep_alive=False)
    runs = [_download_once(port, wire) for _ in range(times)]
    return Download(
        statistics.median(run.total_ms for run in runs),
        statistics.median(run.first_ms for run in runs),
        runs[-1].size,
    )


def crowd(
    port: int, request_of: Callable[[int], Request], *, clients: int, seconds: float
) -> Counter[str]:
    """Let many ask at once, `request_of(n)` being the n-th question; count what they were told.

    A refusal that says when to come back is counted as "503 + Retry-After".
    """
    return asyncio.run(_crowd(port, request_of, clients, seconds))


def alternate(
    first: tuple[int, Request], second: tuple[int, Request], *, times: int
) -> tuple[list[Answered], list[Answered]]:
    """Ask two servers turn by turn, one question at a time on a kept connection each.

    What the machine does meanwhile then meets both alike, and who comes first changes with every
    turn: their difference is steadier than the figures it is taken from.
    """
    taken: tuple[list[Answered], list[Answered]] = ([], [])
    with contextlib.ExitStack() as stack:
        sides = []
        for port, request in (first, second):
            connection = socket.create_connection((HOST, port), timeout=ANSWER_TIMEOUT)
            stack.enter_context(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            file = stack.enter_context(connection.makefile("rb"))
            sides.append((connection, file, request.encode(keep_alive=True)))
        for turn in range(times):
            order = (0, 1) if turn % 2 else (1, 0)
            for side in order:
                (connection, file, wire), answers = sides[side], taken[side]
                begun = time.perf_counter()
                connection.sendall(wire)
                status, headers = _read_kept(file)
                took = (time.perf_counter() - begun) * 1e3
                answers.append(Answered(status, took, headers))
    return taken


def _read_kept(file: BinaryIO) -> tuple[int, Mapping[str, str]]:
    status = int(file.readline().split(b" ")[1])
    headers: dict[str, str] = {}
    while (line := file.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if "content-length" in headers:
        file.read(int(headers["content-length"]))
    else:
        while size := int(file.readline(), 16):
            file.read(size + 2)
        file.readline()
    return status, headers


def _load_by_wrk(wrk: str, port: int, request: Request, *, clients: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "request.lua")
        script.write_text(_wrk_script(request))
        address = f"http://{HOST}:{port}{request.path}"
        options = ["-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
        done = subprocess.run(
            [wrk, *options, address],
            capture_output=True,
            text=True,
            timeout=seconds + ANSWER_TIMEOUT,
            check=True,
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("@ "))
    requests, microseconds, bad, broken, p50 = (float(word) for word in line[2:].split())
    return Load((requests - bad) / microseconds * 1e6, p50 / 1e3, int(bad + broken))


def _wrk_script(request: Request) -> str:
    headers = dict(request.headers)
    if request.body:
        headers["Content-Type"] = "application/json"
    lines = [f'wrk.method = "{request.method}"', f"wrk.body = [==[{request.body.decode()}]==]"]
    lines += [f'wrk.headers["{name}"] = [==[{value}]==]' for name, value in headers.items()]
    return "\n".join(
        (
            *lines,
            "done = function(summary, latency, requests)",
            "  local e = summary.errors",
            '  io.write(string.format("\\n@ %d %d %d %d %f\\n", summary.requests,',
            "    summary.duration, e.status, e.connect + e.read + e.write + e.timeout,",
            "    latency:percentile(50)))",
            "end",
        )
    )


async def _load_by_python(port: int, request: Request, clients: int, seconds: float) -> Load:
    wire = request.encode(keep_alive=True)
    took: list[float] = []
    failures = 0

    async def one() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection(HOST, port)
        while (begun := time.perf_counter()) < deadline:
            writer.write(wire)
            status, _ = await _read_answer(reader)
            took.append(time.perf_counter() - begun)
            failures += status >= FIRST_FAILURE
        writer.close()

    deadline = time.perf_counter() + seconds
    await asyncio.gather(*(one() for _ in range(clients)))
    return Load((len(took) - failures) / seconds, statistics.median(took) * 1e3, failures)


async def _crowd(
    port: int, request_of: Callable[[int], Request], clients: int, seconds: float
) -> Counter[str]:
    told: Counter[str] = Counter()
    asked = 0

    async def one() -> None:
        nonlocal asked
        while time.perf_counter() < deadline:
            asked += 1
            told[await _ask_alone(port, request_of(asked))] += 1

    deadline = time.perf_counter() + seconds
    await asyncio.gather(*(one() for _ in range(clients)))
    return told


async def _ask_alone(port: int, request: Request) -> str:
    """Ask on a connection of its own, as strangers do, and return what the answer was."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return "no connection"
    try:
        writer.write(request.encode(keep_alive=False))
        async with asyncio.timeout(ANSWER_TIMEOUT):
            status, headers = await _read_answer(reader)
    except TimeoutError:
        return "no answer"
    except (OSError, asyncio.IncompleteReadError):
        return "connection lost"
    finally:
        writer.close()
    return f"{status} + Retry-After" if "retry-after" in headers else str(status)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(HEAD_END)).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head[0].split(" ")[1]), headers


def _download_once(port: int, wire: bytes) -> Download:
    block = memoryview(bytearray(BLOCK))
    begun = time.perf_counter()
    with socket.create_connection((HOST, port), timeout=ANSWER_TIMEOUT) as connection:
        connection.sendall(wire)
        head = b""
        while not _has_body(head):
            head += _some(connection)
        first = time.perf_counter()
        size = len(head) - head.index(HEAD_END) - len(HEAD_END)
        last = head[-len(LAST_CHUNK) :]
        while count := connection.recv_into(block):
            size += count
            last = (last + block[:count][-len(LAST_CHUNK) :])[-len(LAST_CHUNK) :]
        total = time.perf_counter()
    if b" 200 " not in head[:16]:
        raise RuntimeError(f"A download was refused: {head[:300]!r}")
    if b"chunked" in head[: head.index(HEAD_END)].lower() and last != LAST_CHUNK:
        raise RuntimeError("A download broke off before its end")
    return Download((total - begun) * 1e3, (first - begun) * 1e3, size)


def _has_body(received: bytes) -> bool:
    """Whether a byte of the body has come: headers alone could be sent before the query runs."""
    return 0 <= received.find(HEAD_END) < len(received) - len(HEAD_END)


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(BLOCK)
    if not received:
        raise RuntimeError("The server closed the connection before its answer began")
    return received
