"""The manager, as a node calls it: over TCP, or a Unix socket of this machine."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from penstock.errors import ConfigurationError, ManagementError, ManagerUnreachableError
from penstock.secret import Secret
from penstock.version import VERSION

UNIX: Final = "unix:"

_CONNECT: Final = 2.0  # seconds
_ANSWER: Final = 5.0  # seconds, beside those that it was asked to wait
_NEVER: Final = frozenset({400, 413, 422})  # what is sent will be refused the next time too
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class ManagerAddress:
    """`path` is that of a Unix socket, None for an address of the network."""

    url: str
    path: str | None = None

    @classmethod
    def parse(cls, text: str) -> ManagerAddress:
        """Read `unix:/path` or `http(s)://host:port`. Raises ConfigurationError."""
        if text.startswith(UNIX) and len(text) > len(UNIX):
            return cls("http://manager", text.removeprefix(UNIX))
        try:
            parts = urlsplit(text)
            is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            is_url = False
        if not is_url:
            raise ConfigurationError(
                "PENSTOCK_MANAGER is not the address of a manager.",
                hint="Write unix:/path/manager.sock, http://host:port or https://host:port.",
            )
        return cls(text.rstrip("/"))


class ManagerClient:
    """The three things that a node asks of its manager, each in a thread or loop of its own.

    `token` says which node asks. All raise ManagerUnreachableError where it is worth trying again.
    """

    def __init__(self, address: ManagerAddress, token: Secret) -> None:
        self._address = address
        self._headers = {
            "authorization": f"Bearer {token.reveal()}",
            "user-agent": f"penstock-node/{VERSION}",
        }

    def open_async(self) -> httpx.AsyncClient:
        """Return a client for `wait_for_snapshot`; it is for one event loop."""
        return httpx.AsyncClient(
            base_url=self._address.url,
            headers=self._headers,
            transport=httpx.AsyncHTTPTransport(
                uds=self._address.path,
                verify=_trusted(),
                socket_options=None if self._address.path else _WATCHED,
            ),
            trust_env=False,  # a proxy for the world's pages is none for the manager
        )

    def open(self) -> httpx.Client:
        """Return a client for `send_usage` and `ask_refresh`."""
        return httpx.Client(
            base_url=self._address.url,
            headers=self._headers,
            transport=httpx.HTTPTransport(uds=self._address.path, verify=_trusted()),
            trust_env=False,
            timeout=httpx.Timeout(_ANSWER, connect=_CONNECT),
        )


async def wait_for_snapshot(client: httpx.AsyncClient, after: int, wait: float) -> bytes | None:
    """Return a signed snapshot newer than `after`, None if there was none for `wait` seconds.

    Raises ManagerUnreachableError.
    """
    try:
        response = await client.get(
            "/node/v1/snapshot",
            params={"after": after, "wait": wait},
            timeout=httpx.Timeout(wait + _ANSWER, connect=_CONNECT),
        )
    except httpx.HTTPError as error:
        raise _unreachable(type(error).__name__) from error
    if response.status_code == _NOT_MODIFIED:
        return None
    if not response.is_success:
        raise _unreachable(f"it answers {response.status_code}")
    return response.content


def send_usage(client: httpx.Client, lines: bytes) -> None:
    """Deliver usage events.

    Raises ManagerUnreachableError, and ManagementError for what will never be taken.
    """
    try:
        response = client.post(
            "/node/v1/usage", content=lines, headers={"content-type": "application/x-ndjson"}
        )
    except httpx.HTTPError as error:
        raise _unreachable(type(error).__name__) from error
    if response.status_code in _NEVER:
        raise ManagementError(f"The manager refuses them with {response.status_code}.")
    if not response.is_success:
        raise _unreachable(f"it answers {response.status_code}")


def ask_refresh(client: httpx.Client) -> int:
    """Have every node of our place count its tables anew; return what their snapshot will say.

    Raises ManagerUnreachableError.
    """
    try:
        response = client.post("/node/v1/refresh")
    except httpx.HTTPError as error:
        raise _unreachable(type(error).__name__) from error
    if not response.is_success:
        raise _unreachable(f"it answers {response.status_code}")
    try:
        return msgspec.json.decode(response.content, type=_Refresh).refresh
    except msgspec.DecodeError as error:
        raise _unreachable("it answers something else") from error


class _Refresh(msgspec.Struct, frozen=True):
    refresh: int


def _unreachable(why: str) -> ManagerUnreachableError:
    return ManagerUnreachableError(
        f"The manager cannot be reached: {why}.", hint="Is it running? See `penstock manager`."
    )


_WATCHED: Final = (
    # Who waits sends nothing, and would not notice that the other machine is gone: in 3 s it does.
    # While what was sent is not confirmed the kernel asks nothing: that has a limit of its own.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 3_000),
)


def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
