"""`penstock demo`: a node, a key, three questions with their answers, then the node stays."""

from __future__ import annotations

import http.client
import json
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from penstock.cli.keys import Home
from penstock.cli.tables import print_answer, print_sql
from penstock.errors import ConfigurationError, UnavailableError
from penstock.local import Project
from penstock.query.types import Json
from penstock.sql.pretty import pretty_sql
from penstock.store.database import DEFAULT_HOME, open_database
from penstock.store.keys import KeyDraft, KeyRepository

_PORT = 8080
_READY_SECONDS = 60
_DAY = 86_400.0
_OK = 200

_QUESTIONS: tuple[tuple[str, Mapping[str, Json]], ...] = (
    (
        "How far did flights go, and how late did they leave, by airport of departure?",
        {
            "data": {"fields": {"distance": ["sum"], "dep_delay": ["avg"], "flight": ["count"]}},
            "scale": {"fields": ["origin"]},
            "order": {"origin": "asc"},
        },
    ),
    (
        "Which three carriers flew farthest from JFK and LaGuardia in January and February?",
        {
            "data": {
                "fields": {
                    "distance": ["sum"],
                    "arr_delay": ["avg"],
                    "tailnum": ["count_distinct"],
                },
                "limit": 3,
            },
            "scale": {"fields": ["carrier"]},
            "filter": {"origin": ["JFK", "LGA"], "month": [1, 2]},
            "order": {"distance": "desc"},
        },
    ),
    (
        "Who made the aircraft? (the makers are in another table, joined by the tail number)",
        {
            "data": {"fields": {"flight": ["count"], "late_share": ["select"]}, "limit": 4},
            "scale": {"fields": ["manufacturer"]},
            "order": {"flight": "desc"},
        },
    ),
)


@dataclass(frozen=True, slots=True)
class _Address:
    port: int
    key: str

    def post(self, path: str, body: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, body, {"Authorization": f"Bearer {self.key}"})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != _OK:
            raise UnavailableError(f"The demo's node answered {response.status}: {answer.decode()}")
        return answer


def demo(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the answers; for scripts.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Default: 8080, or a free one.", min=1, max=65535)
    ] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Start a node on the flights project, make a key, ask three questions, and keep serving.

    Example: penstock demo . --once --port 8080
    """
    console = Console()
    chosen = port or _free_port()
    with Project(folder) as project:
        key = _make_key(home)
        with _node(folder, home, chosen) as node:
            with console.status("Starting the node…"):
                _wait_until_ready(node, chosen, home)
            console.print(f"[bold green]Penstock answers at http://127.0.0.1:{chosen}[/]\n")
            _ask_all(console, project, _Address(chosen, key))
            if once:
                console.print("Without --once the node stays; these then work:\n")
            _show_ways_on(console, _Address(chosen, key))
            if not once:
                _keep_serving(console, node)


def _ask_all(console: Console, project: Project, address: _Address) -> None:
    for title, query in _QUESTIONS:
        body = json.dumps(query).encode()
        question = project.ask(query)
        dialect = project.pipeline.engines[question.plan.database].dialect
        console.print(Text(title, style="bold"))
        console.print(Text(body.decode(), style="cyan"), soft_wrap=True)
        answer = pa.ipc.open_stream(address.post("/query.arrow", body)).read_all()
        print_answer(console, question.plan.columns, answer)
        print_sql(console, pretty_sql(question.rows.text, dialect))
        values = ", ".join(
            f"${i} = {value!r}" for i, value in enumerate(question.rows.parameters, 1)
        )
        console.print(Text(f"with {values}\n", style="dim"))


def _show_ways_on(console: Console, address: _Address) -> None:
    url = f"http://127.0.0.1:{address.port}"
    header = shlex.quote(f"Authorization: Bearer {address.key}")
    body = shlex.quote(json.dumps(_QUESTIONS[0][1]))
    console.print("[bold]Paste this to ask the first question yourself:[/]")
    console.print(
        Text(f"curl -s {url}/query.csv -H {header} -d {body}", style="cyan"), soft_wrap=True
    )
    console.print(f"\nThe API describes itself at [link={url}/docs]{url}/docs[/link].")


def _keep_serving(console: Console, node: subprocess.Popen[bytes]) -> None:
    console.print(Panel.fit("Serving until Ctrl-C."))
    try:
        node.wait()
    except KeyboardInterrupt:
        console.print("Stopping.")


def _free_port() -> int:
    """Return the usual port, or a free one where somebody else has it."""
    for wanted in (_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigurationError("There is no free port.", hint="Give one with --port.")


def _make_key(home: Path) -> str:
    now = time.time()
    draft = KeyDraft(name="demo", roles=("analyst",), expires=now + _DAY)
    with open_database(home) as database:
        _, secret = KeyRepository(database).create(draft, now)
    return secret.reveal()


@contextmanager
def _node(folder: Path, home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node beside us, its log in the state folder; stopped at the end, whatever happens."""
    command = [sys.executable, "-m", "penstock", "serve", str(folder)]
    options = ["--home", str(home), "--port", str(port)]
    with (home / "demo.log").open("wb") as log:
        node = subprocess.Popen([*command, *options], stdout=log, stderr=log)  # noqa: S603 - ourselves
        try:
            yield node
        finally:
            node.send_signal(signal.SIGTERM)
            try:
                node.wait(timeout=15)
            except subprocess.TimeoutExpired:
                node.kill()


def _wait_until_ready(node: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and node.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == _OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise UnavailableError(
        "The node did not become ready.", hint=f"Its log is {home / 'demo.log'}."
    )
