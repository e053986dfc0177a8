from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.artifact.small import Workshop, write_layout
from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.layer import Layer
from penstock.deploy.artifact.oci import LAYER, Descriptor, digest_of, read_index
from penstock.deploy.artifact.unpack import unpack_project
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import ArtifactError, ConflictError

MANIFEST = ("project/.penstock/manifest.json", b"{}")


def layer(blobs: Blobs, *members: tarfile.TarInfo | tuple[str, bytes]) -> Layer:
    """Write a layer of anything, as no writer of ours would."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    blob = blobs.write(out.getvalue(), LAYER)
    return Layer(blob, blob.digest)


def place(folder: Path, layers: Sequence[Layer]) -> ImagePlace:
    write_layout(folder, *layers)
    digest = read_index((folder / "index.json").read_bytes()).manifests[0].digest
    return ImagePlace(digest, folder)


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_the_project_comes_out_as_it_went_in(workshop: Workshop, tmp_path: Path) -> None:
    unpack_project(workshop.store.place(workshop.build().digest), tmp_path / "out")

    for path in workshop.project.rglob("*"):
        relative = path.relative_to(workshop.project)
        if path.is_file() and relative.name not in {"README.md", ".gitignore"}:
            unpacked = tmp_path / "out" / relative
            assert unpacked.read_bytes() == path.read_bytes()
            assert unpacked.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_there_is_left_alone(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.store.place(workshop.build().digest)
    (tmp_path / "out").mkdir()

    with pytest.raises(ConflictError, match="is there already"):
        unpack_project(image, tmp_path / "out")
    assert [*(tmp_path / "out").iterdir()] == []


def test_later_layers_replace_and_remove(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "image")
    layers = [
        layer(blobs, ("project/a", b"1"), ("project/b", b"1"), ("project/c/d", b"1"), MANIFEST),
        layer(blobs, ("project/a", b"2"), ("project/.wh.b", b""), ("etc/passwd", b"x")),
        layer(blobs, ("project/c/.wh..wh..opq", b""), ("project/c/e", b"3")),
    ]
    unpack_project(place(tmp_path / "image", layers), tmp_path / "out")

    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")}
    assert found == {"a", "c", "c/e", ".penstock", ".penstock/manifest.json"}
    assert (tmp_path / "out/a").read_bytes() == b"2"


def test_a_whiteout_is_not_about_its_own_layer(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "image")
    layers = [
        layer(blobs, ("project/old", b"")),
        layer(blobs, MANIFEST, ("project/new", b""), ("project/.wh..wh..opq", b"")),
    ]
    unpack_project(place(tmp_path / "image", layers), tmp_path / "out")

    assert (tmp_path / "out/new").exists()
    assert not (tmp_path / "out/old").exists()


@pytest.mark.parametrize(
    "member",
    [
        ("project/../../escaped", b""),
        ("/project/escaped", b""),
        link("project/escaped", "/etc/passwd", tarfile.SYMTYPE),
        link("project/escaped", "../../etc/passwd", tarfile.LNKTYPE),
        link("project/escaped", "", tarfile.FIFOTYPE),
        link("project/escaped", "", tarfile.CHRTYPE),
    ],
    ids=["above", "absolute", "symlink", "hardlink", "fifo", "device"],
)
def test_a_hostile_layer_writes_nothing(
    tmp_path: Path, member: tarfile.TarInfo | tuple[str, bytes]
) -> None:
    blobs = Blobs(tmp_path / "image")
    image = place(tmp_path / "image", [layer(blobs, MANIFEST, member)])

    with pytest.raises(ArtifactError):
        unpack_project(image, tmp_path / "out" / "project")
    assert not [*(tmp_path / "out").iterdir()]
    assert not [*tmp_path.rglob("escaped")]


def test_an_image_without_a_project_is_refused(tmp_path: Path) -> None:
    image = place(tmp_path / "image", [layer(Blobs(tmp_path / "image"), ("etc/passwd", b""))])

    with pytest.raises(ArtifactError, match="holds no project"):
        unpack_project(image, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [LAYER, f"{LAYER}+gzip"])
def test_a_layer_that_is_no_tar_is_refused(tmp_path: Path, kind: str) -> None:
    content = b"\x1f\x8bnot really"
    blob = Blobs(tmp_path / "image").write(content, kind)
    image = place(tmp_path / "image", [Layer(blob, digest_of(content))])

    with pytest.raises(ArtifactError):
        unpack_project(image, tmp_path / "out")


def test_a_layer_that_nothing_here_unpacks_is_told(tmp_path: Path) -> None:
    content = b"(\xb5/\xfd"
    Blobs(tmp_path / "image").write(content, LAYER)
    blob = Descriptor(
        media_type=f"{LAYER}+zstd", digest=f"sha256:{sha256(content).hexdigest()}", size=4
    )
    image = place(tmp_path / "image", [Layer(blob, blob.digest)])

    with pytest.raises(ArtifactError, match="zstd"):
        unpack_project(image, tmp_path / "out")
