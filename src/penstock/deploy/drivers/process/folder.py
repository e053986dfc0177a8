"""The folder of one process node: what was decided, what runs, how it ended."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from penstock.deploy.types import Colour, NodeSpec
from penstock.errors import DriverError
from penstock.secret import Secret

# A Unix socket's path has 108 bytes, the last one 0. The proxy in front may add to it.
_LONGEST_SOCKET = 100
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_Kept = TypeVar("_Kept", bound=msgspec.Struct)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What is on disk about a node before it starts. Of secrets only the names."""

    id: str
    api: str
    environment: str
    deployment: str
    colour: Colour
    artifact: str
    units: int
    variables: dict[str, str]
    secrets: tuple[str, ...]
    socket: str


class Run(msgspec.Struct, frozen=True):
    """What the keeper wrote when the node had started: see `keeper`."""

    pid: int
    birth: str
    time: float
    keeper: int
    keeper_birth: str


class End(msgspec.Struct, frozen=True):
    code: int
    time: float


@dataclass(frozen=True, slots=True)
class NodeFolder:
    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def state(self) -> Path:
        return self.path / "state"

    @property
    def log(self) -> Path:
        return self.path / "log"

    def written(self) -> Written | None:
        return _read(self.path / "spec.json", Written)

    def run(self) -> Run | None:
        return _read(self.path / "run.json", Run)

    def end(self) -> End | None:
        return _read(self.path / "end.json", End)

    def write(self, node: NodeSpec, socket: Path) -> None:
        """Write down what is about to be started, and forget how it ended before."""
        for part in (self.path, self.state):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in (self.path / "run.json", self.path / "end.json", socket):
            leftover.unlink(missing_ok=True)
        content = msgspec.json.encode(_to_write(node, socket))
        fresh = self.path / "spec.part"
        with open(fresh, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / "spec.json")

    def socket(self) -> Path:
        """Return where the node listens: in its folder, or where that is too deep, nearby."""
        socket = self.path / "node.sock"
        if len(os.fsencode(socket)) <= _LONGEST_SOCKET:
            return socket
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:20]
        return _short_folder() / f"{name}.sock"


def find_folder(nodes: Path, node: str) -> NodeFolder:
    """Raise DriverError where an id could lead out of the folder."""
    if not _ID.fullmatch(node):
        raise DriverError(
            f"{node!r} cannot be the id of a node",
            hint="Letters a-z, digits and hyphens, at most 40.",
        )
    return NodeFolder(nodes / node)


def find_folders(nodes: Path) -> Iterator[NodeFolder]:
    try:
        paths = sorted(nodes.iterdir())
    except FileNotFoundError:
        return
    yield from (NodeFolder(path) for path in paths if _ID.fullmatch(path.name))


def _to_write(node: NodeSpec, socket: Path) -> Written:
    environment = node.environment.items()
    return Written(
        id=node.id,
        api=node.place.api,
        environment=node.place.environment,
        deployment=node.deployment,
        colour=node.colour,
        artifact=node.artifact,
        units=node.units,
        variables={name: value for name, value in environment if isinstance(value, str)},
        secrets=tuple(name for name, value in environment if isinstance(value, Secret)),
        socket=str(socket),
    )


def _short_folder() -> Path:
    """Return a folder of this user's alone, its path short. Raises DriverError."""
    folder = Path(tempfile.gettempdir()) / f"penstock-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise DriverError(
            f"{folder} is not this user's alone, and sockets of nodes belong there",
            hint="Remove it, or choose a shorter PENSTOCK_HOME.",
        )
    return folder


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path, kind: type[_Kept]) -> _Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
