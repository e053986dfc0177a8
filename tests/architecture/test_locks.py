"""The locks: exact, hashed, complete, and silent about where packages come from."""

from __future__ import annotations

import re
import tomllib

import pytest

from architecture.source import ROOT

LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-build.lock",
    "requirements-spark.lock",
)
PIN = re.compile(r"([a-z0-9-]+)==([\w.]+)(?: ; [\w '\"=!<>.()]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := PIN.fullmatch(line))}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()

    assert [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []


@pytest.mark.parametrize("part", ["requirements.lock", "requirements-build.lock"])
def test_what_runs_is_what_was_tested(part: str) -> None:
    assert pins(part).items() <= pins("requirements-dev.lock").items()


def test_everything_asked_for_is_locked() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())
    running = [*asked["project"]["dependencies"]]
    for extra in asked["project"]["optional-dependencies"].values():
        running += extra
    names = {re.split(r"[\[>=<;~ ]", one)[0].lower() for one in running}

    locked = {name for lock in LOCKS for name in pins(lock)}
    # Spark's tests install the whole of it, its client in it.
    assert names - locked == {"pyspark-client"}
