"""Where the manager listens: a port for people and programs, a Unix socket for nodes."""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from penstock.errors import ConfigurationError
from penstock.secret import Secret
from penstock.store.failures import translated

STATE: Final = "manager.json"
SOCKET: Final = Path("run") / "manager.sock"
_BACKLOG: Final = 512
_LONGEST: Final = 107  # bytes that the path of a Unix socket may have on Linux


@dataclass(frozen=True, slots=True)
class Binding:
    """An address and a port; port 0 takes a free one."""

    host: str
    port: int


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in manager.json: where the manager is, and what opens it to us."""

    address: str
    socket: str
    token: str
    pid: int
    gateway: str | None = None


@contextmanager
def listening(home: Path, binding: Binding) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the two sockets. Raises ConfigurationError for an address that is taken."""
    port = _listen(binding)
    try:
        path = (home / SOCKET).absolute()
        unix = _listen_locally(path)
        try:
            yield port, unix
        finally:
            unix.close()
            path.unlink(missing_ok=True)
    finally:
        port.close()


@contextmanager
def announced(home: Path, listener: socket.socket, token: Secret, gateway: str) -> Iterator[str]:
    """Write manager.json for who may read the folder, and take it away at the end."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 it is compared
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    running = Running(
        address=address,
        socket=str((home / SOCKET).absolute()),
        token=token.reveal(),
        pid=os.getpid(),
        gateway=gateway or None,
    )
    path = home / STATE
    temporary = home / f".{STATE}.{secrets.token_hex(4)}"
    with translated(str(path)):
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(running))
        temporary.replace(path)
    try:
        yield address
    finally:
        path.unlink(missing_ok=True)


def _listen(binding: Binding) -> socket.socket:
    family = socket.AF_INET6 if ":" in binding.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((binding.host, binding.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The manager cannot listen on {binding.host}:{binding.port}: {error.strerror}.",
            hint="Choose another --port, or 0 for a free one.",
        ) from error
    return listener


def _listen_locally(path: Path) -> socket.socket:
    """Listen on a socket for who gets at it; a dead manager's is taken away.

    Nodes in containers, which are other users, have its folder mounted. On this machine the state
    folder keeps others out: where it does not, the socket is its owner's alone.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise ConfigurationError(
            f"The path of the manager's socket is longer than {_LONGEST} bytes: {path}",
            hint="Choose a state folder with a shorter path: --home, or PENSTOCK_HOME.",
        )
    with translated(str(path)):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        closed = not stat.S_IMODE(path.parent.parent.stat().st_mode) & 0o077
        path.parent.chmod(0o711 if closed else 0o700)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            before = os.umask(0o111 if closed else 0o177)
            try:
                listener.bind(str(path))
            finally:
                os.umask(before)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    return listener
