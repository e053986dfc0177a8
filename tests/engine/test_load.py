from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.databases import DATA, settings
from penstock.engine.load import engine_names, open_engine
from penstock.errors import ConfigurationError

THIRD_PARTY = {
    "third.py": "class Third:\n    dialect = 'ansi'\n    def __init__(self, settings): pass\n",
    "third-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: third\nVersion: 1\n",
    "third-1.dist-info/entry_points.txt": (
        "[penstock.engines]\nthird = third:Third\nlost = third:Lost\nbare = no_such_driver:X\n"
    ),
}


def test_duckdb_opens_by_its_name() -> None:
    engine = open_engine("duckdb", settings(DATA, {"airlines": "airlines.parquet"}))

    assert engine.dialect == "duckdb"
    assert engine.count(("airlines",)) == 16
    engine.close()


def test_an_unknown_engine_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError) as near:
        open_engine("duckdbb", settings(DATA))
    with pytest.raises(ConfigurationError) as far:
        open_engine("oracle", settings(DATA))

    assert near.value.hint == "Did you mean 'duckdb'?"
    assert "duckdb" in str(far.value.hint)
    assert "duckdb" in engine_names()


@pytest.mark.parametrize("name", ["bigquery", "mssql", "redshift", "snowflake"])
def test_an_engine_whose_sql_alone_is_written_says_so(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(name, settings(DATA))

    assert "cannot connect to it yet" in caught.value.detail
    assert caught.value.hint
    assert name not in engine_names()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in THIRD_PARTY.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_an_engine_of_another_package_opens_by_its_entry_point() -> None:
    assert "third" in engine_names()
    assert open_engine("third", settings(DATA)).dialect == "ansi"


@pytest.mark.usefixtures("installed")
def test_a_missing_driver_or_class_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError) as driver:
        open_engine("bare", settings(DATA))
    with pytest.raises(ConfigurationError) as lost:
        open_engine("lost", settings(DATA))

    assert driver.value.hint == 'pip install "penstock[bare]"'
    assert "third:Lost" in lost.value.detail


def test_without_duckdb_the_extra_to_install_is_named() -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None\n"
        "from pathlib import Path\n"
        "from penstock.engine.load import open_engine\n"
        "from penstock.engine.types import EngineSettings\n"
        "from penstock.errors import ConfigurationError\n"
        "s = EngineSettings(database='d', root=Path(), files={}, options={}, memory=1, threads=1)\n"
        "try: open_engine('duckdb', s)\n"
        "except ConfigurationError as error: print(error.hint)\n"
    )
    source = Path(__file__).parents[2] / "src"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        check=True,
    )

    assert found.stdout.decode().strip() == 'pip install "penstock[duckdb]"'
