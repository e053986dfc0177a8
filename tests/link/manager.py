"""A manager of a few lines that nodes can be linked to: over TCP or a Unix socket, for real."""

from __future__ import annotations

import ctypes
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from penstock.auth.keyring import KeyRecord
from penstock.link.snapshot import (
    NodeLimits,
    Snapshot,
    new_signing_key,
    sign_snapshot,
    verification_key,
)
from penstock.link.token import NodeIdentity, node_token, read_node_token
from penstock.secret import Secret
from penstock.usage.event import UsageEvent, decode_events

API: Final = "api_laboratory00000"
ENVIRONMENT: Final = "production"
NODE: Final = "n-0123456789abcdef"

_SECRET: Final = b"s" * 32


@dataclass
class Manager:
    """`usage` is what was stored, by id; `lines` counts what came, twice or not.

    `refuses` is the status that it answers usage with instead of storing it; with `forgets`, it
    stores and then breaks the connection before it confirms. One that `vanishes` takes nothing more
    from whoever it answered, not even a packet: as a machine that is gone.
    """

    private: bytes = field(default_factory=new_signing_key)
    usage: dict[str, UsageEvent] = field(default_factory=dict)
    lines: int = 0
    refuses: int | None = None
    forgets: bool = False
    vanishes: bool = False
    gone: list[_Server] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    signed: bytes | None = None
    sequence: int = 0
    keys: Sequence[KeyRecord] = ()
    limits: NodeLimits = field(default_factory=NodeLimits)
    refresh: int = 0

    @property
    def key(self) -> str:
        return verification_key(self.private)

    @property
    def token(self) -> Secret:
        return node_token(_SECRET, NodeIdentity(NODE, API, ENVIRONMENT))

    def publish(self, keys: Sequence[KeyRecord], limits: NodeLimits | None = None) -> None:
        """Put a new snapshot in force."""
        self.keys, self.limits = keys, limits or NodeLimits()
        self._publish()

    def refresh_all(self) -> int:
        """Have every node count its tables anew, as one of them asks for it."""
        self.refresh += 1
        self._publish()
        return self.refresh

    def _publish(self) -> None:
        self.sequence += 1
        self.send(
            sign_snapshot(
                Snapshot(
                    sequence=self.sequence,
                    issued=time.time(),
                    api=API,
                    environment=ENVIRONMENT,
                    keys=tuple(self.keys),
                    limits=self.limits,
                    refresh=self.refresh,
                ),
                self.private,
            )
        )

    def send(self, signed: bytes) -> None:
        """Send these bytes to whoever asks, whatever they are."""
        with self.changed:
            self.signed = signed
            self.changed.notify_all()

    @contextmanager
    def running(self, where: Path | int) -> Iterator[str]:
        """Serve on a socket file, or on a port, 0 for a free one; give the address."""
        server = _unix(where) if isinstance(where, Path) else _Server(("127.0.0.1", where), _Calls)
        server.manager = self
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            server.server_close()
            if self.vanishes:
                self.gone.append(server)
            else:
                server.hang_up()
            with self.changed:
                self.changed.notify_all()
            thread.join()
            if isinstance(where, Path):
                where.unlink(missing_ok=True)

    def let_go(self) -> None:
        """End the connections of what has vanished."""
        for server in self.gone:
            server.hang_up()

    def snapshot(self, after: int, wait: float) -> bytes | None:
        """Return what is newer than `after`, waiting for it."""
        self.asked.append(after)

        def has_newer() -> bool:
            return self.signed is not None and self.sequence > after

        with self.changed:
            self.changed.wait_for(has_newer, wait)
            return self.signed if has_newer() else None

    def store(self, body: bytes) -> int:
        events = decode_events(body)
        self.lines += len(events)
        new = {event.id: event for event in events if event.id not in self.usage}
        self.usage.update(new)
        return len(new)


_ATTACH_FILTER: Final = 26  # SO_ATTACH_FILTER, which Python has no name for
_RETURN: Final = 0x06  # BPF_RET: so many bytes of a packet are kept, and with none it is dropped


def drop_all(connection: socket.socket) -> None:
    """Have the kernel drop each packet that comes for a connection, and confirm none."""
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(nothing))
    connection.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    manager: Manager

    def __init__(self, address: tuple[str, int], handler: type[_Calls]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, _ = self.socket.accept()
        self._open.add(connection)
        return connection, ("node", 0)

    def hang_up(self) -> None:
        """Break every connection, as a process that ends does."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Say nothing: nodes come and go, some by kill -9."""


class _UnixServer(_Server):
    address_family: int = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(str(self.server_address[0]))
        self.server_name, self.server_port = "manager", 0

    @property
    def address(self) -> str:
        return f"unix:{self.socket.getsockname()}"


def _unix(path: Path) -> _Server:
    return _UnixServer((str(path), 0), _Calls)


class _Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def manager(self) -> Manager:
        assert isinstance(self.server, _Server)
        return self.server.manager

    def do_GET(self) -> None:
        manager, parts = self.manager, urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert parts.path == "/node/v1/snapshot"
        if not self._is_known():
            self._answer(401)
            return
        signed = manager.snapshot(int(asked["after"]), float(asked["wait"]))
        if manager.vanishes:
            drop_all(self.connection)
        if signed is None:
            self._answer(304)
        else:
            self._answer(200, signed)

    def do_POST(self) -> None:
        manager = self.manager
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path in {"/node/v1/usage", "/node/v1/refresh"}
        if not self._is_known():
            self._answer(401)
        elif self.path == "/node/v1/refresh":
            self._answer(200, json.dumps({"refresh": manager.refresh_all()}).encode())
        elif manager.refuses is not None:
            self._answer(manager.refuses)
        else:
            stored = manager.store(body)
            if manager.forgets:
                self.close_connection = True
            else:
                self._answer(200, json.dumps({"stored": stored}).encode())

    def _is_known(self) -> bool:
        shown = self.headers["authorization"].removeprefix("Bearer ")
        return read_node_token(_SECRET, shown) == NodeIdentity(NODE, API, ENVIRONMENT)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
