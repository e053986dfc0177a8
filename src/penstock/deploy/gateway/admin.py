"""Envoy's admin, over its Unix socket."""

from __future__ import annotations

import http.client
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.gateway.types import Figures
from penstock.errors import GatewayAwayError, GatewayError

_TIMEOUT: Final = 2.0
_PEER_ON_DARWIN: Final = 2  # LOCAL_PEERPID of SOL_LOCAL, which is 0


class _Stat(msgspec.Struct):
    name: str = ""
    value: int | str | None = None


class _Stats(msgspec.Struct):
    stats: list[_Stat]


class _Health(msgspec.Struct):
    failed_active_health_check: bool = False
    pending_active_hc: bool = False
    failed_outlier_check: bool = False


class _Host(msgspec.Struct):
    hostname: str
    stats: list[_Stat]
    health_status: _Health


class _Cluster(msgspec.Struct):
    host_statuses: list[_Host] = []


class _Clusters(msgspec.Struct):
    cluster_statuses: list[_Cluster] = []


class Admin:
    """`folder` is where the socket is. What raises is GatewayError: nobody answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str) -> None:
        self._ask("POST", path)

    def ready(self) -> bool:
        """Say whether Envoy has read all its files and listens."""
        try:
            return self.get("/ready").strip() == b"LIVE"
        except GatewayError:
            return False

    def pid(self) -> int | None:
        """Return who listens on the socket, as the kernel knows; None if nobody does.

        So a process is never taken for the gateway because it has its number.
        """
        try:
            with _connected(self._folder) as connection:
                if sys.platform == "darwin":
                    return connection.getsockopt(0, _PEER_ON_DARWIN)
                size = struct.calcsize("3i")
                told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
                return int(struct.unpack("3i", told)[0])
        except OSError:
            return None

    def stats(self, pattern: str) -> Mapping[str, int | str]:
        told = msgspec.json.decode(self.get(f"/stats?format=json&filter={pattern}"), type=_Stats)
        return {stat.name: stat.value for stat in told.stats if stat.value is not None}

    def nodes(self) -> Mapping[str, Figures]:
        told = msgspec.json.decode(self.get("/clusters?format=json"), type=_Clusters)
        hosts = [host for cluster in told.cluster_statuses for host in cluster.host_statuses]
        return {host.hostname: _figures(host) for host in hosts}

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection("gateway", timeout=_TIMEOUT)
        try:
            with _connected(self._folder) as connection.sock:
                connection.request(method, path)
                response = connection.getresponse()
                body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise GatewayAwayError(
                "The gateway does not answer.", hint="Its log says why; it is started anew."
            ) from error
        if response.status >= http.client.BAD_REQUEST and path != "/ready":
            raise GatewayError(f"The gateway refuses {path}: {body[:300].decode(errors='replace')}")
        return body


@contextmanager
def _connected(folder: Path) -> Iterator[socket.socket]:
    """Connect by way of the open folder: a socket's path has 107 bytes at most."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT)
            by_handle = Path(f"/proc/self/fd/{handle}")
            place = by_handle if by_handle.exists() else folder
            connection.connect(str(place / "admin.sock"))
            yield connection
    finally:
        os.close(handle)


def _figures(host: _Host) -> Figures:
    told = {stat.name: int(stat.value or 0) for stat in host.stats}
    health = host.health_status
    return Figures(
        requests=told.get("rq_total", 0),
        errors=told.get("rq_error", 0),
        refused=told.get("cx_connect_fail", 0),
        timeouts=told.get("rq_timeout", 0),
        active=told.get("rq_active", 0),
        healthy=None
        if health.pending_active_hc
        else not (health.failed_active_health_check or health.failed_outlier_check),
    )
