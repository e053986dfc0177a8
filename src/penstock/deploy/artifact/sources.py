"""A project → the files of its folder that an artifact holds, and those it never does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.auth.issuer import KeySetFile, PublicKeyFile
from penstock.engine.files import find_files, read_token
from penstock.errors import ArtifactError
from penstock.project.files import ROOT_FILE, SECTIONS
from penstock.project.outline import Outline
from penstock.project.types import Connector, Project

HANDLERS: Final = "handlers"
_NEVER: Final = frozenset({"__pycache__", "node_modules", "id_rsa", "id_ed25519", "id_ecdsa"})
_PRIVATE: Final = frozenset({".key", ".pem", ".p12", ".pfx", ".jks", ".env", ".pyc"})
_LOGS: Final = ("-wal", "-journal", ".wal")  # SQLite's and DuckDB's, beside a database's file
_KEY_MARK: Final = b"PRIVATE KEY-----"
_MOST: Final = 100_000  # files: more are a mistake, such as a glob over a whole disk


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the project: where it lies in it, where on this machine, and its SHA-256."""

    path: str
    file: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Every file that goes in, in order, and a token of their state when they were looked up."""

    files: tuple[Source, ...]
    token: str

    def check(self) -> None:
        """Raise ArtifactError if anything was changed since."""
        if self.token != read_token(str(source.file) for source in self.files):
            raise ArtifactError(
                "The project changed while it was built.", hint="Build again once it is at rest."
            )


def find_sources(project: Outline | Project) -> Sources:
    """Return what a node needs of a project's folder: nothing else that lies there goes in.

    That is penstock.yaml, the files of its sections, data and public keys that they name, and
    handlers/. Raises ArtifactError for a private key among them, or a database in use.
    """
    root = project.root
    paths = dict.fromkeys((*_sections(root), *_named(project), *_handlers(root)))
    if len(paths) > _MOST:
        raise ArtifactError(f"The project names {len(paths):,} files.", hint="Narrow its globs.")
    files = sorted({*paths}, key=lambda path: path.relative_to(root).parts)
    token = read_token(map(str, files))
    return Sources(tuple(_source(root, file) for file in files), token)


def _sections(root: Path) -> Iterator[Path]:
    yield root / ROOT_FILE
    for section in SECTIONS:
        yield from _visible(root, root / section)


def _handlers(root: Path) -> Iterator[Path]:
    for path in _visible(root, root / HANDLERS):
        if path.suffix not in _PRIVATE:
            yield path


def _visible(root: Path, folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(p.startswith(".") or p in _NEVER for p in parts):
            yield path


def _named(project: Outline | Project) -> Iterator[Path]:
    """Yield the files that settings name: data, databases, certificates, issuers' public keys."""
    for connector in project.connectors.values():
        for path in data_of(connector):
            yield from map(Path, find_files(path))
        for value in connector.settings.options.values():
            if isinstance(value, str) and value and not Path(value).is_absolute():
                yield from (p for p in [project.root / value] if p.is_file())
    for issuer in project.authentication.issuers:
        if isinstance(issuer.key, KeySetFile | PublicKeyFile):
            yield issuer.key.path


def data_of(connector: Connector) -> Sequence[Path]:
    """Return the paths and globs of a connector's data, none where it lies elsewhere."""
    paths = dict(connector.settings.files)
    database = connector.settings.options.get("database")
    if connector.engine in {"duckdb", "sqlite"} and database is not None:
        paths[""] = Path(str(database))
    return [path for name, path in paths.items() if name not in connector.elsewhere]


def _source(root: Path, file: Path) -> Source:
    path = file.relative_to(root).as_posix()
    if not path.isprintable() or "\\" in path:
        raise ArtifactError(
            f"The name {path!a} has signs that no version can hold.", hint="Rename the file."
        )
    if not file.resolve().is_relative_to(root.resolve()):
        raise ArtifactError(
            f"{path} leads out of the project.", hint="Put the file itself there, not a link."
        )
    for log in _LOGS:
        beside = file.with_name(file.name + log)
        if beside.is_file() and beside.stat().st_size:
            raise ArtifactError(
                f"{path} is being written: changes are in {beside.name} that are not in it yet.",
                hint="Close what has the database open, then build again.",
            )
    return Source(path, file, _digest(path, file))


def _digest(path: str, file: Path) -> str:
    try:
        with file.open("rb") as stream:
            beginning = stream.read(1 << 16)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}.") from error
    if _KEY_MARK in beginning:
        raise ArtifactError(
            f"{path} holds a private key, and whoever has the image would have it.",
            hint="Take it out of the project, and give it to nodes as a secret.",
        )
    return digest
