"""What the image is built from where no image registry can be reached: a base, and packages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from e2e.docker_engine import CACHE, Engine, NoEngineError

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock")
BASE = "penstock-tests-base:bookworm"
# The base's Python, which need not be the one that runs the tests.
BASE_PYTHON = "3.11"
# What only the base's Python needs: pip decides that by the one that runs it, so it must not ask.
OLDER = re.compile(r" ; python_full_version < '3\.11\.\d+'")
DEBIAN = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--include=python3,python3-venv",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "bookworm",
    "-",
)


def make_base(engine: Engine) -> str:
    """Return a base image: Debian with its Python, made from Debian's packages."""
    if engine.docker("images", "--quiet", BASE):
        return BASE
    if not shutil.which("mmdebstrap"):
        raise NoEngineError("there is no mmdebstrap here to make a base image with")
    making = subprocess.Popen(DEBIAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with making:
        subprocess.run(
            ["docker", "import", "-", BASE],
            stdin=making.stdout,
            env=dict(engine.environment),
            capture_output=True,
            check=False,
        )
        said = making.stderr.read().decode() if making.stderr else ""
    if making.returncode:
        engine.docker("rmi", "--force", BASE)
        raise NoEngineError(f"mmdebstrap cannot make a base image here: {said[-400:]}")
    return BASE


def make_context(folder: Path) -> Path:
    """Return a copy of what the Dockerfile takes, with the locked packages beside it."""
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!") and (ROOT / line[1:]).exists():
            _copy(ROOT / line[1:], folder / line[1:])
    for name in ("Dockerfile", "docker-compose.yml", "docker-compose.node.yml", ".dockerignore"):
        shutil.copy2(ROOT / name, folder / name)
    _copy(_wheelhouse(), folder / "wheelhouse")
    return folder


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _wheelhouse() -> Path:
    """Return the folder of the locked packages, fetched with whatever pip is told here."""
    locks = b"".join((ROOT / lock).read_bytes() for lock in LOCKS)
    kept = CACHE / "wheelhouse" / f"{BASE_PYTHON}-{sha256(locks).hexdigest()[:16]}"
    if kept.exists():
        return kept
    fresh = kept.with_suffix(".part")
    shutil.rmtree(kept.parent, ignore_errors=True)  # those of older locks
    fresh.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes"]
    command += ["--only-binary=:all:", f"--python-version={BASE_PYTHON}", f"--dest={fresh}"]
    with tempfile.TemporaryDirectory() as folder:
        for lock in LOCKS:
            asked = Path(folder) / lock
            asked.write_text(OLDER.sub("", (ROOT / lock).read_text()))
            command += ["-r", str(asked)]
        subprocess.run(command, check=True, capture_output=True)
    return fresh.rename(kept)
