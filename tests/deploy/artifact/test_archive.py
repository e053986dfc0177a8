from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from deploy.artifact.small import Workshop, write_layout
from penstock.deploy.artifact.archive import image_id
from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.layer import Entry, write_layer
from penstock.deploy.artifact.store import ArtifactStore
from penstock.errors import ArtifactError, NotFoundError


@pytest.fixture
def other(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "other")


def read(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {m.name: f.read() for m in tar if (f := tar.extractfile(m)) is not None}


def write(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def exported(workshop: Workshop) -> Path:
    return workshop.store.export(workshop.build().digest, workshop.folder / "image.tar")


def as_docker_saved(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return an image as engines saved it before they wrote layouts."""
    saved = json.loads(files["manifest.json"])[0]
    layers = {f"{i}/layer.tar": files[name] for i, name in enumerate(saved["Layers"])}
    told = [{"Config": "config.json", "RepoTags": None, "Layers": [*layers]}]
    return {
        "manifest.json": msgspec.json.encode(told),
        "config.json": files[saved["Config"]],
        **layers,
    }


def test_an_exported_artifact_is_imported_with_the_same_digest(
    workshop: Workshop, other: ArtifactStore
) -> None:
    artifact = workshop.build()
    path = workshop.store.export(artifact.digest, workshop.folder / "image.tar")
    taken = other.import_(path)

    assert taken.digest == artifact.digest
    assert other.manifest(taken.digest) == workshop.store.manifest(artifact.digest)
    assert other.sbom(taken.digest) == workshop.store.sbom(artifact.digest)
    with pytest.raises(NotFoundError):
        other.provenance(taken.digest)


def test_a_layout_folder_is_imported_too(workshop: Workshop, other: ArtifactStore) -> None:
    artifact = workshop.build()

    assert other.import_(workshop.store.layout(artifact.digest)).digest == artifact.digest


def test_importing_what_is_there_keeps_its_papers(workshop: Workshop) -> None:
    artifact = workshop.build()
    workshop.store.import_(exported(workshop))

    assert workshop.store.provenance(artifact.digest)


def test_one_tar_is_both_a_layout_and_what_docker_has_always_loaded(workshop: Workshop) -> None:
    artifact = workshop.build()
    files = read(exported(workshop))
    saved = json.loads(files["manifest.json"])
    index = json.loads(files["index.json"])

    assert files["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    assert [m["digest"] for m in index["manifests"]] == [artifact.digest]
    assert saved[0]["RepoTags"] == ["penstock/shop-shop:1.0"]
    assert {saved[0]["Config"], *saved[0]["Layers"]} < {*files}
    assert saved[0]["Config"].endswith(
        image_id(workshop.store.place(artifact.digest)).removeprefix("sha256:")
    )


def test_tags_are_what_the_image_is_called(workshop: Workshop) -> None:
    artifact = workshop.build()
    tags = ["registry.example.com/team/shop:2", "shop:latest"]
    files = read(workshop.store.export(artifact.digest, workshop.folder / "t.tar", tags=tags))
    names = [m["annotations"] for m in json.loads(files["index.json"])["manifests"]]

    assert json.loads(files["manifest.json"])[0]["RepoTags"] == tags
    assert [name["io.containerd.image.name"] for name in names] == [
        "registry.example.com/team/shop:2",
        "docker.io/library/shop:latest",
    ]


def test_the_same_artifact_gives_the_same_tar(workshop: Workshop) -> None:
    first = exported(workshop).read_bytes()

    assert exported(workshop).read_bytes() == first


def test_what_old_engines_saved_is_taken_when_its_layers_are_what_it_says(
    other: ArtifactStore, tmp_path: Path
) -> None:
    layer = write_layer(Blobs(tmp_path / "plain"), "x", [Entry("project/a", content=b"a")])
    labels = {"dev.penstock.project": "shop"}
    write_layout(tmp_path / "plain", layer, labels=labels)
    plain = ArtifactStore(tmp_path / "plain-store")
    files = read(plain.export(plain.import_(tmp_path / "plain").digest, tmp_path / "plain.tar"))
    old = as_docker_saved(files)

    assert other.import_(write(tmp_path / "old.tar", old)).project == "shop"
    with pytest.raises(ArtifactError, match="its layers are others than it says"):
        other.import_(write(tmp_path / "bad.tar", {**old, "0/layer.tar": bytes(1024)}))


def test_an_image_without_a_project_is_refused(other: ArtifactStore, tmp_path: Path) -> None:
    layer = write_layer(Blobs(tmp_path / "bare"), "x", [Entry("bin/sh", content=b"")])

    with pytest.raises(ArtifactError, match="holds no project"):
        other.import_(write_layout(tmp_path / "bare", layer))
    assert other.list() == ()


@pytest.mark.parametrize("which", ["config", "layer", "manifest"])
def test_a_damaged_tar_is_refused(workshop: Workshop, other: ArtifactStore, which: str) -> None:
    artifact = workshop.build()
    path = exported(workshop)
    saved = json.loads(read(path)["manifest.json"])[0]
    name = {
        "config": saved["Config"],
        "layer": saved["Layers"][-1],
        "manifest": f"blobs/{artifact.digest.replace(':', '/')}",
    }[which]
    files = read(path)
    files[name] = files[name][:-3] + b"xyz"

    with pytest.raises(ArtifactError):
        other.import_(write(path, files))
    assert other.list() == ()
    assert not [*other.blobs.root.rglob(".partial-*")]


def test_a_tar_that_is_cut_off_is_refused(workshop: Workshop, other: ArtifactStore) -> None:
    path = exported(workshop)
    content = path.read_bytes()
    for size in (0, 100, len(content) // 3, len(content) - 9_000):
        path.write_bytes(content[:size])
        with pytest.raises(ArtifactError):
            other.import_(path)

    assert other.list() == ()


def test_names_in_a_tar_never_reach_the_disk(
    workshop: Workshop, other: ArtifactStore, tmp_path: Path
) -> None:
    path = exported(workshop)
    hostile = {"../../escaped": b"x", "/etc/escaped": b"x", "blobs/sha256/../../../escaped": b"x"}
    other.import_(write(path, {**read(path), **hostile}))

    assert not [*tmp_path.rglob("escaped")]


@pytest.mark.parametrize(
    "descriptor",
    [
        {"digest": "sha256:../../../../etc/passwd", "size": 10, "mediaType": "x"},
        {"digest": "md5:00", "size": 10, "mediaType": "x"},
        {"digest": "sha256:" + "0" * 64, "size": -1, "mediaType": "x"},
    ],
    ids=["traversal", "algorithm", "size"],
)
def test_a_hostile_index_is_refused(
    other: ArtifactStore, tmp_path: Path, descriptor: dict[str, object]
) -> None:
    index = {"schemaVersion": 2, "manifests": [descriptor]}
    path = write(tmp_path / "hostile.tar", {"index.json": msgspec.json.encode(index)})

    with pytest.raises(ArtifactError):
        other.import_(path)


def test_a_size_that_is_not_the_blobs_is_refused(
    workshop: Workshop, other: ArtifactStore, tmp_path: Path
) -> None:
    artifact = workshop.build()
    layout = workshop.store.layout(artifact.digest)
    manifest = json.loads(workshop.store.blobs.read(artifact.digest))
    manifest["layers"][0]["size"] += 1
    text = msgspec.json.encode(manifest)
    blob = Blobs(tmp_path / "lying").write(text, "application/vnd.oci.image.manifest.v1+json")
    index = {
        "schemaVersion": 2,
        "manifests": [{"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}],
    }
    files = {
        f"blobs/sha256/{path.name}": path.read_bytes()
        for path in (layout / "blobs/sha256").iterdir()
    }
    files[f"blobs/{blob.digest.replace(':', '/')}"] = text
    path = write(tmp_path / "lying.tar", {**files, "index.json": msgspec.json.encode(index)})

    with pytest.raises(ArtifactError, match="damaged"):
        other.import_(path)


def test_several_images_in_one_tar_are_too_many(
    workshop: Workshop, other: ArtifactStore, tmp_path: Path
) -> None:
    path = exported(workshop)
    files = read(path)
    index = json.loads(files["index.json"])
    index["manifests"].append({**index["manifests"][0], "digest": "sha256:" + "0" * 64})
    files["index.json"] = msgspec.json.encode(index)

    with pytest.raises(ArtifactError, match="2 images"):
        other.import_(write(tmp_path / "two.tar", files))


@pytest.mark.parametrize("content", [b"", b"not a tar", bytes(10_240)])
def test_what_is_no_image_is_refused(other: ArtifactStore, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(ArtifactError):
        other.import_(tmp_path / "file")


def test_a_file_that_is_not_there_is_told(other: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no file"):
        other.import_(tmp_path / "nothing.tar")
