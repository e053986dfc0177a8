"""A real node beside the tests: started on a free port, asked over HTTP, stopped by its id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from penstock.query.types import Json
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft, KeyRepository

T = TypeVar("T")

SECRET: Final = "a secret of the laboratory, long enough for HS256"
"""What its tokens are signed with, see `laboratory`."""

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 30.0  # seconds: how long a test waits for what must come

Query = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def object(self) -> dict[str, Json]:
        decoded = json.loads(self.body)
        assert isinstance(decoded, dict)
        return decoded

    def rows(self) -> list[Mapping[str, Json]]:
        """Return the rows of an answer of the shape `rows`."""
        return objects(self.object()["rows"])

    @property
    def told(self) -> tuple[int, Json]:
        """Return the status, and the code of the problem."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        problem = self.object()
        assert problem["status"] == self.status
        return self.status, problem["code"]


def objects(value: Json) -> list[Mapping[str, Json]]:
    """Return a list of JSON objects as one."""
    assert isinstance(value, list)
    return [item for item in value if isinstance(item, Mapping)]


def environment(home: Path) -> dict[str, str]:
    """Return what a `penstock` of this source needs, and nothing of the developer's own."""
    kept = {"PATH": os.environ["PATH"], "TERM": "dumb", "COLUMNS": "120", "LAB_SECRET": SECRET}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "PENSTOCK_HOME": str(home)}


def penstock(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "penstock", *map(str, arguments)]


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Return what `look` finds, looking until it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"It never came: {what}.")


def make_key(home: Path, draft: KeyDraft) -> tuple[str, str]:
    """Return a new key's id and the key."""
    with open_database(home) as database:
        record, secret = KeyRepository(database).create(draft, time.time())
    return record.id, secret.reveal()


@dataclass(slots=True)
class Node:
    """`keys` are by who holds them; `logged` is the file of its log."""

    process: subprocess.Popen[bytes]
    home: Path
    keys: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def logged(self) -> Path:
        return self.home / "node.log"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        connection = self.connect()
        try:
            connection.request(method, path, encode(body), dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, who: str | None = "analyst", **headers: str) -> Reply:
        return self.request("GET", path, headers=self.headers(who, **headers))

    def post(
        self, path: str, body: bytes | Query, who: str | None = "analyst", **headers: str
    ) -> Reply:
        return self.request("POST", path, body, self.headers(who, **headers))

    def headers(self, who: str | None, **headers: str) -> dict[str, str]:
        """Return headers with the key of `who`; `if_none_match` stands for `If-None-Match`."""
        known = {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}
        return {**known, **{name.replace("_", "-"): text for name, text in headers.items()}}

    def events(self, kind: str) -> list[dict[str, Json]]:
        """Return the lines of the log that tell of this kind of event."""
        lines = (line for line in self.logged.read_text().splitlines() if line.startswith("{"))
        return [event for line in lines if (event := json.loads(line))["event"] == kind]

    def metric(self, name: str) -> float:
        """Return one sample, named as in the exposition; 0 where there is none yet."""
        for line in self.get("/metrics", None).body.decode().splitlines():
            sample, _, value = line.rpartition(" ")
            if sample == name:
                return float(value)
        return 0.0

    def is_idle(self) -> bool:
        return self.metric("penstock_running") == self.metric("penstock_waiting") == 0

    def stop(self) -> int:
        """Ask it to stop, as an operator would, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def encode(body: bytes | Query | None) -> bytes | None:
    return json.dumps(body).encode() if isinstance(body, Mapping) else body


@contextmanager
def run_node(
    folder: Path, home: Path, *options: str, drafts: tuple[KeyDraft, ...] = ()
) -> Iterator[Node]:
    """Serve a folder until the end of the context, to callers who are named by their drafts."""
    keys = {draft.name: make_key(home, draft)[1] for draft in drafts}
    home.mkdir(parents=True, exist_ok=True)
    with (home / "node.log").open("wb") as log:
        process = subprocess.Popen(
            penstock("serve", folder, "--port", "0", *options),
            stdout=log,
            stderr=log,
            env=environment(home),
        )
    node = Node(process, home, keys)
    try:
        node.port = eventually(lambda: _port(node), "the node's address")
        eventually(lambda: _is_listening(node), "a node that listens")
        yield node
    finally:
        _end(process)


def _port(node: Node) -> int | None:
    assert node.process.poll() is None, node.logged.read_text()
    for event in node.events("Started"):
        return int(str(event["address"]).rpartition(":")[2])
    return None


def _is_listening(node: Node) -> bool:
    try:
        return node.get("/livez", None).status == 200
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
