from __future__ import annotations

import importlib.util
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Protocol

import pytest

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.interpreter import bytecode, elf, libraries, make, packages
from penstock.deploy.artifact.layer import Entry
from penstock.deploy.artifact.unpack import open_layer
from penstock.errors import ArtifactError

# The first base of a machine is some 400 MB that are read and packed.
pytestmark = pytest.mark.timeout(1500)


class Inside(Protocol):
    def __call__(self, *command: str) -> str: ...


ASK = """
import json, os, sqlite3, ssl, sys, zoneinfo
import duckdb, penstock.cli.main, pyarrow
print(json.dumps({
    "one": duckdb.sql("SELECT 1").fetchall()[0],
    "prefix": sys.prefix,
    "path": [place for place in sys.path if place],
    "certificates": ssl.create_default_context().cert_store_stats()["x509_ca"] > 50,
    "zone": str(zoneinfo.ZoneInfo("Europe/Paris")),
    "built": pyarrow.__file__,
}))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base's layers, unpacked."""
    blobs = Blobs(tmp_path_factory.mktemp("base") / "artifacts")
    base = make.make_base(blobs, ["duckdb"])
    place = tmp_path_factory.mktemp("root")
    place.chmod(0o755)  # as the root of a container is: whoever runs there may look
    for layer in base.layers:
        with open_layer(blobs, layer.blob) as tar:
            tar.extractall(place, filter="fully_trusted")
    return place


@pytest.fixture
def inside(root: Path) -> Inside:
    """Run a command with the base as its whole world."""
    program = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if os.geteuid() != 0 or program is None:
        pytest.skip("only root can make a folder the root of a process")

    def run(*command: str) -> str:
        environment = {"PATH": "/opt/penstock/bin", "HOME": "/state"}
        done = subprocess.run(
            [program, "--userspec=10001:10001", str(root), *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_a_base_needs_nothing_of_this_machine(inside: Inside) -> None:
    said = json.loads(inside("python3", "-c", ASK))

    assert said["one"] == [1]
    assert said["prefix"] == "/opt/penstock"
    assert {"/".join(place.split("/")[:3]) for place in said["path"]} == {
        "/opt/penstock",
        "/opt/python",
    }
    assert said["certificates"]
    assert said["zone"] == "Europe/Paris"


def test_the_program_is_where_images_look_for_it(inside: Inside) -> None:
    assert inside("penstock", "--version").startswith("penstock ")


def test_bytecode_is_there_and_used(inside: Inside) -> None:
    said = inside("python3", "-v", "-c", "import penstock.version")

    assert re.search(
        r"code object from '/opt/penstock/.*/penstock/__pycache__/version\..*pyc'", said
    )


def test_a_base_holds_no_tools_no_tests_and_no_other_engines(root: Path) -> None:
    names = {path.name for path in root.glob("opt/penstock/lib/*/site-packages/*")}

    assert {"penstock", "duckdb", "pyarrow"} <= names
    assert not names & {"pytest", "mypy", "pip", "setuptools", "psycopg", "trino", "numpy"}
    assert not [*root.glob("**/bin/sh")]
    assert not [*root.glob("**/site-packages/pyarrow/include")]


def test_nothing_in_a_base_says_where_it_was_made(root: Path) -> None:
    told = [
        path
        for path in root.rglob("*")
        if path.suffix in {".py", ".pyc", ".json", ".cfg", ".txt"}
        and path.is_file()
        and "_sysconfigdata" not in path.name
        and sys.prefix.encode() in path.read_bytes()
    ]

    assert told == []


def test_only_what_each_project_needs_is_in_it() -> None:
    plain = packages.find_names("penstock")
    with_postgres = packages.find_names("penstock", ["postgres"])

    assert "duckdb" not in plain
    assert with_postgres - plain >= {"psycopg", "psycopg-binary"}
    assert packages.required_by("duckdb") == ("duckdb",)


def test_a_package_that_is_not_installed_is_told() -> None:
    with pytest.raises(ArtifactError, match="'nothing-of-the-sort' is not installed"):
        packages.find_packages("nothing-of-the-sort")


def test_the_second_base_is_the_first_and_costs_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "artifacts")
    part = make.Part("small", (Entry("a.py", content=Path(bytecode.__file__)),))
    first = make.keep_layer(blobs, part)
    blob = blobs.path(first.blob.digest)
    before = blob.stat().st_mtime_ns

    assert make.keep_layer(blobs, part) == first
    assert blob.stat().st_mtime_ns == before
    os.truncate(blob, 1)
    assert make.keep_layer(blobs, part) == first
    assert blob.stat().st_size == first.blob.size


def test_another_content_is_another_layer(tmp_path: Path) -> None:
    blobs, file = Blobs(tmp_path / "artifacts"), tmp_path / "a.py"
    file.write_text("x = 1\n")
    first = make.keep_layer(blobs, make.Part("small", (Entry("a.py", content=file),)))
    file.write_text("x = 22\n")
    second = make.keep_layer(blobs, make.Part("small", (Entry("a.py", content=file),)))

    assert second.diff != first.diff


def test_bytecode_is_the_same_whether_python_compiled_it_before_or_not(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text(
        "def f(a, *, b={'x': 1}):\n    return a in {'p', 'q', 'r'} or (lambda: b)()\n"
    )
    fresh = bytecode.make_bytecode(source, "/opt/module.py")
    subprocess.run([sys.executable, "-m", "py_compile", str(source)], check=True)

    assert (tmp_path / "__pycache__").is_dir()
    assert bytecode.make_bytecode(source, "/opt/module.py") == fresh


def test_bytecode_of_an_older_source_is_not_used(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("x = 1\n")
    subprocess.run([sys.executable, "-m", "py_compile", str(source)], check=True)
    source.write_text("x = 'changed'\n")
    made = bytecode.make_bytecode(source, "/opt/module.py")

    assert made is not None
    code: object = marshal.loads(made[16:])  # noqa: S302 - made two lines above
    assert isinstance(code, CodeType)
    assert "changed" in code.co_consts
    assert code.co_filename == "/opt/module.py"
    assert made[:4] == importlib.util.MAGIC_NUMBER


def test_what_is_no_python_has_no_bytecode(tmp_path: Path) -> None:
    source = tmp_path / "template.py"
    source.write_text("class {{ name }}:\n")

    assert bytecode.make_bytecode(source, "/opt/template.py") is None


def test_a_program_says_which_libraries_it_needs() -> None:
    program = Path(sys.executable).resolve()
    found = elf.read_elf(program)

    assert found is not None
    assert "libc.so.6" in found.needed or "libpython" in " ".join(found.needed)
    assert found.loader is not None
    closure = {
        entry.path.split("/")[-1]
        for entry in libraries.library_entries([program], found=frozenset())
    }
    assert "libc.so.6" in closure


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200, b"#!/bin/sh"]
)
def test_what_is_no_program_needs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    found = elf.read_elf(tmp_path / "file")

    assert found is None or found.needed == ()
