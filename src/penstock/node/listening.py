"""Where a node listens: an address of the network, or a socket file of this machine."""

from __future__ import annotations

import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.errors import ConfigurationError

_UNREAD_MILLISECONDS: Final = 30_000
_BACKLOG: Final = 2048
_UNIX: Final = "unix:"
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Binding:
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SocketFile:
    path: Path


def parse_listen(text: str) -> Binding | SocketFile:
    """Read `unix:/path`, `host:port` or `[v6]:port`. Raises ConfigurationError."""
    if text.startswith(_UNIX) and len(text) > len(_UNIX):
        return SocketFile(Path(text.removeprefix(_UNIX)))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise ConfigurationError(
            f"{text!r} is no place to listen.",
            hint="Write host:port, as in 127.0.0.1:8080, or unix:/path/node.sock.",
        )
    return Binding(host.removeprefix("[").removesuffix("]"), int(port))


def listen(where: Binding | SocketFile) -> socket.socket:
    """Return a socket that takes connections from now on. Raises ConfigurationError."""
    return _listen_file(where.path) if isinstance(where, SocketFile) else _listen_network(where)


def name_listener(listener: socket.socket) -> str:
    """Return an address of the network as people write it, with the port that it got."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


@contextmanager
def listening(where: Binding | SocketFile) -> Iterator[tuple[socket.socket, str]]:
    """Give a socket and its address; at the end the file is gone. Raises ConfigurationError."""
    listener = listen(where)
    try:
        if isinstance(where, Binding):
            yield listener, name_listener(listener)
            return
        made = where.path.stat().st_ino
        yield listener, f"{_UNIX}{where.path}"
        with suppress(OSError):
            if where.path.stat().st_ino == made:  # else another node has taken the place
                where.path.unlink()
    finally:
        listener.close()


def _listen_network(binding: Binding) -> socket.socket:
    family = socket.AF_INET6 if ":" in binding.host else socket.AF_INET
    # With the protocol named, the event loop sends small answers at once (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":
        # Who takes nothing for so long is gone: the kernel drops what waits for them.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    try:
        listener.bind((binding.host, binding.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Cannot listen on {binding.host}:{binding.port}: {error.strerror}.",
            hint="Choose another --port, or 0 for a free one.",
        ) from error
    return listener


def _listen_file(path: Path) -> socket.socket:
    """Listen on a socket file for this user only; one that nobody listens on any more is replaced.

    It appears listening, so that nobody is refused in between.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    new = path.with_name(f"{path.name}~")
    try:
        _refuse_living(path)
        new.unlink(missing_ok=True)
        listener.bind(str(new))
        new.chmod(stat.S_IRUSR | stat.S_IWUSR)
        listener.listen(_BACKLOG)
        new.replace(path)
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise ConfigurationError(
            f"Cannot listen on {_UNIX}{path}: {why}.",
            hint="The folder must be there; a path has some 100 bytes at most.",
        ) from error
    return listener


def _refuse_living(path: Path) -> None:
    if not path.is_socket():
        if path.exists():
            raise FileExistsError(17, "it is a file")
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except TimeoutError:
            pass
    raise OSError(98, "another process listens there")
