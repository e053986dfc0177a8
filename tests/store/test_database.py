from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import penstock
from penstock import store
from penstock.errors import StateError
from penstock.store import migrate
from penstock.store.database import FILE, Database, Row, open_database, open_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_the_file_are_for_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "state"
    before = os.umask(0)
    try:
        with open_database(home) as database, database.writing() as session:
            session.execute(text("CREATE TABLE t (a)"))
            assert {mode(file) for file in home.iterdir()} == {0o600}
    finally:
        os.umask(before)

    assert mode(home) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    (tmp_path / FILE).chmod(0o644)

    open_database(tmp_path).close()

    assert mode(tmp_path / FILE) == 0o600


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    open_database(tmp_path).close()

    assert mode(tmp_path) == 0o755


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, database.writing() as writer:
        writer.execute(text("CREATE TABLE t (a)"))
        with database.reading() as reader:
            assert not inspect(reader.connection()).has_table("t")


def test_what_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        with contextlib.suppress(RuntimeError), database.writing() as session:
            session.execute(text("CREATE TABLE t (a)"))
            raise RuntimeError

        with database.reading() as session:
            assert not inspect(session.connection()).has_table("t")


def test_the_newest_migration_is_the_one_the_program_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_the_migrations_make_the_tables_that_the_rows_describe(database: Database) -> None:
    for module in pkgutil.iter_modules(store.__path__, "penstock.store."):
        importlib.import_module(module.name)

    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Row.metadata) == []
    assert len(Row.metadata.tables) > 20


OPEN = """
import pathlib, sys
from penstock.store.database import open_database
open_database(pathlib.Path(sys.argv[1])).close()
"""


def test_programs_that_start_at_once_make_one_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parents[1])}
    starting = [
        subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) for _ in range(4)
    ]
    errors = [program.communicate(timeout=60)[1].decode() for program in starting]

    assert [program.returncode for program in starting] == [0] * 4, errors
    with open_database(tmp_path) as database, database.reading() as session:
        assert migrate.revision_of(session.connection()) == migrate.HEAD


def test_threads_that_start_at_once_make_one_file(tmp_path: Path) -> None:
    opened: list[Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_database(tmp_path))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 8
    for database in opened:
        database.close()


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    newer = sqlite3.connect(tmp_path / FILE)
    with newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()

    with pytest.raises(StateError, match="newer version"):
        open_database(tmp_path)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one", b"x" * 8192])
def test_a_damaged_file_is_an_error_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)

    with pytest.raises(StateError, match="cannot be used: file is not a database"):
        open_database(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_folder_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "state").touch()

    with pytest.raises(StateError, match="cannot be used"):
        open_database(tmp_path / "state")


def test_looking_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="There is no state"):
        open_database(tmp_path / "state", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_locked_file_is_an_error_in_words(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    with open_file(tmp_path / FILE, busy=0.01) as database, database.writing():
        second = database.writing()
        with pytest.raises(StateError, match="locked by another process"):
            second.__enter__()


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    with open_database(tmp_path / "a") as database:
        with database.writing() as session:
            session.execute(text("CREATE TABLE old (a)"))
        open_database(tmp_path / "b").close()
        for leftover in ("-wal", "-shm"):
            (tmp_path / "a" / f"{FILE}{leftover}").unlink(missing_ok=True)
        (tmp_path / "b" / FILE).replace(tmp_path / "a" / FILE)

        with database.reading() as session:
            assert not inspect(session.connection()).has_table("old")


def test_a_file_that_is_gone_is_not_made_anew_behind_our_back(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        for file in tmp_path.iterdir():
            file.unlink()

        with pytest.raises(StateError, match="cannot be used"), database.reading() as session:
            session.execute(text("SELECT 1"))
        assert list(tmp_path.iterdir()) == []


def test_names_of_folders_may_hold_anything(tmp_path: Path) -> None:
    home = tmp_path / "a b?mode=memory#%s&é"

    with open_database(home):
        assert (home / FILE).stat().st_size > 0
