"""The data that is asked about: Parquet files, made once and kept, and the project over them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock-tests"
SCALE = os.environ.get("PENSTOCK_ORACLE_SCALE", "0.01")  # of TPC-H; the benchmarks take 1
GENERATION_TIMEOUT = 100


@dataclass(frozen=True, slots=True)
class Dataset:
    """`project` is the folder whose models describe it, `database` what they call the connector."""

    project: Path
    database: str
    files: Mapping[str, Path]

    def tables(self) -> Mapping[str, pa.Table]:
        return {name: pq.read_table(file) for name, file in self.files.items()}

    def keys(self) -> Mapping[str, frozenset[tuple[str, ...]]]:
        """Return the columns that relationships look each table up by: it has an index of them."""
        found: dict[str, set[tuple[str, ...]]] = {name: set() for name in self.files}
        for file in sorted((self.project / "models").glob("*.yaml")):
            for table in yaml.safe_load(file.read_text(encoding="utf-8"))["tables"].values():
                for relationship in table.get("relationships", {}).values():
                    # To PyYAML, which reads YAML 1.1, `on` is true.
                    found[relationship["to"]].add(tuple(relationship[True].values()))
        return {name: frozenset(keys) for name, keys in found.items()}

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return where SQL written by hand runs: on the files, whatever engine is tested."""
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        for name, file in self.files.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{file}'")
        return connection


def find_dataset(name: str) -> Dataset:
    """Return a dataset, made if this machine does not have it yet."""
    match name:
        case "flights":
            return Dataset(ROOT, "demo", _files(ROOT / "data"))
        case "tpch":
            folder = _made(f"tpch-{SCALE}", _generate_tpch)
        case _:
            script = (HERE / name / "data.sql").read_text(encoding="utf-8")
            digest = hashlib.sha256(script.encode()).hexdigest()[:12]
            folder = _made(f"{name}-{digest}", lambda partial: _run_script(script, partial))
    return Dataset(HERE / name, name, _files(folder))


def _files(folder: Path) -> Mapping[str, Path]:
    return {file.stem: file for file in sorted(folder.glob("*.parquet"))}


def _made(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache. Workers may make it at once: the first that is done wins."""
    folder = CACHE / "oracle" / name
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as room:
        partial = Path(room, "partial")
        partial.mkdir()
        make(partial)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    return folder


def _generate_tpch(folder: Path) -> None:
    program = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent))
    assert program is not None, "tpchgen-cli is not installed: make test installs it"
    command = [program, "parquet", "-s", SCALE, f"--output-dir={folder}"]
    subprocess.run(command, check=True, timeout=GENERATION_TIMEOUT, capture_output=True)


def _run_script(script: str, folder: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(script)
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(f"COPY {name} TO '{folder / name}.parquet'")
