"""An unpacked artifact → the manifest that it is true to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.deploy.artifact.manifest import PLACE, ProjectManifest, read_manifest
from penstock.errors import ArtifactError

_OWN: Final = Path(PLACE).parts[0]
_SHOWN: Final = 3  # of many files


def verify_artifact(folder: Path) -> ProjectManifest | None:
    """Return the manifest of an artifact, None for a project's own folder.

    Raises ArtifactError where a file was changed, taken away or added since it was built.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    wrong = [*_changed(folder, manifest), *_added(folder, manifest)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ArtifactError(
            f"The artifact is not as it was built: {', '.join(wrong[:_SHOWN])}{more}.",
            hint="Unpack it again, or build it anew.",
        )
    return manifest


def _changed(folder: Path, manifest: ProjectManifest) -> Iterator[str]:
    for name, expected in sorted(manifest.files.items()):
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            yield f"{name} cannot be read"
            continue
        if found != expected:
            yield f"{name} is another one"


def _added(folder: Path, manifest: ProjectManifest) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_own = name.parts[0] == _OWN or "__pycache__" in name.parts
        if path.is_file() and not is_own and name.as_posix() not in manifest.files:
            yield f"{name} was added"
