"""What an artifact says of itself: `.penstock/manifest.json` beside the project's files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from penstock.errors import ArtifactError

PLACE: Final = ".penstock/manifest.json"
FORMAT: Final = 1


class ColumnFact(msgspec.Struct, frozen=True):
    name: str
    type: str


class QueryFact(msgspec.Struct, frozen=True, kw_only=True):
    """A saved query: the columns of its answer, its parameters, and those a caller must give.

    One that requires nothing can be asked as it stands: a node does, to see that all is well.
    """

    name: str
    columns: list[ColumnFact]
    parameters: list[str]
    required: list[str]


class ProjectManifest(msgspec.Struct, frozen=True, kw_only=True):
    """`files` maps each path to its SHA-256 in hex, `packages` each distribution to its version.

    `engines` and `dialects` are by connector. `variables` are the names that the project takes
    from its environment.
    """

    format: int = FORMAT
    project: str
    api: str
    version: str
    penstock: str
    python: str
    engines: dict[str, str]
    dialects: dict[str, str]
    packages: dict[str, str]
    variables: list[str]
    queries: list[QueryFact]
    files: dict[str, str]


def encode_manifest(manifest: ProjectManifest) -> bytes:
    """Return the one text that a manifest has, for people to read too."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"


def decode_manifest(text: bytes) -> ProjectManifest:
    """Raise ArtifactError for what is none, or of a later format."""
    try:
        manifest = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise ArtifactError(f"The artifact's manifest cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise ArtifactError(
            f"The artifact has the format {manifest.format}, this Penstock reads {FORMAT}.",
            hint="Build it again with this version, or run it with the version that built it.",
        )
    return manifest


_DECODER: Final = msgspec.json.Decoder(ProjectManifest)


def read_manifest(folder: Path) -> ProjectManifest | None:
    """Return the manifest of an unpacked artifact, None for a project's own folder.

    Raises ArtifactError.
    """
    try:
        text = (folder / PLACE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ArtifactError(f"{folder / PLACE} cannot be read: {error.strerror}.") from error
    return decode_manifest(text)
