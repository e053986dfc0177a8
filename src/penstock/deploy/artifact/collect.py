"""Removes artifacts that nobody keeps, and what only they were made of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec

from penstock.deploy.artifact.disk import PARTIAL, write_whole
from penstock.deploy.artifact.images import Images, Record
from penstock.deploy.artifact.interpreter.make import read_kept
from penstock.deploy.artifact.oci import is_digest, read_manifest
from penstock.deploy.artifact.types import Collected
from penstock.errors import ArtifactError


def collect(images: Images, keep: AbstractSet[str]) -> Collected:
    """Remove every artifact but those to keep, by their whole digests, and those that are held.

    Of the layers of bases the last of each kind stays too: the next build needs it. Raises
    ConflictError while something is built, ArtifactError where what is kept cannot be read: then
    nobody can tell what it needs, so nothing is removed.
    """
    unclear = sorted(digest for digest in keep if not is_digest(digest))
    if unclear:
        raise ArtifactError(f"{unclear[0]!r} is not a whole digest.", hint="Keep by sha256:….")
    with images.blobs.alone():
        records = list(images.records())
        wanted = keep | held(images.blobs.root)
        kept = [record for record in records if record.manifest.digest in wanted]
        needed = {digest for record in kept for digest in _needs(images, record)}
        needed |= _last_bases(images.blobs.root, needed)
        gone = [record.manifest.digest for record in records if record not in kept]
        for digest in gone:
            images.remove(digest)
        _remove_layouts(images.blobs.root, {record.manifest.digest for record in kept})
        removed = [_remove(path) for path in _unneeded(images.blobs.root, needed)]
        _remove_partial(images.blobs.root)
    return Collected(artifacts=tuple(gone), blobs=len(removed), freed=sum(removed))


def hold(root: Path, holder: str, digests: AbstractSet[str]) -> None:
    """Say which artifacts somebody needs, until they say otherwise: no collection removes them."""
    write_whole(root / "holds" / f"{holder}.json", msgspec.json.encode(sorted(digests)))


def held(root: Path) -> frozenset[str]:
    """Return every artifact that somebody holds.

    Raises ArtifactError where that cannot be read: nobody can tell then what may go.
    """
    found: set[str] = set()
    for path in (root / "holds").glob("*.json"):
        try:
            found.update(msgspec.json.decode(path.read_bytes(), type=list[str]))
        except (OSError, msgspec.DecodeError) as error:
            raise ArtifactError(
                f"{path} cannot be read, so nobody can tell which artifacts are needed.",
                hint="Start the manager, which writes it anew, and try again.",
            ) from error
    return frozenset(found)


def _needs(images: Images, record: Record) -> Iterator[str]:
    for manifest in (record.manifest, *record.papers):
        yield manifest.digest
        said = read_manifest(images.blobs.read(manifest.digest))
        yield from (blob.digest for blob in (said.config, *said.layers))


def _last_bases(root: Path, needed: AbstractSet[str]) -> set[str]:
    """Return the newest layer of each kind; forget the others that no artifact is made of."""
    by_age = sorted((root / "bases").glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    last: set[str] = set()
    kinds: set[str] = set()
    for path in by_age:
        kind, layer = path.name.rpartition("-")[0], read_kept(path)
        if layer is None:
            path.unlink()  # what is known of an image that was given: it is looked up again
            continue
        if kind not in kinds:
            kinds.add(kind)
            last.add(layer.blob.digest)
        elif layer.blob.digest not in needed:
            path.unlink()
    return last


def _unneeded(root: Path, needed: AbstractSet[str]) -> list[Path]:
    blobs = (root / "blobs" / "sha256").glob("*")
    return [path for path in blobs if f"sha256:{path.name}" not in needed]


def _remove(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size


def _remove_layouts(root: Path, kept: AbstractSet[str]) -> None:
    for path in (root / "layouts").glob("*"):
        if f"sha256:{path.name}" not in kept:
            shutil.rmtree(path)


def _remove_partial(root: Path) -> None:
    """Remove what was begun by somebody who was killed: nobody writes now."""
    for path in root.rglob(f"{PARTIAL}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
