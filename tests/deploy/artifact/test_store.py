from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.artifact.small import Workshop
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.oci import read_manifest
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.unpack import unpack_project
from penstock.errors import ArtifactError, ConflictError, NotFoundError, StorageFullError

SMALL = 512  # bytes: less than any layer has
LARGE = 300_000  # bytes: what DuckDB may write to look at the data, and less than the layer has


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow larger: what writing to a full disk is like, for this process alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = tmp_path / "small-disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: that needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def blobs(store: ArtifactStore) -> list[Path]:
    return sorted((store.blobs.root / "blobs/sha256").iterdir())


def test_an_empty_store_has_nothing(workshop: Workshop) -> None:
    assert workshop.store.list() == ()
    with pytest.raises(NotFoundError, match="There is no artifact"):
        workshop.store.get("sha256:" + "0" * 64)


def test_artifacts_are_listed_newest_first(workshop: Workshop) -> None:
    moments = iter([3.0, 1.0, 2.0])
    workshop.store.clock = lambda: next(moments)
    for version in ("third", "first", "second"):
        workshop.build(version=version)

    assert [a.version for a in workshop.store.list()] == ["third", "second", "first"]


def test_the_beginning_of_a_digest_stands_for_it(workshop: Workshop) -> None:
    artifact = workshop.build()
    number = artifact.digest.removeprefix("sha256:")

    assert workshop.store.get(number[:8]).digest == artifact.digest
    assert workshop.store.get(f"sha256:{number[:6]}").digest == artifact.digest
    with pytest.raises(NotFoundError):
        workshop.store.get(number[:5])


def test_a_layout_holds_exactly_one_image_and_takes_no_room(workshop: Workshop) -> None:
    artifact = workshop.build()
    workshop.build(version="other")
    layout = workshop.store.layout(artifact.digest)
    manifest = read_manifest((layout / "blobs" / artifact.digest.replace(":", "/")).read_bytes())

    wanted = {artifact.digest, manifest.config.digest, *(b.digest for b in manifest.layers)}
    found = [*(layout / "blobs/sha256").iterdir()]
    assert {f"sha256:{path.name}" for path in found} == wanted
    assert all(path.stat().st_nlink > 1 for path in found)


def test_a_blob_that_is_cut_off_is_noticed_and_a_build_replaces_it(
    workshop: Workshop, tmp_path: Path
) -> None:
    artifact = workshop.build()
    largest = max(blobs(workshop.store), key=lambda path: path.stat().st_size)
    os.truncate(largest, largest.stat().st_size // 2)

    with pytest.raises(ArtifactError, match="damaged"):
        workshop.store.layout(artifact.digest)
    workshop.build()
    unpack_project(workshop.store.place(artifact.digest), tmp_path / "unpacked")
    assert (tmp_path / "unpacked/penstock.yaml").is_file()


@pytest.mark.parametrize("which", range(4))
def test_a_bit_that_flips_is_noticed(workshop: Workshop, which: int) -> None:
    artifact = workshop.build()
    image = workshop.store.images.read(workshop.store.images.find(artifact.digest))
    path = workshop.store.blobs.path((image.record.manifest, *image.blobs)[which].digest)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ArtifactError):
        workshop.store.layout(artifact.digest)


def test_damaged_artifacts_do_not_hide_the_others(workshop: Workshop) -> None:
    whole, damaged = workshop.build(), workshop.build(version="damaged")
    workshop.store.blobs.path(damaged.digest).write_bytes(b"{}")

    assert [artifact.digest for artifact in workshop.store.list()] == [whole.digest]


def test_a_full_disk_is_told_and_leaves_nothing_half_written(workshop: Workshop) -> None:
    workshop.write("handlers/large.py", "x = 1\n" * 100_000)
    with files_of_at_most(LARGE), pytest.raises(StorageFullError) as told:
        workshop.build()

    assert told.value.hint is not None
    assert workshop.partial == []
    assert workshop.store.list() == ()
    assert workshop.build().version == "1.0"


def test_a_disk_that_fills_up_is_told_too(workshop: Workshop, small_disk: Path) -> None:
    store = ArtifactStore(small_disk / "artifacts")
    (small_disk / "filler").write_bytes(bytes(40_000))

    with pytest.raises(StorageFullError):
        build_artifact(workshop.request, store, lambda _: None)
    assert store.list() == ()
    assert not [*small_disk.rglob(".partial-*")]
    for path in blobs(store):
        store.blobs.read(f"sha256:{path.name}")


def test_no_room_to_unpack_or_export_leaves_nothing(workshop: Workshop, tmp_path: Path) -> None:
    place = workshop.store.place(workshop.build().digest)

    with files_of_at_most(SMALL), pytest.raises(StorageFullError):
        unpack_project(place, tmp_path / "unpacked")
    with files_of_at_most(SMALL), pytest.raises(StorageFullError):
        workshop.store.export(place.digest, tmp_path / "image.tar")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(("unpacked", "image", "."))]


def test_collecting_keeps_what_is_kept_and_frees_the_rest(
    workshop: Workshop, tmp_path: Path
) -> None:
    kept, gone = workshop.build(version="kept"), workshop.build(version="gone")
    workshop.store.layout(gone.digest)
    before = sum(path.stat().st_size for path in blobs(workshop.store))
    done = workshop.store.collect({kept.digest})

    after = sum(path.stat().st_size for path in blobs(workshop.store))
    assert done.artifacts == (gone.digest,)
    assert done.freed == before - after
    assert done.freed > 0
    assert [artifact.digest for artifact in workshop.store.list()] == [kept.digest]
    unpack_project(workshop.store.place(kept.digest), tmp_path / "unpacked")
    assert workshop.store.provenance(kept.digest)
    assert workshop.store.collect({kept.digest}).blobs == 0


def test_what_is_held_stays_whoever_collects(workshop: Workshop) -> None:
    held, other = workshop.build(version="held"), workshop.build(version="other")
    workshop.store.hold("manager", {held.digest})
    workshop.store.collect(set())

    assert [artifact.digest for artifact in workshop.store.list()] == [held.digest]
    workshop.store.hold("manager", set())
    assert workshop.store.collect(set()).artifacts == (held.digest,)
    assert other.digest != held.digest


def test_nothing_is_removed_where_nobody_can_tell_what_is_held(workshop: Workshop) -> None:
    workshop.build()
    workshop.store.hold("manager", set())
    (workshop.store.blobs.root / "holds/manager.json").write_text("[")

    with pytest.raises(ArtifactError, match="which artifacts are needed"):
        workshop.store.collect(set())
    assert len(workshop.store.list()) == 1


def test_a_shortened_digest_keeps_nothing_by_mistake(workshop: Workshop) -> None:
    artifact = workshop.build()

    with pytest.raises(ArtifactError, match="not a whole digest"):
        workshop.store.collect({artifact.digest[:20]})
    assert len(workshop.store.list()) == 1


def test_collecting_removes_what_was_begun_by_somebody_who_was_killed(workshop: Workshop) -> None:
    artifact = workshop.build()
    (workshop.store.blobs.root / "blobs/sha256/.partial-x").write_bytes(b"half")
    (workshop.store.blobs.root / "layouts/.partial-y").mkdir(parents=True)
    workshop.store.collect({artifact.digest})

    assert workshop.partial == []


def test_nothing_is_collected_while_something_is_built(workshop: Workshop) -> None:
    artifact = workshop.build()
    with (
        workshop.store.blobs.shared(),
        pytest.raises(ConflictError, match="being built"),
        workshop.store.blobs.alone(patience=0),
    ):
        pass

    assert workshop.store.collect({artifact.digest}).artifacts == ()


def test_builds_and_collections_at_once_leave_whole_artifacts(workshop: Workshop) -> None:
    def build(number: int) -> str:
        return workshop.build(version=str(number)).digest

    def collect(_: int) -> None:
        workshop.store.collect({artifact.digest for artifact in workshop.store.list()})

    with ThreadPoolExecutor(4) as pool:
        collecting = pool.map(collect, range(10))
        digests = [*pool.map(build, range(8))]
        assert [*collecting]
    found = {artifact.digest for artifact in workshop.store.list()}

    # A collection may remove what came after it had looked; what is there is whole.
    assert found <= {*digests}
    for digest in found:
        workshop.store.layout(digest)
