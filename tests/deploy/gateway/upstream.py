"""A node as small as can be, over HTTP/1.1: it says what it was sent, slowly or in parts if asked.

`python upstream.py NODE unix:PATH|PORT`. Like a node it is ready at `/readyz` (until
SIGUSR1), closes connections unused for 5 s, and on SIGTERM finishes what it answers.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

IDLE = 5.0
GRACE = 30.0


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def number(self, name: str) -> float:
        return float(parse_qs(urlsplit(self.target).query)[name][0])


@dataclass
class Upstream:
    node: str
    ready: bool = True
    served: int = 0
    answering: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while not self.stopping.is_set():
                async with asyncio.timeout(IDLE):
                    request = await read_request(reader)
                self.begin()
                await self.answer(request, writer)
                self.end()
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        path = urlsplit(request.target).path
        if path == "/readyz":
            write(writer, 200 if self.ready else 503, b"{}")
            return
        self.served += 1
        match path:
            case "/slow":
                await asyncio.sleep(request.number("seconds"))
            case "/stream":
                await stream(writer, int(request.number("parts")), request.number("pause"))
                return
            case "/die":
                raise OSError
            case _:
                pass
        told = {
            "node": self.node,
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "size": len(request.body),
            "served": self.served,
        }
        write(writer, 500 if path == "/fail" else 200, json.dumps(told).encode(), request.method)
        await writer.drain()

    def begin(self) -> None:
        self.answering += 1
        self.idle.clear()

    def end(self) -> None:
        self.answering -= 1
        if not self.answering:
            self.idle.set()

    def be_unready(self) -> None:
        self.ready = False

    async def stop(self) -> None:
        async with asyncio.timeout(GRACE):
            await self.idle.wait()
        for writer in [*self.writers]:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return Request(method, target, headers, await read_body(reader, headers))


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def write(writer: asyncio.StreamWriter, status: int, body: bytes, method: str = "GET") -> None:
    head = (
        f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\nserver: upstream\r\n"
        f"traceparent: 00-{'5' * 32}-{'7' * 16}-01\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + (b"" if method == "HEAD" else body))


async def stream(writer: asyncio.StreamWriter, parts: int, pause: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for part in range(parts):
        text = f"part {part}\n".encode()
        writer.write(b"%x\r\n%b\r\n" % (len(text), text))
        await writer.drain()
        await asyncio.sleep(pause)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def main(node: str, where: str) -> None:
    upstream = Upstream(node)
    upstream.idle.set()
    if where.startswith("unix:"):
        server = await asyncio.start_unix_server(upstream.serve, where.removeprefix("unix:"))
    else:
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", int(where))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, upstream.stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, upstream.be_unready)
    await upstream.stopping.wait()
    server.close()
    await upstream.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
