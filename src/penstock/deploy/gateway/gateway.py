"""The gateway as the manager holds it: started or found again, told what to know, asked."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Final, NoReturn

import msgspec

from penstock.deploy.gateway.access_log import ACCESS_LOG
from penstock.deploy.gateway.admin import Admin
from penstock.deploy.gateway.bootstrap import BOOTSTRAP, LISTENERS, bootstrap
from penstock.deploy.gateway.certificates import CERTIFICATES
from penstock.deploy.gateway.files import keep_only, read_file, shorten, write_file
from penstock.deploy.gateway.process import (
    LOG,
    binary,
    check_ports,
    end,
    eventually,
    last_words,
    launch,
)
from penstock.deploy.gateway.publication import Publication, written_listeners
from penstock.deploy.gateway.resources import Resources, resources
from penstock.deploy.gateway.types import Figures, GatewayConfig, GatewaySettings, Listener
from penstock.deploy.types import Place
from penstock.errors import GatewayError

_LOG_LIMIT: Final = 64 << 20
_DIES_WITHIN: Final = 5.0
_RUNNING: Final = r"^http\.in\.downstream_rq_active$"


class Gateway:
    """Every method may be called from any thread, at any time, and again.

    `home` holds Envoy's files, its logs and its admin socket; keys of certificates too, so that
    Envoy can be started while nobody can be asked for them: it is for its owner only.
    """

    def __init__(self, home: Path, settings: GatewaySettings | None = None) -> None:
        self._home = home.absolute()
        self._settings = settings or GatewaySettings()
        self._admin = Admin(self._home)
        self._publication = Publication(self._home, self._admin)
        self._lock = RLock()
        self._known: tuple[GatewayConfig, Resources] | None = None

    @property
    def log(self) -> Path:
        return self._home / LOG

    @property
    def access_log(self) -> Path:
        return self._home / ACCESS_LOG

    @property
    def external(self) -> bool:
        """Whether somebody else starts and ends Envoy."""
        return self._settings.external

    def alive(self) -> bool:
        return self._admin.ready()

    def pid(self) -> int | None:
        """Return Envoy's process, None where there is none."""
        return self._admin.pid()

    def start(self) -> None:
        """Have Envoy run: the one that does, or a new one, which serves what the last one did.

        Raises GatewayError: it is not installed, a port is taken, or it does not come up; one that
        is external, and away, finds its files when it comes.
        """
        with self._lock:
            if self.alive():
                return
            if self.external:
                self._expect()
            stuck = self._admin.pid()
            if stuck is not None and not eventually(self.alive, _DIES_WITHIN):
                end(stuck, within=0)
            if not self.alive():
                self._start()

    def publish(self, config: GatewayConfig) -> None:
        """Have Envoy know all this, and nothing else; returns once it does.

        Where nothing changes nothing is written. Without Envoy the files are for its next start.
        Raises GatewayError where the configuration contradicts itself, a port is taken, or Envoy
        refuses it, and StorageFullError: what was known before stays in force.
        """
        with self._lock:
            made = self._resources(config)
            if self._publication.holds(made):
                return
            held = written_listeners(self._home)
            running = self._admin.pid() is not None
            if running:
                mine = {_listener(address).port for address in held}
                self._check([one for one in config.listeners if one.port not in mine])
            missing = {
                name: content
                for name, content in made.pems.items()
                if read_file(self._home / name) != content
            }
            try:
                for name, content in missing.items():
                    write_file(self._home / name, content)
                self._publication.publish(made, running=running)
            finally:
                self._keep_certificates()

    def applied(self, config: GatewayConfig, place: Place | None = None) -> bool:
        """Say whether Envoy has taken this, and who of its nodes can serve.

        Of `place`, else of all, every serving node has been checked, and one of each API answers.
        """
        with contextlib.suppress(GatewayError):
            if not self._publication.taken(self._resources(config)):
                return False
            nodes = self.nodes()
            routes = [route for route in config.routes if place in (None, route.place)]
            groups = [[one.node for one in route.live if not one.draining] for route in routes]
            return all(_served(group, nodes) for group in groups)
        return False

    def nodes(self) -> Mapping[str, Figures]:
        """Return what Envoy counted of each node; nothing where it does not answer."""
        try:
            return self._admin.nodes()
        except GatewayError:
            return {}

    def figures(self, node: str) -> Figures | None:
        return self.nodes().get(node)

    def active(self, node: str) -> int | None:
        """Return how many requests a node is answering, None where that is not known."""
        figures = self.figures(node)
        return None if figures is None else figures.active

    def healthy(self, node: str) -> bool | None:
        figures = self.figures(node)
        return None if figures is None else figures.healthy

    def rotate_logs(self, limit: int = _LOG_LIMIT) -> None:
        """Put aside what is longer than `limit` bytes; one older generation is kept."""
        shortened = [shorten(path, limit) for path in (self.log, self.access_log)]
        if any(shortened):
            with contextlib.suppress(GatewayError):
                self._admin.post("/reopen_logs")

    def stop(self, deadline: float | None = None) -> None:
        """Take nothing new, let what runs finish for so many seconds, and end Envoy.

        An external one is left as it is.
        """
        with self._lock:
            pid = self._admin.pid()
            if pid is None or self.external:
                return
            with contextlib.suppress(GatewayError):
                # Connections are closed with the next answer on each, then the doors.
                self._admin.post("/healthcheck/fail")
                self._admin.post("/drain_listeners")
                eventually(self._idle, self._settings.drain if deadline is None else deadline)
            end(pid, _DIES_WITHIN)

    def _expect(self) -> NoReturn:
        """Have files for whoever starts Envoy; the bootstrap comes last, it is waited for."""
        self._publication.prepare()
        if read_file(self._home / BOOTSTRAP) is None:
            self._write_bootstrap()
        raise GatewayError(
            "The gateway is not there; its files wait for it.",
            hint="It is run apart: `penstock gateway` in the same state folder starts it.",
        )

    def _start(self) -> None:
        binary()
        self._publication.prepare()
        self._check([_listener(address) for address in written_listeners(self._home)])
        self._write_bootstrap()
        child = launch(self._home, self._settings)
        eventually(lambda: child.poll() is not None or self.alive(), self._settings.start_timeout)
        if not self.alive():
            child.kill()
            raise GatewayError(
                f"The gateway does not start. Its last words: {last_words(self.log)}",
                hint=f"The whole of them is in {self.log.name} in the state folder.",
            )

    def _write_bootstrap(self) -> None:
        told = msgspec.json.encode(bootstrap(self._settings))
        write_file(self._home / BOOTSTRAP, msgspec.json.format(told))

    def _check(self, listeners: Sequence[Listener]) -> None:
        """See that ports are free, where they are this machine's."""
        if not self.external:
            check_ports(listeners)

    def _keep_certificates(self) -> None:
        """Remove those that no listener names: of what was before, or of what was refused."""
        held = read_file(self._home / LISTENERS) or b""
        keep_only(self._home / CERTIFICATES, held)

    def _resources(self, config: GatewayConfig) -> Resources:
        with self._lock:
            if self._known is None or self._known[0] != config:
                self._known = (config, resources(config))
            return self._known[1]

    def _idle(self) -> bool:
        return all(not value for value in self._admin.stats(_RUNNING).values())


def _listener(address: str) -> Listener:
    host, _, port = address.rpartition(":")
    return Listener(host=host.strip("[]"), port=int(port))


def _served(group: list[str], nodes: Mapping[str, Figures]) -> bool:
    if not group:
        return True
    health = [nodes[node].healthy if node in nodes else None for node in group]
    return None not in health and any(health)
