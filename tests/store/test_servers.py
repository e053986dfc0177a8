"""What a database that is down, locked, full or old looks like from here."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from penstock.auth.apikey import Environment
from penstock.errors import ConfigurationError, StateError, StorageFullError
from penstock.store import migrate, projects
from penstock.store.database import (
    Database,
    open_database,
    open_database_at,
    open_file,
    open_state,
)
from penstock.store.keys import KeyRepository
from penstock.store.unit import LOCAL, looking, working
from support.postgres_server import Address, find_programs, run_postgres

KEY = (
    "INSERT INTO api_keys (id, name, environment, current_hash, roles, attributes, permissions,"
    " created) VALUES ('k1', 'old', 'live', :hash, '[\"reader\"]', '{}', '[]', 1)"
)
COUNT = "INSERT INTO table_counts VALUES ('p', 't', 'x', NULL, 7, NULL, 1)"


def write_old(url: str) -> None:
    """Make a database as the version before this one left it."""
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text(KEY), {"hash": b"0" * 32})
        connection.execute(text(COUNT))
    engine.dispose()


def check_upgraded(database: Database) -> None:
    (stored,) = KeyRepository(database).list()
    assert (stored.record.name, stored.record.environment) == ("old", Environment.LIVE)
    assert (stored.record.roles, stored.record.api) == (("reader",), None)
    with database.writing() as session:
        session.execute(text("UPDATE table_counts SET rows = 9000000000"))
    with database.reading() as session:
        assert session.scalar(text("SELECT rows FROM table_counts")) == 9_000_000_000
        assert migrate.revision_of(session.connection()) == migrate.HEAD
    with working(database, LOCAL, 1) as work:
        projects.create(work, "new", "")


def test_a_file_of_the_version_before_is_upgraded_with_what_is_in_it(tmp_path: Path) -> None:
    write_old(f"sqlite:///{tmp_path / 'penstock.db'}")

    with open_database(tmp_path) as database:
        check_upgraded(database)


def test_a_server_of_the_version_before_is_upgraded_with_what_is_in_it(server: Address) -> None:
    server.execute("CREATE DATABASE old")
    url = server.url.replace("/penstock", "/old")
    write_old(url.replace("postgresql:", "postgresql+psycopg:"))

    with open_database_at(url) as database:
        check_upgraded(database)


def test_the_environment_says_where_the_state_is(tmp_path: Path, server: Address) -> None:
    server.execute("CREATE DATABASE elsewhere")
    url = server.url.replace("/penstock", "/elsewhere")

    with open_state(tmp_path / "home", {"PENSTOCK_DATABASE": url}) as database:
        assert server.password not in database.place
        assert database.engine.dialect.name == "postgresql"
    assert not (tmp_path / "home").exists()
    with open_state(tmp_path / "home", {}) as database:
        assert database.engine.dialect.name == "sqlite"
    with open_database_at(f"sqlite:///{tmp_path}/other/s.db"):
        assert (tmp_path / "other" / "s.db").exists()


@pytest.mark.parametrize("url", ["mysql://u:hidden@h/d", "nonsense", "sqlite://", "hidden://"])
def test_what_is_no_address_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="PENSTOCK_DATABASE") as caught:
        open_database_at(url)
    assert "hidden" not in f"{caught.value} {caught.value.hint}"


def test_a_server_that_is_down_is_an_error_in_words_and_comes_back() -> None:
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb)")
    with run_postgres() as address, open_database_at(address.url) as database:
        with working(database, LOCAL, 1) as work:
            projects.create(work, "shop", "")
        address.stop()
        with (
            pytest.raises(StateError, match="cannot be reached") as caught,
            looking(database) as look,
        ):
            projects.find(look, "shop")
        with pytest.raises(StateError, match="cannot be reached") as opening:
            open_database_at(address.url)
        for error in (caught.value, opening.value):
            assert address.password not in f"{error} {error.hint}"
            assert error.hint

        address.start()

        with looking(database) as look:
            assert projects.find(look, "shop").name == "shop"


def test_a_wrong_password_is_an_error_in_words(server: Address) -> None:
    url = server.url.replace(server.password, "wrong-password")

    with pytest.raises(StateError, match="cannot be reached") as caught:
        open_database_at(url)
    assert "wrong-password" not in f"{caught.value} {caught.value.hint}"


def _fill(database: Database) -> None:
    with working(database, LOCAL, 1) as work:
        for i in range(500):
            projects.create(work, f"p{i}", "x" * 200)


def test_a_full_disk_changes_nothing_and_is_an_error_in_words(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    with open_file(tmp_path / "penstock.db") as database:
        with database.reading() as session:
            pages = session.scalar(text("PRAGMA page_count"))
            session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFullError, match="no room left"):
            _fill(database)
    check = sqlite3.connect(tmp_path / "penstock.db")
    assert check.execute("SELECT count(*) FROM projects").fetchone() == (0,)
    check.close()
