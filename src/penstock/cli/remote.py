"""The manager's REST API, as the commands call it: its errors are ours again on this side."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeAlias
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec

from penstock.cli.home import DEFAULT_HOME
from penstock.errors import (
    AuthenticationError,
    ConfigurationError,
    ManagementError,
    ManagerUnreachableError,
    NotFoundError,
    PenstockError,
    SeveralErrors,
)
from penstock.query.types import Json

STATE = "manager.json"
_TIMEOUT = 30.0
_BETWEEN = 0.3  # seconds between two tries
_SILENCE = 60.0  # seconds: streams of events have a heartbeat
ADDRESS = "PENSTOCK_MANAGER_URL"
_TOKEN = "PENSTOCK_TOKEN"  # noqa: S105 the name of a variable

_TOKENS = f"Where the manager runs, `penstock tokens create` makes one; put it in {_TOKEN}."

Body: TypeAlias = Mapping[str, Json]


class Running(msgspec.Struct, frozen=True):
    """What a manager says of itself in the state folder."""

    address: str
    token: str
    pid: int = 0
    socket: str | None = None
    gateway: str | None = None


class _Part(msgspec.Struct, frozen=True):
    code: str
    title: str
    detail: str
    hint: str | None = None
    pointer: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    code: str
    title: str
    detail: str
    hint: str | None = None
    pointer: str | None = None
    errors: tuple[_Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: its id, its kind, and its data."""

    id: str | None
    kind: str
    data: bytes


@dataclass(slots=True)
class Manager:
    """Raises ManagerUnreachableError, and whatever the manager answers, as PenstockError."""

    client: httpx.Client
    address: str
    home: Path = DEFAULT_HOME

    def get(self, path: str, **parameters: str | int | None) -> Json:
        wanted = {name: value for name, value in parameters.items() if value is not None}
        return _read(self._send("GET", path, params=wanted))

    def items(self, path: str, **parameters: str | int | None) -> Iterator[dict[str, Json]]:
        """Yield what a list holds, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **parameters)
            if not isinstance(page, dict) or not isinstance(found := page.get("items"), list):
                raise ManagementError(f"The manager's answer to {path} is not a list.")
            yield from (item for item in found if isinstance(item, dict))
            following = page.get("next")
            if not isinstance(following, str):
                return
            cursor = following

    def post(self, path: str, body: Body | None = None) -> Json:
        """Send once, though the answer may be lost on the way: a second try has the same key."""
        headers = {"Idempotency-Key": str(uuid4())}
        content = msgspec.json.encode(body or {})
        try:
            return _read(self._send("POST", path, content=content, headers=headers))
        except ManagerUnreachableError:
            time.sleep(0.5)
            return _read(self._send("POST", path, content=content, headers=headers))

    def put(self, path: str, body: Body) -> Json:
        """Write a resource, whether or not it is there."""
        try:
            etag = self.etag(path)
        except NotFoundError:
            etag = None
        headers = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        content = msgspec.json.encode(body)
        return _read(self._send("PUT", path, content=content, headers=headers))

    def upload(self, path: str, file: Path, etag: str | None) -> Json:
        """Send a ZIP, a piece at a time."""
        headers = {"Content-Type": "application/zip", "Content-Length": str(file.stat().st_size)}
        if etag is not None:
            headers["If-Match"] = etag
        with file.open("rb") as pieces:
            return _read(self._send("PUT", path, content=pieces, headers=headers))

    def etag(self, path: str) -> str | None:
        found: str | None = self._send("GET", path).headers.get("etag")
        return found

    def delete(self, path: str) -> None:
        """Remove a resource, as it is now."""
        self._send("DELETE", path, headers={"If-Match": self.etag(path) or "*"})

    @contextmanager
    def stream(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        silence: float | None = _SILENCE,
        **parameters: str | int | None,
    ) -> Iterator[httpx.Response]:
        """Give an answer that comes by and by: `silence` seconds at most without any, if set."""
        wanted = {name: value for name, value in parameters.items() if value is not None}
        timeout = httpx.Timeout(_TIMEOUT, read=silence)
        try:
            with self.client.stream(
                "GET", "/api/v1" + path, params=wanted, headers=headers, timeout=timeout
            ) as response:
                if response.status_code >= 400:  # noqa: PLR2004 where errors begin
                    response.read()
                    _raise(response)
                yield response
        except httpx.TransportError as error:
            raise _unreachable(self.address, error) from error

    def events(self, path: str, after: str | None = None) -> Iterator[Event]:
        """Yield server-sent events until the stream ends."""
        headers = {"Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = after
        with self.stream(path, headers) as response:
            yield from _events(response.iter_lines())

    def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        given = {"Content-Type": "application/json", **(headers or {})}
        try:
            response = self.client.request(
                method, "/api/v1" + path, content=content, headers=given, params=params
            )
        except httpx.TransportError as error:
            raise _unreachable(self.address, error) from error
        if response.status_code >= 400:  # noqa: PLR2004 where errors begin
            _raise(response)
        return response

    def get_patiently(self, path: str, patience: float) -> Json:
        """Read, also while a manager is being started anew; for so many seconds at most."""
        until = time.monotonic() + patience
        while True:
            try:
                return self.get(path)
            except (ManagerUnreachableError, AuthenticationError) as error:
                self.bear(error, until)

    def bear(self, error: PenstockError, until: float) -> None:
        """Wait a moment for a manager that may be started anew, with another local token.

        Raise the error where that is of no use, or `until` is over, by the monotonic clock.
        """
        stranger = isinstance(error, AuthenticationError) and not self.renew()
        if stranger or time.monotonic() > until:
            raise error
        time.sleep(_BETWEEN)

    def renew(self) -> bool:
        """Take over the token of a manager that was started anew; whether there is another one."""
        try:
            token = f"Bearer {find_running(self.home).token}"
        except ManagerUnreachableError:
            return False
        known: str | None = self.client.headers.get("Authorization")
        self.client.headers["Authorization"] = token
        return token != known


def part(name: str) -> str:
    """Return what somebody typed as one part of a path, whatever characters it has."""
    return quote(name, safe="")


@contextmanager
def open_manager(home: Path) -> Iterator[Manager]:
    """Find the manager: PENSTOCK_MANAGER_URL and PENSTOCK_TOKEN, or that of the state folder."""
    with manager_of(find_running(home), home) as manager:
        yield manager


@contextmanager
def manager_of(running: Running, home: Path) -> Iterator[Manager]:
    """Give the manager that was found, whatever the environment names."""
    headers = {"Authorization": f"Bearer {running.token}"}
    with httpx.Client(base_url=running.address, headers=headers, timeout=_TIMEOUT) as client:
        yield Manager(client, running.address, home)


def find_running(home: Path) -> Running:
    """Return where the manager is, by what is written. Raises ManagerUnreachableError."""
    address, token = os.environ.get(ADDRESS), os.environ.get(_TOKEN)
    if address is not None:
        if not token:
            raise ManagerUnreachableError(
                f"{ADDRESS} is set, {_TOKEN} is not.",
                hint=_TOKENS,
            )
        if not address.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"{ADDRESS} is {address!r}.", hint="It is an address: https://host:port."
            )
        return Running(address, token)
    return read_running(home)


def read_running(home: Path) -> Running:
    """Return where the manager of a state folder is, whatever the environment names."""
    try:
        return msgspec.json.decode((home / STATE).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError) as error:
        raise ManagerUnreachableError(
            f"No manager runs with the state in {home}.",
            hint="`penstock up` starts one. Another one: PENSTOCK_MANAGER_URL and PENSTOCK_TOKEN.",
        ) from error


def _unreachable(address: str, error: Exception) -> ManagerUnreachableError:
    return ManagerUnreachableError(
        f"The manager at {address} does not answer ({type(error).__name__}).",
        hint=f"{ADDRESS} names it: is it the manager's address, and is there a way to it?"
        if ADDRESS in os.environ
        else "`penstock up` starts it; its log, manager.log, is in the state folder.",
    )


def _read(response: httpx.Response) -> Json:
    if not response.content:
        return None
    document: Json = msgspec.json.decode(response.content)
    return document


def _raise(response: httpx.Response) -> None:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError as error:
        raise ManagementError(f"The manager answered {response.status_code}.") from error
    errors = [_error(part) for part in problem.errors or (problem,)]
    raise errors[0] if len(errors) == 1 else SeveralErrors(errors)


def _error(part: _Part | _Problem) -> PenstockError:
    """Return the error that a code stands for; its kind decides what a command does about it."""
    kind = _kinds().get(part.code, ManagementError)
    hint = _TOKENS if part.code == AuthenticationError.code else part.hint
    return kind(part.detail, hint=hint, pointer=part.pointer)


@cache
def _kinds() -> Mapping[str, type[PenstockError]]:
    found: dict[str, type[PenstockError]] = {}
    left: list[type[PenstockError]] = [PenstockError]
    while left:
        kind = left.pop()
        left.extend(kind.__subclasses__())
        if kind.__init__ is PenstockError.__init__:
            found.setdefault(kind.code, kind)
    return found


def _events(lines: Iterator[str]) -> Iterator[Event]:
    """Read the lines of a stream of events (the field names and the blank line of the standard)."""
    name, kind, data = None, "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line and data:
            yield Event(name, kind, "\n".join(data).encode())
            kind, data = "message", []
        elif field == "id":
            name = value
        elif field == "event":
            kind = value
        elif field == "data":
            data.append(value)
