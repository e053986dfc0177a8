"""What import-linter cannot see: who builds what, who calls what, where an import stands."""

from __future__ import annotations

import re

import pytest

from architecture.source import ROOT, SRC, called, functions, imported, modules

# Modules that may import our own code inside a function, and why.
LATE_IMPORTS = {
    "__init__.py": "`import penstock` stays light: what it offers is loaded when it is asked for",
    "cli/main.py": "a command loads what it needs: `penstock --help` answers at once",
    "cli/deploy.py": "to deploy an artifact of before nothing is read, so no engine is loaded",
    "deploy/artifact/read.py": "the names of a project need less than all of it",
    "node/deployed.py": "a node that has a manager has no database of its own, nor SQLAlchemy",
}

# Modules of the core that reach out, and why.
REACHES_OUT = {
    "auth/fetch.py": "an issuer's keys are fetched over HTTP",
    "auth/jwks.py": "… and kept for a while",
    "auth/issuer.py": "… or read from a file, once, at start-up",
}
CORE = ("auth", "model", "plan", "policy", "query")
OUTSIDE = {
    "http", "os", "pathlib", "random", "secrets", "shutil", "socket", "ssl", "subprocess",
    "tempfile", "time", "urllib.request", "uuid",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow"}

# What turns Arrow into text, bytes or Python rows.
ENCODERS = {
    "new_file", "new_stream", "to_pandas", "to_pydict", "to_pylist", "write_batch", "write_csv",
    "write_table",
}  # fmt: skip


# Modules that make Python values of Arrow all the same, and why: none of them shows a row.
LISTS_KEYS = {
    "apart.py": "the numbers of runs, which say what is page and what is total",
    "engine/duckdb/delta.py": "the files that a table's log lists",
    "engine/duckdb/joining.py": "the keys of a join, which another database is asked for",
    "project/referred.py": "keys that should be unique and are not",
}


def packages_that_call(name: str) -> set[str]:
    return {
        path.split("/")[0]
        for path, tree in modules().items()
        if name in called(tree) and path not in LISTS_KEYS
    }


@pytest.mark.parametrize("proof", ["Permitted", "View"])
def test_only_policy_can_say_that_policy_was_applied(proof: str) -> None:
    assert packages_that_call(proof) == {"policy"}


def test_only_encode_makes_bytes_of_rows_and_only_cli_shows_some_to_a_person() -> None:
    makers = {name: packages_that_call(name) - {"cli"} for name in ENCODERS}

    assert {name: found for name, found in makers.items() if not found <= {"encode"}} == {}


def test_no_import_of_our_own_hides_in_a_function() -> None:
    hidden = {
        path
        for path, tree in modules().items()
        for function in functions(tree)
        if any(name.split(".")[0] == "penstock" for name in imported(function))
    }

    assert hidden <= LATE_IMPORTS.keys()


def test_the_core_reads_no_clock_and_does_no_io() -> None:
    core = {path: tree for path, tree in modules().items() if path.split("/")[0] in CORE}
    found = {
        path: sorted({*imported(tree)} & OUTSIDE | {*called(tree)} & CLOCKS)
        for path, tree in core.items()
        if path not in REACHES_OUT
    }

    assert {path: names for path, names in found.items() if names} == {}


def test_no_module_is_longer_than_400_lines() -> None:
    sizes = {path: len((SRC / path).read_text().splitlines()) for path in modules()}

    assert {path: size for path, size in sizes.items() if size > 400} == {}


def test_every_exception_from_the_rules_says_why() -> None:
    silenced = re.compile(r"# (?:noqa: [A-Z0-9, ]*[A-Z]\d+|type: ignore\[[a-z-]+\])(.*)")
    mute = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("src", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if (found := silenced.search(line)) and len(found[1].split()) < 2
    ]

    assert mute == []
