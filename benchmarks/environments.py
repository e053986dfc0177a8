"""A virtual environment of its own for each program we measure against, made once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.places import REPOSITORY, cache_folder

INSTALL_TIMEOUT = 600


@dataclass(frozen=True, slots=True)
class Environment:
    folder: Path

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    @property
    def packages(self) -> Path:
        """The folder its packages are in, for a process of ours that wants only one of them."""
        return next((self.folder / "lib").glob("python*/site-packages"))

    def version(self, package: str) -> str:
        found = sorted(self.packages.glob(f"{package.replace('-', '_')}-*.dist-info"))
        return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else "?"


@cache
def installed() -> Environment:
    """Return Penstock as its users have it: what the lock says, and nothing of its developers'."""
    locks = [REPOSITORY / name for name in ("requirements.lock", "requirements-build.lock")]
    listed = [option for lock in locks for option in ("-r", str(lock))]
    environment = make_environment(
        "penstock",
        ["--require-hashes", *listed],
        of="".join(hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks),
    )
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e")
    _run(environment.program("python"), *install, str(REPOSITORY))
    return environment


def make_environment(name: str, packages: Sequence[str], of: str = "") -> Environment:
    """Install `packages` in an environment called `name`, unless that was done before.

    `of` says more about what they are, where their names do not.
    """
    folder = cache_folder("environments") / name
    wanted = "\n".join((sys.version, *packages, of))
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return Environment(folder)
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(folder))
    environment = Environment(folder)
    _run(environment.program("python"), "-m", "pip", "install", "--quiet", *packages)
    stamp.write_text(wanted)
    return environment


def tools() -> Environment:
    """Return what measuring needs and Penstock does not: a TPC-H generator, a JSON encoder."""
    return make_environment("tools", ["tpchgen-cli>=4", "orjson>=3.11"])


def _run(*command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} … failed:\n{done.stderr[-2000:]}")
