"""`penstock demo`: manager, gateway, two nodes, a key, three questions; then they stay."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from penstock.cli.deploy import ensure_api, ensure_version, read_parcel
from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION
from penstock.cli.remote import open_manager
from penstock.cli.tables import print_answer, print_sql
from penstock.cli.up import bring_down, started
from penstock.cli.watch import Watch
from penstock.cli.wish import run
from penstock.errors import ConfigurationError, UnavailableError
from penstock.local import Project
from penstock.query.types import Json
from penstock.sql.pretty import pretty_sql
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft, KeyRepository

_NODES = 2
_PORT = 8080
_KNOWN_SECONDS = 10.0  # in which every node knows a new key
_DAY = 86_400.0
_OK, _STRANGER = 200, 401

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
    path: str
    key: str

    def post(self, path: str, body: bytes) -> bytes:
        status, answer = self._post(path, body)
        until = time.monotonic() + _KNOWN_SECONDS
        while status == _STRANGER and time.monotonic() < until:  # the key is on its way
            time.sleep(0.05)
            status, answer = self._post(path, body)
        if status != _OK:
            raise UnavailableError(f"The demo's node answered {status}: {answer.decode()}")
        return answer

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.key}"}
            connection.request("POST", self.path + path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


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
    """Deploy the flights project on two nodes behind the gateway, and ask it three questions.

    Everything runs on this machine, its state in the folder `demo` of the state folder.

    Example: penstock demo . --once --port 8080
    """
    console = Console()
    chosen, state = port or _free_port(), home / "demo"
    options = ["--gateway-port", str(chosen), "--port", "0"]
    with Project(folder) as project:
        try:
            with started(state, options, console) as (manager, _):
                address = _deploy(console, folder, state, chosen)
                url = f"http://127.0.0.1:{chosen}{address.path}"
                console.print(f"[bold green]Penstock answers at {url}[/]\n")
                _ask_all(console, project, address)
                if once:
                    console.print("Without --once it all stays; these then work:\n")
                _show_ways_on(console, address)
                if not once:
                    _keep_serving(console, manager)
        finally:
            bring_down(state, console)


def _deploy(console: Console, folder: Path, home: Path, port: int) -> _Address:
    """Build, start two nodes of the idle colour, let them serve, and make a key."""
    with open_manager(home) as manager:
        parcel = read_parcel(folder)
        target = ensure_api(manager, parcel, PRODUCTION)
        version = ensure_version(manager, target, parcel, None, console)
        wish: dict[str, Json] = {"version": version, "nodes": _NODES, "options": {"bake": 0.0}}
        deployment = run(manager, target, "deploy", wish)
        Watch(manager, target, deployment).follow(console, f"Deploying {target.name}")
    return _Address(port, f"/{target.name}", _make_key(home))


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
    url = f"http://127.0.0.1:{address.port}{address.path}"
    header = shlex.quote(f"Authorization: Bearer {address.key}")
    body = shlex.quote(json.dumps(_QUESTIONS[0][1]))
    console.print("[bold]Paste this to ask the first question yourself:[/]")
    console.print(
        Text(f"curl -s {url}/query.csv -H {header} -d {body}", style="cyan"), soft_wrap=True
    )
    console.print(f"\nThe API describes itself at [link={url}/docs]{url}/docs[/link].")


def _keep_serving(console: Console, manager: subprocess.Popen[bytes]) -> None:
    console.print(Panel.fit("Serving until Ctrl-C."))
    with suppress(KeyboardInterrupt):
        manager.wait()


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
