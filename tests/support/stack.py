"""`penstock up` in a folder of the test's own, and the commands that somebody types beside it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from penstock.deploy.rollout.types import Phase, Rollout
from penstock.store.desk import NodeStatus, PlaceStatus
from support.crowd import Question

import msgspec  # isort: skip

ROWS = 400
SALES = "id,region,amount\n" + "".join(
    f"{n},{('north', 'south', 'east')[n % 3]},{n % 17}\n" for n in range(ROWS)
)
FILES: Mapping[str, str] = {
    "penstock.yaml": "name: shop\ncache:\n  ttl: 0s\nlimits:\n  timeout: 30s\n",
    "connectors/shop.yaml": "engine: duckdb\nfiles:\n  sales: data/sales.csv\n",
    "data/sales.csv": SALES,
    "models/shop.yaml": (
        "tables:\n  sales:\n    database: shop\n    attributes:\n"
        "      id: {type: integer}\n      region: {type: string}\n      amount: {type: integer}\n"
    ),
    "policies/roles.yaml": "roles:\n  reader: {}\n",
}
QUICK = {"data": {"fields": {"amount": ["sum"]}}, "scale": {"fields": ["region"]}}


def write_project(folder: Path, **changed: str) -> Path:
    """Write the test's project; `changed` adds lines to its penstock.yaml, by any name."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with (folder / "penstock.yaml").open("a") as root:
        root.writelines(f"{line}\n" for line in changed.values())
    return folder


@dataclass
class Stack:
    """A manager, its gateway and nodes, with their state in `home`."""

    home: Path
    project: Path
    port: int
    manager_port: int
    driver: str = "process"
    environment: dict[str, str] = field(default_factory=dict)
    program: str = sys.executable
    key: str = ""

    @property
    def variables(self) -> dict[str, str]:
        """The environment of whoever types commands."""
        return os.environ | {"PENSTOCK_HOME": str(self.home), "NO_COLOR": "1"} | self.environment

    def run(
        self, *command: str, check: bool = True, typed: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Type a command, and `typed` into it; where it fails, say what it said."""
        done = subprocess.run(
            [self.program, "-m", "penstock", *command],
            cwd=self.project,
            env=self.variables,
            text=True,
            input=typed or "",
            capture_output=True,
            check=False,
            timeout=240,
        )
        if check and done.returncode:
            log = (self.home / "manager.log").read_text()[-3000:]
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}\n{log}")
        return done

    def up(self) -> None:
        ports = ["--port", str(self.port), "--manager-port", str(self.manager_port)]
        self.run("up", "--detach", "--driver", self.driver, *ports)

    def deploy(self, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("deploy", str(self.project), "--bake", "0", *options, check=check)

    def change(self, line: str) -> None:
        """Change the project, so that it is another version."""
        with (self.project / "penstock.yaml").open("a") as root:
            root.write(f"# {line}\n")

    def serve(self, nodes: int) -> None:
        """Deploy the project, and make a key that it takes."""
        self.deploy("--nodes", str(nodes))
        self.make_key()
        self.wait(lambda: self.ask().status_code == httpx.codes.OK, 10)

    def make_key(self) -> str:
        said = self.run("keys", "create", f"caller-{time.monotonic_ns()}", "--role", "reader")
        self.key = said.stdout.split()[-1]
        return self.key

    def status(self) -> PlaceStatus:
        said = self.run("status", "--json").stdout
        return msgspec.convert(json.loads(said)[0], PlaceStatus)

    @property
    def rollout(self) -> Rollout:
        return self.status().rollout

    @property
    def running(self) -> dict[str, object]:
        """What the manager says of itself: its pid, for instance."""
        found: dict[str, object] = json.loads((self.home / "manager.json").read_text())
        return found

    @property
    def manager(self) -> str:
        return f"http://127.0.0.1:{self.manager_port}"

    @property
    def manager_pid(self) -> int:
        return int(str(self.running["pid"]))

    def nodes(self) -> tuple[NodeStatus, ...]:
        return self.status().nodes

    def question(self, pause: float = 0.0) -> Question:
        return Question(
            "/shop/shop/query",
            json.dumps(QUICK).encode(),
            {"Authorization": f"Bearer {self.key}"},
            pause,
        )

    def slow_question(self, times: int = 1) -> Question:
        """Return a question that keeps a core busy for half a second, so many times."""
        pairs = "a.amount <> b.amount JOIN sales c ON b.amount <> c.amount"
        more = f" JOIN sales d ON c.id >= 0 AND d.id < {times}"
        sql = f"SELECT COUNT(*) AS n FROM sales a JOIN sales b ON {pairs}{more}"
        body = json.dumps({"sql": sql}).encode()
        return Question("/shop/shop/sql", body, {"Authorization": f"Bearer {self.key}"}, 0.05)

    def ask(self) -> httpx.Response:
        question = self.question()
        return httpx.post(
            f"http://127.0.0.1:{self.port}{question.path}",
            content=question.body,
            headers=dict(question.headers),
            timeout=30,
        )

    def wait(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds. Raises AssertionError, with the manager's last words."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(AssertionError, OSError, httpx.HTTPError):
                if holds():
                    return
            time.sleep(0.1)
        log = (self.home / "manager.log").read_text()[-4000:]
        raise AssertionError(f"it never came to hold\n{log}")

    def wait_for(self, *phases: Phase | None, seconds: float = 60.0) -> None:
        """Wait until the change under way is in one of these phases; None: none is under way."""

        def reached() -> bool:
            change = self.rollout.change
            return (None if change is None else change.phase) in phases

        self.wait(reached, seconds)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def place(folder: Path, driver: str = "process", **environment: str) -> Stack:
    """Give a project, a state folder and ports; nothing runs yet."""
    project = write_project(folder / "shop")
    return Stack(folder / "home", project, free_port(), free_port(), driver, dict(environment))


@contextlib.contextmanager
def stack(folder: Path, driver: str = "process", **environment: str) -> Iterator[Stack]:
    """Give a running manager and gateway, with nothing deployed; all of it ends at the end."""
    made = place(folder, driver, **environment)
    with running(made):
        yield made


@contextlib.contextmanager
def running(made: Stack) -> Iterator[None]:
    """Start a manager and a gateway; all of it ends at the end."""
    try:
        made.up()
        yield
    finally:
        made.run("down", check=False)


@contextlib.contextmanager
def serving(
    folder: Path, *, nodes: int = 2, driver: str = "process", **environment: str
) -> Iterator[Stack]:
    """Give a stack that serves the test's project, and a key that it takes."""
    with stack(folder, driver, **environment) as made:
        made.serve(nodes)
        yield made
