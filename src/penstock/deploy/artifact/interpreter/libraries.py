"""Programs and modules → the system's shared libraries that they need, and whose they need."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from penstock.deploy.artifact.interpreter.elf import Elf, read_elf
from penstock.deploy.artifact.layer import PROGRAM, Entry
from penstock.errors import ArtifactError

# Nobody names these: the C library opens them when it looks up a host or ends a thread.
_UNNAMED: Final = ("libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
_C: Final = "libc.so.6"
_SHARED: Final = re.compile(r"\.so(\.[\d.]+)?$")


def library_entries(files: Iterable[Path], *, found: frozenset[str]) -> tuple[Entry, ...]:
    """Return the libraries that files need beside those among them and those `found` already.

    All of them lie in the one folder where the loader looks without being told.
    """
    present = [path for path in files if _may_need(path)]
    names = {path.name for path in present} | found
    return tuple(_entry(path) for path in _closure(present, names))


def system_entries(program: Path) -> tuple[Entry, ...]:
    """Return the loader of a program, and what the C library opens by itself."""
    elf = read_elf(program)
    if elf is None or elf.loader is None or _find(_C) is None:
        raise ArtifactError(
            "No base can be made of this interpreter: it is not a dynamic program of Linux's.",
            hint="Give a base image, such as the one of Penstock's Dockerfile: --base.",
        )
    loader = Entry(elf.loader.lstrip("/"), PROGRAM, Path(elf.loader).resolve())
    unnamed = [path for name in _UNNAMED if (path := _find(name)) is not None]
    return (loader, *map(_entry, unnamed))


def _entry(path: Path) -> Entry:
    home = _find(_C)
    folder = (path if home is None else home).parent
    return Entry(f"{folder.as_posix().lstrip('/')}/{path.name}", PROGRAM, path.resolve())


def _may_need(path: Path) -> bool:
    return _SHARED.search(path.name) is not None or path.parent.name == "bin"


def _closure(files: list[Path], names: set[str]) -> Iterator[Path]:
    """Yield each library once, found in the order that they are needed in."""
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        elf = read_elf(file)
        for name in () if elf is None else elf.needed:
            # One that is not found could not be loaded here either: a part that is not used.
            if name not in names and (path := _find(name, elf, file)) is not None:
                names.add(name)
                waiting.append(path)
                yield path


def _find(name: str, elf: Elf | None = None, file: Path = Path()) -> Path | None:
    """Return where the loader finds a library: where who needs it says, else where all are."""
    origin = str(file.parent)
    own = [] if elf is None else [p.replace("$ORIGIN", origin) for p in elf.places]
    for folder in (*own, *_folders()):
        path = Path(folder, name)
        if path.is_file():
            return path
    return None


@cache
def _folders() -> tuple[str, ...]:
    """Return where the loader looks: its own folders, those configured, and Python's."""
    machine = sysconfig.get_config_var("MULTIARCH") or ""
    own = [f"/lib/{machine}", f"/usr/lib/{machine}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    configured = [
        line.strip()
        for file in sorted(Path("/etc/ld.so.conf.d").glob("*.conf"))
        for line in file.read_text(errors="replace").splitlines()
        if line.startswith("/")
    ]
    return (*own, *configured, sysconfig.get_config_var("LIBDIR") or "/lib")
