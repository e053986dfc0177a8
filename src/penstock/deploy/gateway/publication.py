"""Resources → Envoy's files, in an order in which no request finds a hole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.gateway.admin import Admin
from penstock.deploy.gateway.bootstrap import ENDPOINTS, LISTENERS
from penstock.deploy.gateway.files import read_file, write_file
from penstock.deploy.gateway.listeners import ROUTES
from penstock.deploy.gateway.process import LOG, eventually
from penstock.deploy.gateway.resources import Resource, Resources, resources, united
from penstock.deploy.gateway.types import GatewayConfig
from penstock.errors import GatewayError

_TAKES: Final = 5.0  # seconds until Envoy has read a file, at most
# What Envoy says of each file: the version that it has taken, how many it has refused.
_NAMES: Final = {
    ENDPOINTS: "cluster.nodes",
    ROUTES: "http.in.rds.public",
    LISTENERS: "listener_manager.lds",
}
_WARMING: Final = "listener_manager.total_listeners_warming"
_STATS: Final = (
    r"^(cluster\.nodes|http\.in\.rds\.public|listener_manager\.lds)"
    r"\.(version_text|update_rejected)$|total_listeners_warming$"
)


class _Listed(msgspec.Struct):
    name: str = ""


class _Written(msgspec.Struct):
    version_info: str = ""
    resources: list[_Listed] = []


def written_listeners(folder: Path) -> frozenset[str]:
    """Return the addresses, `host:port`, of the listeners that were published last."""
    written = _read(folder / LISTENERS)
    return frozenset(one.name for one in written.resources) if written else frozenset()


class Publication:
    """What is in the files, and what Envoy has taken of it."""

    def __init__(self, folder: Path, admin: Admin) -> None:
        self._folder = folder
        self._admin = admin

    def prepare(self) -> None:
        """Have files to start from, where nothing was published yet or one is damaged."""
        nothing = _files(resources(GatewayConfig()))
        for name, resource in nothing.items():
            if _read(self._folder / name) is None:
                write_file(self._folder / name, resource.content)

    def holds(self, made: Resources) -> bool:
        """Say whether this is what is published."""
        return all(self._has(name, resource) for name, resource in _files(made).items())

    def taken(self, made: Resources) -> bool:
        """Say whether Envoy works by this. Raises GatewayError where it does not answer."""
        told = self._admin.stats(_STATS)
        return not told.get(_WARMING) and all(
            told.get(f"{_NAMES[name]}.version_text") == resource.version
            for name, resource in _files(made).items()
            if _is_read(name, told)
        )

    def publish(self, made: Resources, *, running: bool) -> None:
        """Write what differs; an address leads only to nodes that Envoy knows, at every moment.

        Raises GatewayError where Envoy refuses one, which then is what it was.
        """
        files = _files(made)
        if not (self._has(ROUTES, made.routes) and self._has(LISTENERS, made.listeners)):
            both = united(made.endpoints, read_file(self._folder / ENDPOINTS))
            self._replace(ENDPOINTS, both, running=running)
        for name in (ROUTES, LISTENERS, ENDPOINTS):
            self._replace(name, files[name], running=running)
        if running and not eventually(lambda: self.taken(made), _TAKES):
            raise GatewayError("The gateway does not read its files.", hint="Its log may say why.")

    def _has(self, name: str, resource: Resource) -> bool:
        return read_file(self._folder / name) == resource.content

    def _replace(self, name: str, resource: Resource, *, running: bool) -> None:
        if self._has(name, resource):
            return
        path = self._folder / name
        if not running:
            write_file(path, resource.content)
            return
        before, refused, logged = read_file(path), self._refused(name), _size(self._folder / LOG)
        write_file(path, resource.content)
        eventually(lambda: self._decided(name, resource, refused), _TAKES)
        if self._refused(name) > refused:
            if before is not None:
                write_file(path, before)
            raise GatewayError(
                f"The gateway refuses its configuration: {_refusal(self._folder / LOG, logged)}",
                hint="What it served before, it serves on.",
            )

    def _refused(self, name: str) -> int:
        return int(self._admin.stats(_STATS).get(f"{_NAMES[name]}.update_rejected", 0))

    def _decided(self, name: str, resource: Resource, refused: int) -> bool:
        told = self._admin.stats(_STATS)
        return (
            not _is_read(name, told)
            or told.get(f"{_NAMES[name]}.version_text") == resource.version
            or int(told.get(f"{_NAMES[name]}.update_rejected", 0)) > refused
        )


def _files(made: Resources) -> dict[str, Resource]:
    return {ENDPOINTS: made.endpoints, ROUTES: made.routes, LISTENERS: made.listeners}


def _is_read(name: str, told: Mapping[str, int | str]) -> bool:
    """Say whether Envoy reads a file: it does routes once a listener has them."""
    return name != ROUTES or f"{_NAMES[ROUTES]}.version_text" in told


def _read(path: Path) -> _Written | None:
    try:
        return msgspec.json.decode(read_file(path) or b"", type=_Written)
    except msgspec.MsgspecError:
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _refusal(log: Path, since: int) -> str:
    """Return what Envoy said last about an update, in its own words."""
    with log.open("rb") as lines:
        lines.seek(since)
        said = [line.decode(errors="replace") for line in lines if b"rejected" in line]
    return said[-1].split("rejected:", 1)[-1].strip() if said else "it does not say why"
