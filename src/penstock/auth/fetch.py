"""The address of a key set -> its bytes, from the open internet only.

With `jwks`, the only modules of `auth` that do I/O, all of it with the standard library.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from penstock.errors import ConfigurationError

TIMEOUT = 5.0  # seconds for one fetch, from the first packet to the last
MAX_BYTES = 256 * 1024

_CHUNK = 16 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OK = 200

Sockaddr: TypeAlias = tuple[str, int]


def check_url(url: str) -> SplitResult:
    """Take an address apart; ConfigurationError for one that is never fetched."""
    try:
        address = urlsplit(url)
        fetchable = address.scheme in {"http", "https"} and address.hostname and address.port != 0
        if fetchable and address.username is None and address.password is None:
            return address
    except ValueError:
        pass  # urlsplit says no more than that it is wrong
    raise ConfigurationError(
        "A `jwks_url` is not an address that keys can be fetched from.",
        hint="It looks like https://id.example.com/jwks.json, without a user name or password.",
    )


def fetch(address: SplitResult, *, allow_private_address: bool) -> bytes:
    """Return what is at an address.

    No proxy, no redirect, no private network: an address in a project's files must not become a
    way to reach what only this machine can reach. Raises OSError, HTTPException, ValueError.
    """
    ends = time.monotonic() + TIMEOUT
    connection = _connection(address, allow_private_address=allow_private_address)
    try:
        path = address.path or "/"
        target = f"{path}?{address.query}" if address.query else path
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        if response.status != _OK:
            raise ValueError(f"it answered {response.status}, not {_OK}")
        return _read_bounded(response, ends)
    finally:
        connection.close()


def _connection(address: SplitResult, *, allow_private_address: bool) -> HTTPConnection:
    host, port = address.hostname or "", address.port
    secure = address.scheme == "https"
    number = _resolve(host, port or (443 if secure else 80), private=allow_private_address)
    if secure:
        return _PinnedTLS(number, host, port)
    return _Pinned(number, host, port)


class _Pinned(HTTPConnection):
    """Connects to the address that was checked: a second look-up could give another one."""

    def __init__(self, number: Sockaddr, host: str, port: int | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._number = number

    def connect(self) -> None:
        self.sock = socket.create_connection(self._number, TIMEOUT)


class _PinnedTLS(HTTPSConnection):
    """The same, with the certificate checked for the name."""

    def __init__(self, number: Sockaddr, host: str, port: int | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._number = number
        self._tls = ssl.create_default_context()

    def connect(self) -> None:
        plain = socket.create_connection(self._number, TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _resolve(host: str, port: int, *, private: bool) -> Sockaddr:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    numbers = [(str(sockaddr[0]), port) for *_, sockaddr in found]
    allowed = [number for number in numbers if private or is_public(number[0])]
    if not allowed:
        raise ValueError(f"{host} has a private address; allow_private_address permits that")
    return allowed[0]


def is_public(number: str) -> bool:
    """Whether an IP address, and any IPv4 address inside it, is one of the open internet's."""
    ip = ipaddress.ip_address(number.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in (ip, *_inside(ip)))


def _inside(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterable[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv6Address):
        yield from filter(None, (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())))
        if ip in _NAT64:
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _read_bounded(response: HTTPResponse, ends: float) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES} bytes")
        if time.monotonic() > ends:
            raise TimeoutError(f"it took longer than {TIMEOUT:g} seconds")
    return bytes(body)
