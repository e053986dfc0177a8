"""A connection to a Docker engine: made when needed, made anew after the engine was away."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import TypeVar

import docker
from docker.api.client import APIClient
from docker.errors import APIError, DockerException, NotFound
from urllib3.exceptions import HTTPError

from penstock.deploy.drivers.beating import beating
from penstock.deploy.drivers.log_stream import Asked, LogStream
from penstock.errors import DriverError, DriverUnavailableError

T = TypeVar("T")

_SOCKET = "unix:///var/run/docker.sock"
_TIMEOUT = 60
# A kept connection breaks at once where the engine was restarted; then a new one may well work.
_AT_ONCE = 5.0
# requests' errors are OSErrors.
_LOST = (OSError, DockerException, HTTPError)


class Engine:
    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` may name the engine: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH."""
        self._environment = dict(environment)
        self._lock = Lock()
        self._client: APIClient | None = None

    def call(self, act: Callable[[APIClient], T]) -> T:
        """Do something that may be done twice. Raises DriverUnavailableError and DriverError.

        What is not there is docker's own NotFound: the driver knows what that means.
        """
        began = time.monotonic()
        try:
            return self._try(act)
        except DriverUnavailableError:
            if time.monotonic() - began > _AT_ONCE:
                raise
            return self._try(act)

    def stream(self, asked: Asked) -> Iterator[bytes]:
        """Yield chunks of a log as they come, and let go of it when the caller does.

        Who follows it is given an empty one while it is silent.
        """
        stream = self.call(lambda api: LogStream(api, asked))
        try:
            yield from beating(stream, stream.close) if asked.follow else stream
        except _LOST as error:
            raise self._unavailable(error) from error
        finally:
            stream.close()

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _try(self, act: Callable[[APIClient], T]) -> T:
        try:
            self._knock()
            return act(self._connect())
        except NotFound:
            raise
        except APIError as error:
            raise DriverError(
                f"Docker refuses: {_words(error)}",
                hint="The engine's own log says more.",
            ) from error
        except _LOST as error:
            self.close()
            raise self._unavailable(error) from error

    def _knock(self) -> None:
        """See that somebody listens: docker-py leaks a socket for each connection that fails."""
        place = self._environment.get("DOCKER_HOST") or _SOCKET
        if place.startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(_AT_ONCE)
                door.connect(place.removeprefix("unix://"))

    def _connect(self) -> APIClient:
        with self._lock:
            if self._client is None:
                self._client = docker.from_env(
                    version="auto", timeout=_TIMEOUT, environment=self._environment
                ).api
            return self._client

    def _unavailable(self, error: Exception) -> DriverUnavailableError:
        where = self._environment.get("DOCKER_HOST") or _SOCKET
        if "ermission denied" in str(error):
            return DriverUnavailableError(
                f"This user may not use the Docker engine at {where}",
                hint="Add the user to the group `docker`, or use the driver `process`.",
            )
        return DriverUnavailableError(
            f"No Docker engine answers at {where}",
            hint="Start Docker, name another engine in DOCKER_HOST, or use the driver `process`.",
        )


def _words(error: APIError) -> str:
    return str(error.explanation or error).strip().splitlines()[0][:500]
