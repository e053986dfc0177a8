"""A request to one node, past the gateway: over its Unix socket, or over TCP."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.deploy.types import Address

_MOST = 1 << 20  # bytes of an answer that are of interest


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` until the whole of it was there."""

    status: int
    body: bytes
    seconds: float


class NoAnswerError(Exception):
    """The node did not answer; the message says how."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("node", timeout=timeout)
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)


def visit(  # noqa: PLR0913 a request has so many parts
    address: Address,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 2.0,
) -> Answer:
    """Ask a node; each wait may take `timeout` seconds. Raises NoAnswerError."""
    connection = (
        _UnixConnection(address.path, timeout)
        if address.path
        else http.client.HTTPConnection(address.host or "", address.port, timeout=timeout)
    )
    began = time.monotonic()
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        received = response.read(_MOST)
    except (http.client.HTTPException, OSError) as error:
        raise NoAnswerError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    return Answer(response.status, received, time.monotonic() - began)
