"""The image and the compose file of one node, run by a real engine: built, asked, replaced."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from e2e.docker_engine import Engine, NoEngineError, find_engine
from e2e.image import make_base, make_context

# The first run fetches Debian and the packages.
pytestmark = pytest.mark.timeout(1500)

QUESTION = {"data": {"fields": {"distance": ["avg"]}}}


@dataclass(frozen=True, kw_only=True)
class Service:
    """The compose file's one service, `node`, as a person would handle it."""

    engine: Engine
    folder: Path
    base: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        return self.engine.run(
            *self.engine.compose,
            "--file=docker-compose.node.yml",
            f"--project-name=penstock-tests-{self.port}",
            *arguments,
            folder=self.folder,
            BASE=self.base,
            PIP_NO_INDEX="1",
            PENSTOCK_IMAGE="penstock-tests",
            PORT=str(self.port),
        )

    def start(self) -> None:
        self.compose("up", "--detach")
        wanted = "healthy"
        deadline = time.monotonic() + 90
        while (now := self.inspect("{{.State.Health.Status}}")) != wanted:
            if time.monotonic() > deadline or self.inspect("{{.State.Running}}") != "true":
                raise TimeoutError(f"{now}: {self.compose('logs', '--no-color')[-4000:]}")
            time.sleep(0.5)

    def inspect(self, template: str) -> str:
        return self.engine.docker("inspect", "--format", template, self.container)

    def run(self, *command: str) -> str:
        """Run a command beside the node, in its container."""
        return self.engine.docker("exec", self.container, *command)

    @property
    def container(self) -> str:
        return self.compose("ps", "--quiet", "node")

    def ask(self, key: str | None) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.post(f"{self.url}/query", json=QUESTION, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        with find_engine() as engine:
            yield engine
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def service(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    try:
        base = make_base(engine)
    except NoEngineError as reason:
        pytest.skip(str(reason))
    folder = make_context(tmp_path_factory.mktemp("context"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = Service(engine=engine, folder=folder, base=base, port=port)
    service.compose("build")
    try:
        service.start()
        yield service
    finally:
        service.compose("down", "--volumes", "--timeout", "30")


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    key = service.run("penstock", "keys", "create", "e2e", "--role", "analyst").splitlines()[-1]
    deadline = time.monotonic() + 10  # the node looks for new keys by itself
    while service.ask(key).status_code == httpx.codes.UNAUTHORIZED and time.monotonic() < deadline:
        time.sleep(0.2)
    return key


def test_without_a_key_nothing_is_told(service: Service) -> None:
    assert service.ask(None).status_code == httpx.codes.UNAUTHORIZED


def test_a_key_made_in_the_container_opens_the_data(service: Service, key: str) -> None:
    answer = service.ask(key)

    assert answer.status_code == httpx.codes.OK, answer.text
    assert "1039.9" in answer.text


def test_the_documentation_is_in_the_image(service: Service) -> None:
    assert b"docs.js" in httpx.get(f"{service.url}/docs").content
    assert httpx.get(f"{service.url}/docs/assets/swagger-ui-bundle.js").is_success


def test_the_process_has_no_rights_worth_stealing(service: Service) -> None:
    status = dict(line.split(":\t") for line in service.run("cat", "/proc/1/status").splitlines())

    assert service.run("id", "-u") == "10001"
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_only_state_and_tmp_can_be_written(service: Service) -> None:
    for place in ("/opt/penstock", "/project", "/", "/etc"):
        with pytest.raises(RuntimeError):
            service.run("touch", f"{place}/written")
    service.run("touch", "/state/written", "/tmp/written")  # noqa: S108 it is the container's


def test_the_image_holds_nothing_to_build_or_install_with(service: Service) -> None:
    for tool in ("pip", "gcc", "hatchling", "git"):
        with pytest.raises(RuntimeError):
            service.run("which", tool)
    with pytest.raises(RuntimeError):
        service.run("/opt/penstock/bin/python", "-c", "import pip")


def test_the_image_does_not_tell_where_its_packages_came_from(service: Service) -> None:
    history = service.engine.docker(
        "history", "--no-trunc", "--format", "{{.CreatedBy}}", "penstock-tests"
    )

    assert "PIP_" not in history
    assert service.run("sh", "-c", "ls /build /tools 2>/dev/null || true") == ""


def test_it_stops_at_the_first_word_and_a_new_one_knows_the_old_keys(
    service: Service, key: str
) -> None:
    service.compose("stop", "--timeout", "30")
    code = service.inspect("{{.State.ExitCode}}")
    service.compose("rm", "--force")
    service.start()

    assert code == "0"
    assert service.ask(key).status_code == httpx.codes.OK
