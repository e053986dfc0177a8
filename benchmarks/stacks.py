"""Penstock as it is run on one machine: manager, gateway and nodes, over a copy of the flights."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from benchmarks.client import Request, ask
from benchmarks.environments import installed
from benchmarks.places import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests"))

from support.crowd import Question
from support.stack import Stack, free_port

PROJECT_FILES = ("penstock.yaml", "connectors", "data", "models", "policies", "queries")
PATH = "/flights/flights"
ROLE = "analyst"
QUICK = {
    "data": {"fields": {"distance": ["sum"], "flight": ["count"]}},
    "scale": {"fields": ["month", "origin"]},
}
# Every pair of flights of one aircraft: half a second of a core, or so.
SLOW = (
    "SELECT COUNT(*) AS n FROM flights a JOIN flights b "
    "ON a.tailnum = b.tailnum AND a.distance <> b.distance"
)
SLOW_PAUSE = 0.5
_ANSWERS_WITHIN = 20.0


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turn what goes wrong with a command into a RuntimeError, which costs one part its figures."""
    try:
        yield
    except (AssertionError, subprocess.SubprocessError) as error:
        raise RuntimeError(str(error)) from error


def flights_project(folder: Path) -> Path:
    """Copy the project of the repository, to be changed."""
    folder.mkdir(parents=True)
    for name in PROJECT_FILES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    return folder


@dataclass(frozen=True, slots=True)
class Site:
    """A running stack and the folder of its project; what fails is a RuntimeError that says how."""

    stack: Stack
    as_written: str

    def run(self, *command: str) -> float:
        """Type a command; return the seconds until it was done."""
        begun = time.perf_counter()
        with in_words():
            done = self.stack.run(*command, check=False)
        took = time.perf_counter() - begun
        if done.returncode:
            said = [line for line in f"{done.stdout}{done.stderr}".splitlines() if line.strip()]
            raise RuntimeError(f"penstock {command[0]} failed: {' '.join(said[-3:])}")
        return took

    def deploy(self, version: str, *options: str) -> float:
        """Deploy the flights with a mark in them: another mark, another version."""
        root = self.stack.project / "penstock.yaml"
        root.write_text(f"{self.as_written}\n# {version}\n", encoding="utf-8")
        return self.run("deploy", str(self.stack.project), "--bake", "0", *options)

    def question(self) -> Question:
        return self._question("/query", QUICK)

    def slow_question(self) -> Question:
        """Return a question whose answer is not kept."""
        return self._question("/sql", {"sql": SLOW}, {"Cache-Control": "no-cache"}, SLOW_PAUSE)

    def make_key(self) -> None:
        """Make a key, and wait until nodes answer either question to whoever has it."""
        with in_words():
            said = self.stack.run("keys", "create", "benchmark", "--role", ROLE, "--json").stdout
        self.stack.key = str(json.loads(said)["key"])
        until = time.monotonic() + _ANSWERS_WITHIN
        for question in (self.question(), self.slow_question()):
            request = Request(question.path, question.body, question.headers)
            while (answer := ask(self.stack.port, request)).status != HTTPStatus.OK:
                if time.monotonic() > until:
                    raise RuntimeError(f"{question.path}: {answer.status} {answer.body!r:.300}")
                time.sleep(0.05)

    def _question(
        self,
        path: str,
        body: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        pause: float = 0.0,
    ) -> Question:
        sent = {"Authorization": f"Bearer {self.stack.key}", **(headers or {})}
        return Question(PATH + path, json.dumps(body).encode(), sent, pause)


@contextlib.contextmanager
def standing(
    driver: str = "process", environment: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """Give a running manager and gateway, with nothing deployed; all of it ends at the end."""
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as temporary:
        folder = Path(temporary)
        project = flights_project(folder / "flights")
        given = {"PYTHONPATH": str(REPOSITORY / "src"), **(environment or {})}
        program = installed().program("python")
        ports = (free_port(), free_port())
        stack = Stack(folder / "home", project, *ports, driver, given, program)
        site = Site(stack, (project / "penstock.yaml").read_text(encoding="utf-8"))
        try:
            with in_words():
                stack.up()
            yield site
        finally:
            stack.run("down", check=False)
