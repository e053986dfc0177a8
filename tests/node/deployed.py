"""A `penstock node` beside the tests: linked to a manager or not, on a socket file."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from link.manager import API, ENVIRONMENT, NODE, Manager
from node.running import PATIENCE, Query, Reply, encode, environment, eventually, penstock
from penstock.auth.apikey import ID_BYTES, SECRET_BYTES, Environment, mint, new_key_id
from penstock.auth.keyring import KeyRecord
from penstock.query.types import Json

_ID: Final = new_key_id(b"k" * ID_BYTES)
_SECRET, _HASH = mint(Environment.LIVE, _ID, b"s" * SECRET_BYTES)

TEXT: Final = _SECRET.reveal()
RECORD: Final = KeyRecord(
    id=_ID,
    name="one",
    environment=Environment.LIVE,
    current=_HASH,
    created=1.0,
    roles=("everything",),
    permissions=frozenset({"refresh"}),
)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("node", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


@dataclass
class Deployed:
    """`place` is the node's socket file, `state` its folder, which outlives it."""

    folder: Path
    place: Path
    state: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def logged(self) -> Path:
        return self.state.with_suffix(".log")

    def command(self) -> list[str]:
        return penstock("node", self.folder)

    def environment(self) -> dict[str, str]:
        return {
            **environment(self.state.with_suffix(".home")),
            "PENSTOCK_LISTEN": f"unix:{self.place}",
            "PENSTOCK_STATE": str(self.state),
            **self.extra,
        }

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start it, and end it if it still runs at the end."""
        with self.logged.open("ab") as log:
            process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, env=self.environment()
            )
        try:
            eventually(lambda: self.is_listening(process), "a node that listens")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
                process.wait()

    def is_listening(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.logged.read_text()
        try:
            return self.get("/livez").status == 200
        except OSError:
            return False

    def is_ready(self) -> bool:
        return self.get("/readyz").status == 200

    def connect(self) -> UnixConnection:
        return UnixConnection(self.place)

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, None, headers)

    def ask(self, query: Query, **headers: str) -> Reply:
        return self.request("POST", "/query", query, {"Authorization": f"Bearer {TEXT}", **headers})

    def request(
        self, method: str, path: str, body: bytes | Query | None, headers: Mapping[str, str]
    ) -> Reply:
        connection = self.connect()
        try:
            connection.request(method, path, encode(body), dict(headers))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def problems(self) -> Json:
        return self.get("/readyz").object()["problems"]

    def metric(self, name: str) -> float:
        for line in self.get("/metrics").body.decode().splitlines():
            sample, _, value = line.rpartition(" ")
            if sample == name:
                return float(value)
        return 0.0

    def events(self, kind: str) -> list[dict[str, Json]]:
        lines = (line for line in self.logged.read_text().splitlines() if line.startswith("{"))
        return [event for line in lines if (event := json.loads(line))["event"] == kind]


def linked(manager: Manager, address: str) -> dict[str, str]:
    """Return what a manager tells a node in its environment."""
    return {
        "PENSTOCK_MANAGER": address,
        "PENSTOCK_NODE_TOKEN": manager.token.reveal(),
        "PENSTOCK_SNAPSHOT_KEY": manager.key,
        "PENSTOCK_API": API,
        "PENSTOCK_ENVIRONMENT": ENVIRONMENT,
        "PENSTOCK_NODE": NODE,
        "PENSTOCK_VERSION": "1.2.3",
        "PENSTOCK_DEPLOYMENT": "dep_1",
        "PENSTOCK_COLOUR": "blue",
    }
