"""The compose file, run by a real engine: manager, gateway, PostgreSQL, Redis, and nodes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from e2e.docker_engine import Engine, NoEngineError, find_engine
from e2e.image import make_base, make_context
from e2e.services import make_services
from penstock.store.vault import new_master_key
from support.crowd import Crowd, Question, asking
from support.stack import QUICK, free_port, write_project

# The first run fetches Debian and the packages.
pytestmark = pytest.mark.timeout(900)

SERVICES = ("manager", "gateway", "postgres", "redis")
OURS = "label=penstock.installation"


@dataclass
class Stack:
    """The compose file's services, as a person would handle them from outside."""

    engine: Engine
    folder: Path
    project: Path
    variables: dict[str, str]
    port: int = field(default_factory=free_port)
    manager_port: int = field(default_factory=free_port)
    token: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        return f"penstock-tests-{self.port}"

    def compose(self, *arguments: str) -> str:
        return self.engine.run(
            *self.engine.compose,
            f"--project-name={self.name}",
            *arguments,
            folder=self.folder,
            PORT=str(self.port),
            MANAGER_PORT=str(self.manager_port),
            PENSTOCK_GATEWAY_ADDRESS=f"http://127.0.0.1:{self.port}",
            PENSTOCK_NETWORK=f"{self.name}-nodes",
            **self.variables,
        )

    def health(self, service: str) -> str:
        container = self.compose("ps", "--quiet", service)
        return self.engine.docker("inspect", "--format", "{{.State.Health.Status}}", container)

    def wait(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > until:
                raise AssertionError(self.compose("logs", "--no-color", "--tail=40")[-8000:])
            time.sleep(0.3)

    def wait_until_healthy(self, *services: str) -> None:
        self.wait(lambda: all(self.health(one) == "healthy" for one in services))

    def penstock(self, *command: str) -> str:
        """Type a command on this machine, outside of all containers."""
        environment = {
            **os.environ,
            "PENSTOCK_MANAGER_URL": f"http://127.0.0.1:{self.manager_port}",
            "PENSTOCK_TOKEN": self.token,
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "penstock", *command],
            cwd=self.project,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=300,
        )
        if done.returncode:
            log = self.compose("logs", "--no-color", "--tail=40")[-6000:]
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}\n{log}")
        return done.stdout

    def inside(self, *command: str) -> str:
        """Type a command in the manager's container."""
        return self.compose("exec", "-T", "manager", "penstock", *command)

    @property
    def question(self) -> Question:
        headers = {"Authorization": f"Bearer {self.key}"}
        return Question("/shop/shop/query", json.dumps(QUICK).encode(), headers, 0.01)

    def ask(self) -> httpx.Response:
        asked = self.question
        at = f"http://127.0.0.1:{self.port}{asked.path}"
        return httpx.post(at, content=asked.body, headers=dict(asked.headers), timeout=30)

    def serves(self) -> bool:
        try:
            return self.ask().status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def nodes(self) -> set[str]:
        """Return the containers that are nodes: no service of the file."""
        on_it = ("--filter", f"network={self.name}-nodes")
        return set(self.engine.docker("ps", "--quiet", "--filter", OURS, *on_it).split())

    def networks(self, service: str) -> set[str]:
        return self.networks_of(self.compose("ps", "--quiet", service))

    def networks_of(self, container: str) -> set[str]:
        each = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
        return set(self.engine.docker("inspect", "--format", each, container).split())

    def manager_is_ready(self) -> bool:
        try:
            at = f"http://127.0.0.1:{self.manager_port}/readyz"
            return httpx.get(at, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def end(self) -> None:
        """End all of it, as the documentation says."""
        self.compose("stop", "manager")
        self.compose("run", "--rm", "manager", "down")
        self.compose("down", "--timeout", "30")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        with find_engine() as engine:
            yield engine
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def built(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    address = engine.environment.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        pytest.skip("the engine is not on this machine: its socket cannot be mounted")
    socket = Path(address.removeprefix("unix://"))
    try:
        base = make_base(engine)
        services = make_services(engine, tmp_path_factory.mktemp("services"))
    except NoEngineError as reason:
        pytest.skip(str(reason))
    variables = {
        "BASE": base,
        "PIP_NO_INDEX": "1",
        "PENSTOCK_IMAGE": "penstock-tests-runtime",
        "POSTGRES_IMAGE": services,
        "REDIS_IMAGE": services,
        "POSTGRES_PASSWORD": "not-a-secret-0123456789",
        "PENSTOCK_MASTER_KEY": new_master_key(),
        "DOCKER_SOCKET": str(socket),
        "DOCKER_GID": str(socket.stat().st_gid),
    }
    assert stat.S_ISSOCK(socket.stat().st_mode)
    folder = make_context(tmp_path_factory.mktemp("context"))
    project = write_project(tmp_path_factory.mktemp("project"))
    stack = Stack(engine, folder, project, variables)
    stack.compose("build")
    return stack


@pytest.fixture(scope="module")
def stack(built: Stack) -> Iterator[Stack]:
    """All four services, and an API of two nodes that serves."""
    try:
        built.compose("up", "--detach")
        built.wait_until_healthy(*SERVICES)
        built.token = built.inside("tokens", "create", "ada", "--role", "owner").splitlines()[-1]
        built.penstock("deploy", str(built.project), "--nodes", "2", "--bake", "0")
        built.key = built.inside("keys", "create", "caller", "--role", "reader").splitlines()[-1]
        built.wait(built.serves, 20)
        yield built
    finally:
        built.compose("stop", "manager")  # else it starts the nodes again
        for node in built.nodes():
            built.engine.docker("rm", "--force", node)
        built.compose("down", "--volumes", "--timeout", "30")


def test_an_api_that_was_deployed_from_outside_answers(stack: Stack) -> None:
    answer = stack.ask()

    assert answer.status_code == httpx.codes.OK, answer.text
    assert "north" in answer.text


def test_status_from_outside_names_the_address_that_callers_use(stack: Stack) -> None:
    [status] = json.loads(stack.penstock("status", "--json"))

    assert status["address"] == f"http://127.0.0.1:{stack.port}/shop/shop"
    assert len(stack.nodes()) == 2


def test_no_service_has_rights_worth_stealing(stack: Stack) -> None:
    for service in SERVICES:
        said = stack.compose("exec", "-T", service, "cat", "/proc/1/status")
        status = dict(line.split(":\t") for line in said.splitlines() if ":\t" in line)

        assert status["Uid"].split()[0] != "0"
        assert int(status["CapEff"], 16) == 0
        assert status["NoNewPrivs"] == "1"


def test_nodes_are_on_no_network_that_the_database_is_on(stack: Stack) -> None:
    inner = stack.networks("postgres") | stack.networks("redis")
    nodes = {name for node in stack.nodes() for name in stack.networks_of(node)}

    assert nodes == {f"{stack.name}-nodes"}
    assert inner == {f"{stack.name}_inner"}


def test_a_manager_that_is_replaced_costs_no_request_and_no_node(stack: Stack) -> None:
    before, crowd = stack.nodes(), Crowd(stack.port, stack.question, 4)

    with asking(crowd):
        stack.compose("restart", "--timeout", "30", "manager")
        stack.wait(stack.manager_is_ready)

    assert crowd.tally.asked > 100
    assert crowd.tally.failed == 0, crowd.tally.told
    assert stack.nodes() == before


def test_a_gateway_that_comes_back_serves_at_once_and_is_told_what_follows(stack: Stack) -> None:
    stack.compose("stop", "manager")
    stack.compose("restart", "--timeout", "30", "gateway")
    stack.wait(stack.serves)
    stack.compose("start", "manager")
    stack.wait(stack.manager_is_ready)

    stack.penstock("scale", "--nodes", "1")
    stack.wait(lambda: len(stack.nodes()) == 1)
    assert stack.serves()


def test_a_gateway_that_is_away_is_a_problem_that_is_told(stack: Stack) -> None:
    stack.compose("stop", "gateway")
    stack.wait(lambda: not stack.manager_is_ready())
    problems = httpx.get(f"http://127.0.0.1:{stack.manager_port}/readyz", timeout=10).json()
    stack.compose("start", "gateway")
    stack.wait(stack.manager_is_ready)

    assert [*problems["problems"]] == ["deployment"]
    assert "gateway is not there" in stack.compose("logs", "--no-color", "manager")
    assert stack.serves()


def test_without_redis_all_goes_on(stack: Stack) -> None:
    stack.compose("stop", "redis")
    stack.penstock("scale", "--nodes", "2")
    stack.wait(lambda: len(stack.nodes()) == 2)
    stack.compose("start", "redis")

    stack.wait(lambda: "SignalsFound" in stack.compose("logs", "--no-color", "manager"), 30)
    assert "SignalsLost" in stack.compose("logs", "--no-color", "manager")


def test_what_was_deployed_is_there_again_after_all_was_ended(stack: Stack) -> None:
    stack.end()
    left = stack.nodes()
    stack.compose("up", "--detach")

    stack.wait(stack.serves)
    assert left == set()
