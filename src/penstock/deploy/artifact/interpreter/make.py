"""The interpreter that runs → the layers of a base image, each made once for what it is made of."""

from __future__ import annotations

import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.disk import write_whole
from penstock.deploy.artifact.image import USER, BaseImage
from penstock.deploy.artifact.interpreter.bytecode import cache_path, make_bytecode
from penstock.deploy.artifact.interpreter.libraries import library_entries, system_entries
from penstock.deploy.artifact.interpreter.packages import (
    OWN,
    Package,
    find_names,
    find_packages,
    walk_files,
)
from penstock.deploy.artifact.layer import FOLDER, PROGRAM, Entry, Layer, with_folders, write_layer
from penstock.deploy.artifact.oci import architecture
from penstock.engine.load import engine_package

NAME: Final = "interpreter"
_FORMAT: Final = 1  # of what is written below: another makes every layer anew

_VERSION: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
_HOME: Final = "opt/python"
_LIBRARY: Final = f"{_HOME}/{sys.platlibdir}/{_VERSION}"
_TOOLS: Final = "opt/penstock"
_SITE: Final = f"{_TOOLS}/lib/{_VERSION}/site-packages"

_UNUSED: Final = frozenset(
    {"__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages", "test"}
    | {"tests", "tkinter", "turtledemo"}
)
_TESTS: Final = ("_test", "_ctypes_test", "_tkinter", "_xx", "xx")

_PASSWD: Final = (
    f"root:x:0:0:root:/:/sbin/nologin\npenstock:x:{USER}:{USER}:penstock:/tmp:/sbin/nologin\n"
)
_GROUP: Final = f"root:x:0:\npenstock:x:{USER}:\n"
_CERTIFICATES: Final = f"/{_SITE}/certifi/cacert.pem"
_ENTRY: Final = f"""\
#!/{_TOOLS}/bin/python3
import sys

from penstock.cli.main import main

sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One layer to be: what it holds, but for its bytecode."""

    kind: str
    entries: tuple[Entry, ...]


def make_base(blobs: Blobs, engines: Iterable[str]) -> BaseImage:
    """Make the layers that are not there yet. Raises ArtifactError, StorageFullError.

    `engines` are the names of those that the project's databases need, and no others are in it.
    """
    packages, parts = _parts(frozenset(engines))
    return BaseImage(
        name=NAME,
        layers=tuple(keep_layer(blobs, part) for part in parts),
        packages={name: package.version for name, package in packages.items()},
        architecture=architecture(),
    )


def _parts(engines: frozenset[str]) -> tuple[dict[str, Package], tuple[Part, ...]]:
    """Split what is in the image by how often it changes, most seldom first."""
    every = find_packages(OWN, engines)
    core = {name: every[name] for name in find_names(OWN)}
    for engine in sorted(engines):
        package = engine_package(engine)
        every |= {} if package is None else find_packages(package)
    extra = {name: package for name, package in every.items() if name not in core}
    others = {name: package for name, package in core.items() if name != OWN}
    found: set[str] = set()
    system = Part("system", _with_libraries(_system(), found))
    common = Part("packages", _with_libraries((*_tools(), *_site(others)), found))
    added = Part("engines", _with_libraries(_site(extra), found))
    own = Part(OWN, _site({OWN: core[OWN]}))
    return every, tuple(part for part in (system, common, added, own) if part.entries)


def _with_libraries(entries: tuple[Entry, ...], found: set[str]) -> tuple[Entry, ...]:
    """Add the system's libraries that are needed and not `found` in the layers before."""
    files = [entry.content for entry in entries if isinstance(entry.content, Path)]
    libraries = library_entries(files, found=frozenset(found))
    found |= {path.name for path in files} | {entry.path.split("/")[-1] for entry in libraries}
    return (*entries, *libraries)


def _system() -> tuple[Entry, ...]:
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return (
        *system_entries(program),
        Entry(f"{_HOME}/bin/python3", PROGRAM, program),
        *_standard_library(Path(sysconfig.get_path("stdlib"))),
        Entry("etc/passwd", content=_PASSWD.encode()),
        Entry("etc/group", content=_GROUP.encode()),
        Entry("etc/nsswitch.conf", content=b"passwd: files\ngroup: files\nhosts: files dns\n"),
        # What is trusted, and when clocks change, comes from packages whose versions are locked.
        Entry("etc/ssl/certs/ca-certificates.crt", link=_CERTIFICATES),
        Entry("etc/ssl/cert.pem", link=_CERTIFICATES),
        Entry("usr/lib/ssl/cert.pem", link=_CERTIFICATES),
        Entry("usr/share/zoneinfo", link=f"/{_SITE}/tzdata/zoneinfo"),
        Entry("project", FOLDER),
        Entry("state", 0o700, owner=USER),
        Entry("tmp", 0o1777),
    )


def _standard_library(root: Path) -> Iterator[Entry]:
    for path in walk_files(root, _UNUSED):
        place = path.removeprefix(f"{root}/")
        name = place.rpartition("/")[2]
        if not (place.startswith("config-") or name.endswith(".pyc") or name.startswith(_TESTS)):
            yield Entry(f"{_LIBRARY}/{place}", content=Path(path))


def _tools() -> tuple[Entry, ...]:
    """Return a virtual environment: every Python looks there for its packages, Debian's too."""
    settings = f"home = /{_HOME}/bin\ninclude-system-site-packages = false\n"
    return (
        Entry(f"{_TOOLS}/pyvenv.cfg", content=settings.encode()),
        Entry(f"{_TOOLS}/bin/python3", link=f"/{_HOME}/bin/python3"),
        Entry(f"{_TOOLS}/bin/python", link="python3"),
        Entry(f"{_TOOLS}/bin/penstock", PROGRAM, _ENTRY.encode()),
    )


def _site(packages: Mapping[str, Package]) -> tuple[Entry, ...]:
    return tuple(
        Entry(f"{_SITE}/{place}", content=Path(path))
        for package in packages.values()
        for place, path in package.files
    )


def keep_layer(blobs: Blobs, part: Part) -> Layer:
    """Return a part's layer, made unless that was done before of the very same files."""
    record = blobs.root / "bases" / f"{part.kind}-{_key(part)}.json"
    kept = read_kept(record)
    if kept is not None and blobs.has(kept.blob):
        record.touch()  # how long ago it was of use
        return kept
    layer = write_layer(blobs, part.kind, with_folders(_with_bytecode(part.entries)), pack=True)
    write_whole(record, msgspec.json.encode(layer))
    return layer


def read_kept(record: Path) -> Layer | None:
    """Return the layer that was made before, None where there is none, or nobody can tell."""
    try:
        return _KEPT.decode(record.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


_KEPT: Final = msgspec.json.Decoder(Layer)


def _key(part: Part) -> str:
    """Return a digest of all that a layer is made of, by what the files' system says of them."""
    digest = hashlib.sha256(f"{_FORMAT} {sys.version} {part.kind}".encode())
    for entry in sorted(part.entries, key=lambda entry: entry.path):
        content = entry.content
        if isinstance(content, Path):
            seen = content.stat()
            content = f"{content}:{seen.st_size}:{seen.st_mtime_ns}:{seen.st_ino}".encode()
        said = (entry.path, entry.mode, content, entry.link, entry.owner)
        digest.update(repr(said).encode())
    return digest.hexdigest()[:32]


def _with_bytecode(entries: Sequence[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if isinstance(entry.content, Path) and entry.path.endswith(".py"):
            made = make_bytecode(entry.content, f"/{entry.path}")
            if made is not None:
                yield Entry(cache_path(entry.path), content=made)
