from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from penstock.errors import ArtifactError, ManagementError, StorageFullError
from penstock.store.contents import ContentStore, Incoming

LATER = 32_503_680_000.0  # the year 3000


def files(**contents: bytes) -> list[Incoming]:
    return [Incoming(name.replace("__", "/"), io.BytesIO(text)) for name, text in contents.items()]


def test_the_same_files_are_the_same_tree_and_kept_once(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    first = store.add(files(a=b"1", b__c=b"1"))
    again = store.add(reversed(files(a=b"1", b__c=b"1")))

    assert first == again
    assert (first.files, first.size) == (2, 2)
    assert len([*store.folder.glob("*/*")]) == 2
    assert [entry.path for entry in store.tree(first.digest)] == ["a", "b/c"]


def test_a_tree_is_checked_out_for_its_owner_only(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    tree = store.add([Incoming("run", io.BytesIO(b"x"), executable=True), *files(b__c=b"y")])

    store.checkout(tree.digest, tmp_path / "out")

    assert (tmp_path / "out" / "b" / "c").read_bytes() == b"y"
    assert (tmp_path / "out" / "run").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "out" / "b" / "c").stat().st_mode & 0o777 == 0o600


def test_a_damaged_content_is_noticed(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    tree = store.add(files(a=b"original"))
    entry = store.tree(tree.digest)[0]
    place = store.folder / entry.digest[7:9] / entry.digest[7:]
    place.write_bytes(b"0riginal")

    with pytest.raises(ArtifactError, match="damaged"):
        b"".join(store.read(entry.digest))
    place.unlink()
    with pytest.raises(ArtifactError, match="missing or damaged"):
        store.checkout(tree.digest, tmp_path / "out")


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "x", "", "sha256:" + "A" * 64])
def test_what_is_no_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ArtifactError):
        ContentStore(tmp_path).tree(digest)


@pytest.mark.parametrize("path", ["../a", "/a", "a//b", "a/./b", "", "a\\b", "a\nb", "a" * 600])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ManagementError):
        ContentStore(tmp_path).add([Incoming(path, io.BytesIO(b""))])


def test_only_what_nobody_needs_is_collected(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    kept, gone = store.add(files(a=b"1", b=b"22")), store.add(files(a=b"1", c=b"333"))

    freed = store.collect({kept.digest}, LATER)

    assert freed > 3
    store.checkout(kept.digest, tmp_path / "out")
    with pytest.raises(ArtifactError):
        store.tree(gone.digest)


def test_what_came_a_moment_ago_is_not_collected(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    tree = store.add(files(a=b"1"))
    for path in store.folder.glob("*/*"):
        os.utime(path, (1_000, 1_000))
    fresh = store.add(files(a=b"1", b=b"22"))

    assert store.collect(set(), 2_000.0) > 0
    store.checkout(fresh.digest, tmp_path / "out")
    with pytest.raises(ArtifactError):
        store.tree(tree.digest)


def test_nothing_is_collected_where_nobody_can_tell_what_is_needed(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    kept, other = store.add(files(a=b"1")), store.add(files(b=b"2"))
    next(store.folder.glob(f"*/{kept.digest.removeprefix('sha256:')}")).write_bytes(b"damaged")

    with pytest.raises(ArtifactError, match="damaged"):
        store.collect({kept.digest}, LATER)
    assert store.tree(other.digest)


def test_what_somebody_who_was_killed_had_begun_is_collected(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    store.add(files(a=b"1"))
    (store.folder / ".0123456789abcdef").write_bytes(b"half")
    (store.folder / ".git-0123").mkdir()

    store.collect(set(), LATER)

    assert [*store.folder.glob(".*")] == []


class Full(io.BytesIO):
    """A source that stops as a full disk does."""

    def read(self, _: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")

    with pytest.raises(StorageFullError, match="no room left"):
        store.add([Incoming("a", Full())])
    assert list(store.folder.iterdir()) == []
