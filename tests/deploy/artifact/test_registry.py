from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.artifact.small import Workshop
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import Login
from penstock.deploy.artifact.unpack import unpack_project
from penstock.errors import ArtifactError, ManagementError, NotFoundError, RegistryError
from penstock.secret import Secret

# Debian's package puts it where only root's shell looks.
PROGRAM = shutil.which("docker-registry", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
USER = "tester"
LOGIN = Login(USER, Secret("hush"))
HASH = "$2b$04$n8Q0/s4zD7ntbnFwk4/x.u9N39BpbtyaDeBS4AcMhE9dEPvJG1qyi"  # of "hush"
SETTINGS = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
GUARDED = "auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n"


@contextmanager
def running(root: Path, settings: str) -> Iterator[str]:
    """Run a registry, and yield its host and port."""
    if PROGRAM is None:
        pytest.skip("there is no docker-registry here: apt install docker-registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root.mkdir()
    (root / "htpasswd").write_text(f"{USER}:{HASH}\n")
    (root / "config.yml").write_text(settings.format(root=root, port=port))
    with (
        (root / "log").open("wb") as log,
        subprocess.Popen(
            [PROGRAM, "serve", str(root / "config.yml")], stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_for(process, port, root / "log")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/v2/", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(log.read_text(errors="replace")[-2000:])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry") / "open", SETTINGS) as host:
        yield host


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry") / "guarded", SETTINGS + GUARDED) as host:
        yield host


@pytest.fixture
def other(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "other")


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_what_is_pushed_is_pulled_with_its_papers(
    workshop: Workshop, other: ArtifactStore, registry: str, tmp_path: Path
) -> None:
    artifact = workshop.build()
    place = workshop.store.push(artifact.digest, f"{registry}/team/shop:1.0")
    pulled = other.pull(f"{registry}/team/shop:1.0")

    assert place == f"{registry}/team/shop@{artifact.digest}"
    assert pulled.digest == artifact.digest
    assert other.provenance(pulled.digest) == workshop.store.provenance(artifact.digest)
    unpack_project(other.place(pulled.digest), tmp_path / "unpacked")
    assert (tmp_path / "unpacked/penstock.yaml").is_file()


def test_an_artifact_is_pulled_by_its_digest(
    workshop: Workshop, other: ArtifactStore, registry: str
) -> None:
    place = workshop.store.push(workshop.build().digest, f"{registry}/by-digest:1.0")

    assert other.pull(place).digest == place.rpartition("@")[2]


def test_pushing_again_sends_nothing_anew(workshop: Workshop, registry: str) -> None:
    digest = workshop.build().digest
    first = workshop.store.push(digest, f"{registry}/again:1.0")

    assert workshop.store.push(digest, f"{registry}/again:2.0") == first


def test_a_login_opens_a_registry(workshop: Workshop, other: ArtifactStore, guarded: str) -> None:
    digest = workshop.build().digest
    workshop.store.push(digest, f"{guarded}/team/shop:1.0", LOGIN)

    assert other.pull(f"{guarded}/team/shop:1.0", LOGIN).digest == digest


@pytest.mark.parametrize("login", [None, Login(USER, Secret("wrong-hush"))], ids=["none", "wrong"])
def test_without_the_right_login_nothing_is_told_or_done(
    workshop: Workshop, guarded: str, login: Login | None
) -> None:
    digest = workshop.build().digest

    with pytest.raises(RegistryError, match="wants another login") as told:
        workshop.store.push(digest, f"{guarded}/team/closed:1.0", login)
    assert "hush" not in str(told.value)


def test_what_docker_login_keeps_is_used(workshop: Workshop, guarded: str, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    kept = json.dumps({"auths": {guarded: {"auth": "dGVzdGVyOmh1c2g="}}})
    (tmp_path / ".docker/config.json").write_text(kept)

    assert workshop.store.push(workshop.build().digest, f"{guarded}/kept:1.0")


def test_an_image_that_is_not_there_is_told(other: ArtifactStore, registry: str) -> None:
    with pytest.raises(NotFoundError, match=r"has no image nothing:1\.0"):
        other.pull(f"{registry}/nothing:1.0")


def test_a_registry_that_is_not_there_is_told(workshop: Workshop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    digest = workshop.build().digest

    with pytest.raises(RegistryError, match="cannot be reached"):
        workshop.store.push(digest, f"127.0.0.1:{port}/shop:1.0")


@pytest.mark.parametrize(
    "reference",
    ["", "shop", "shop:1.0", "https://host/shop", "host.example/UPPER", "h.example/a b"],
)
def test_what_is_no_reference_is_told(other: ArtifactStore, reference: str) -> None:
    with pytest.raises(ManagementError, match="does not name an image"):
        other.pull(reference)


def test_a_damaged_artifact_is_not_pushed(
    workshop: Workshop, other: ArtifactStore, registry: str
) -> None:
    artifact = workshop.build()
    image = workshop.store.images.read(workshop.store.images.find(artifact.digest))
    workshop.store.blobs.path(image.manifest.layers[-1].digest).write_bytes(b"x")

    with pytest.raises(ArtifactError, match="damaged"):
        workshop.store.push(artifact.digest, f"{registry}/damaged:1.0")
    with pytest.raises(NotFoundError):
        other.pull(f"{registry}/damaged:1.0")


def test_a_registry_that_sends_something_else_is_noticed(
    workshop: Workshop, other: ArtifactStore, tmp_path: Path
) -> None:
    root = tmp_path / "lying"
    with running(root, SETTINGS) as host:
        workshop.store.push(workshop.build().digest, f"{host}/shop:1.0")
        for path in root.rglob("blobs/sha256/*/*/data"):
            content = path.read_bytes()
            if not content.startswith(b"{"):
                middle = len(content) // 2
                path.write_bytes(content[:middle] + b"?!" + content[middle + 2 :])

        with pytest.raises(ArtifactError, match="damaged"):
            other.pull(f"{host}/shop:1.0")
    assert other.list() == ()
    assert not [*other.blobs.root.rglob(".partial-*")]
