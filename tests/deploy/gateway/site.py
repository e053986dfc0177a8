"""A real gateway in a folder of a test's own, and real nodes behind it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.deploy.gateway import ApiRoute, Gateway, GatewayConfig, Listener, Upstream
from penstock.deploy.types import Address, Place
from penstock.query.types import Json

PATIENCE = 20.0
PLACE = Place("api_flights")


def eventually(look: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not look():
        if time.monotonic() > end:
            raise AssertionError(f"It never came: {what}.")
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def object(self) -> dict[str, Json]:
        decoded = json.loads(self.body)
        assert isinstance(decoded, dict)
        return decoded

    def told(self, name: str) -> str:
        """Return what the node says of itself, or of what it was sent."""
        return str(self.object()[name])

    @property
    def received(self) -> Mapping[str, str]:
        """Return the headers that the node was sent."""
        headers = self.object()["headers"]
        assert isinstance(headers, dict)
        return {name: str(value) for name, value in headers.items()}

    @property
    def problem(self) -> tuple[int, Json]:
        assert self.headers["content-type"] == "application/problem+json", self.body
        problem = self.object()
        assert problem["status"] == self.status
        return self.status, problem["code"]


@dataclass
class Node:
    name: str
    address: Address
    process: subprocess.Popen[bytes]

    def upstream(self, *, draining: bool = False) -> Upstream:
        return Upstream(self.name, self.address, draining)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


@dataclass
class Site:
    """`folder` is short, for sockets; what is started here is ended with it."""

    folder: Path
    port: int = field(default_factory=free_port)
    gateway: Gateway = field(init=False)
    nodes: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gateway = Gateway(self.folder / "gateway")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pid = self.gateway.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        for node in self.nodes.values():
            node.end()

    def start_node(self, name: str, *, tcp: bool = False) -> Node:
        """Start a node, or start it anew where it was."""
        known = self.nodes.get(name)
        address = known.address if known else self._address(name, tcp=tcp)
        if address.path:
            Path(address.path).unlink(missing_ok=True)
        where = str(address) if address.path else str(address.port)
        script = Path(__file__).with_name("upstream.py")
        process = subprocess.Popen([sys.executable, "-S", str(script), name, where])
        self.nodes[name] = Node(name, address, process)
        eventually(lambda: answers(address), f"node {name}")
        return self.nodes[name]

    def config(
        self,
        live: str = "",
        preview: str = "",
        leaving: str = "",
        others: tuple[ApiRoute, ...] = (),
    ) -> GatewayConfig:
        """Return one with the flights' API on these nodes, named and separated by blanks."""
        route = ApiRoute(
            place=PLACE,
            project="flights",
            api="api",
            live=(*self.upstreams(live), *self.upstreams(leaving, draining=True)),
            preview=self.upstreams(preview),
        )
        return GatewayConfig(
            listeners=(Listener(port=self.port),),
            routes=(route, *others),
        )

    def upstreams(self, names: str, *, draining: bool = False) -> tuple[Upstream, ...]:
        return tuple(self.nodes[name].upstream(draining=draining) for name in names.split())

    def publish(self, config: GatewayConfig) -> None:
        self.gateway.publish(config)
        eventually(lambda: self.gateway.applied(config), "the configuration is applied")

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            return read_reply(connection)
        finally:
            connection.close()

    def send(self, head: str) -> Reply:
        """Send a request as it is written: no client mends it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")
            response = http.client.HTTPResponse(connection)
            with closing(response):
                response.begin()
                headers = {name.lower(): value for name, value in response.getheaders()}
                return Reply(response.status, headers, response.read())

    def path(self, path: str) -> Reply:
        return self.send(f"GET {path} HTTP/1.1\nHost: here\nConnection: close")

    def _address(self, name: str, *, tcp: bool) -> Address:
        if tcp:
            return Address(host="127.0.0.1", port=free_port())
        return Address(path=str(self.folder / f"{name}.sock"))


def read_reply(connection: http.client.HTTPConnection) -> Reply:
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


def answers(address: Address) -> bool:
    family, place = (
        (socket.AF_UNIX, address.path)
        if address.path
        else (socket.AF_INET, (address.host, address.port))
    )
    with socket.socket(family) as probe:
        return probe.connect_ex(place) == 0


@contextmanager
def site(folder: Path, *nodes: str) -> Iterator[Site]:
    """Open a site with a running gateway and these nodes, none of which it knows yet."""
    with ExitStack() as stack:
        opened = stack.enter_context(Site(folder))
        for name in nodes:
            opened.start_node(name)
        opened.gateway.start()
        yield opened
