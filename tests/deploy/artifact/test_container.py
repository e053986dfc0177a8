"""An artifact run by a real engine: what nobody else can show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from deploy.artifact.small import make_shop
from e2e.docker_engine import Engine, NoEngineError, find_engine
from penstock.deploy.artifact.archive import image_id
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import Artifact, BuildRequest, EngineImage
from penstock.deploy.artifact.unpack import unpack_project
from penstock.errors import ManagementError

pytestmark = pytest.mark.timeout(1500)

HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--tmpfs=/state:uid=10001,mode=0700",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)


@dataclass(frozen=True, kw_only=True)
class Built:
    engine: Engine
    store: ArtifactStore
    request: BuildRequest
    artifact: Artifact
    image: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("built")
    store = ArtifactStore(folder / "artifacts")
    request = BuildRequest(folder=make_shop(folder / "shop"), version="1.0")
    artifact = build_artifact(request, store, lambda _: None)
    tar = store.export(artifact.digest, folder / "image.tar", tags=["penstock-tests-artifact:1"])
    try:
        with find_engine() as engine:
            engine.docker("load", "--input", str(tar))
            image = image_id(store.place(artifact.digest))
            try:
                yield Built(
                    engine=engine, store=store, request=request, artifact=artifact, image=image
                )
            finally:
                engine.docker("image", "rm", "--force", "penstock-tests-artifact:1")
    except NoEngineError as reason:
        pytest.skip(str(reason))


@contextmanager
def node(engine: Engine, image: str) -> Iterator[str]:
    """Run an image as drivers do, and yield the container."""
    container = engine.docker("run", "--detach", *HARDENED, image)
    try:
        yield container
    finally:
        engine.docker("rm", "--force", "--volumes", container)


def ready(engine: Engine, container: str) -> httpx.Response:
    """Return the last thing that a node says of itself, when it is ready or has had its time."""
    deadline = time.monotonic() + 60
    host = engine.docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", container)
    while True:
        running = engine.docker("inspect", "--format", "{{.State.Running}}", container)
        if running != "true":
            raise RuntimeError(f"it ended: {engine.docker('logs', container)}")
        is_late = time.monotonic() > deadline
        try:
            answer = httpx.get(f"http://{host}:8080/readyz", trust_env=False)
        except httpx.TransportError:
            if is_late:
                raise
        else:
            if answer.is_success or is_late:
                return answer
        time.sleep(0.1)


def use(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Docker's client find the engine where a person's would."""
    if "DOCKER_HOST" in engine.environment:
        monkeypatch.setenv("DOCKER_HOST", engine.environment["DOCKER_HOST"])


def test_an_engine_knows_the_image_by_what_we_say_it_is(built: Built) -> None:
    found = built.engine.docker("inspect", "--format", "{{.Id}}", "penstock-tests-artifact:1")

    assert found == built.image


def test_an_artifact_serves_with_no_rights_at_all(built: Built) -> None:
    with node(built.engine, built.image) as container:
        answer = ready(built.engine, container)
        status = dict(
            line.split(":\t")
            for line in built.engine.docker(
                "exec", container, "python3", "-c", "print(open('/proc/1/status').read())"
            ).splitlines()
            if ":\t" in line
        )
        asked = built.engine.docker(
            *("exec", container, "penstock", "query", "/project"),
            *("--saved", "sales/best-customers", "--format", "csv"),
        )

    assert answer.status_code == httpx.codes.OK, answer.text
    assert status["Uid"].split()[0] == "10001"
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert asked.startswith("name,kind,amount\n")


def test_nothing_but_state_and_tmp_can_be_written(built: Built) -> None:
    script = (
        "import os\n"
        "for place in ('/', '/project', '/opt/penstock', '/etc', '/state', '/tmp'):\n"
        "    print(place, os.access(place, os.W_OK))"
    )
    said = built.engine.docker(
        "run", "--rm", *HARDENED, "--entrypoint=python3", built.image, "-c", script
    )

    assert [line.split()[0] for line in said.splitlines() if line.endswith("True")] == [
        "/state",
        "/tmp",  # noqa: S108 - the container's
    ]


def test_the_engine_builds_an_equivalent_image_from_the_same_base(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(built.engine, monkeypatch)
    request = replace(built.request, base=EngineImage("penstock-tests-artifact:1"))
    other = build_artifact(request, built.store, lambda _: None)
    mine = built.store.images.read(built.store.images.find(built.artifact.digest)).config.config
    theirs = built.store.images.read(built.store.images.find(other.digest)).config.config

    assert mine is not None
    assert theirs is not None
    assert (theirs.user, theirs.entrypoint, theirs.cmd) == (mine.user, mine.entrypoint, mine.cmd)
    assert theirs.exposed_ports == mine.exposed_ports
    assert theirs.stop_signal == mine.stop_signal
    assert {*(theirs.env or ())} == {*(mine.env or ())}
    assert {*(theirs.labels or {})} == {*(mine.labels or {})}
    unpack_project(built.store.place(built.artifact.digest), tmp_path / "mine")
    unpack_project(built.store.place(other.digest), tmp_path / "theirs")
    assert (tmp_path / "theirs/models/shop.yaml").read_text() == (
        tmp_path / "mine/models/shop.yaml"
    ).read_text()
    assert built.store.manifest(other.digest).files == (
        built.store.manifest(built.artifact.digest).files
    )


def test_an_image_that_the_engine_lacks_is_told(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(built.engine, monkeypatch)
    request = replace(built.request, base=EngineImage("penstock-tests-nothing:0"))

    with pytest.raises(ManagementError, match="docker pull"):
        build_artifact(request, built.store, lambda _: None)
