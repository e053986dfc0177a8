from __future__ import annotations

import pytest

from engine.mysql.world import execute, opened, rows, settings
from penstock.engine.load import open_engine
from penstock.engine.mysql import MariaDB, MySQL
from penstock.engine.mysql.columns import read_type
from penstock.engine.types import Option
from penstock.errors import ConfigurationError, SeveralErrors, UnavailableError
from penstock.model.types import DataType
from penstock.secret import Secret
from support.mariadb_server import Server, serve_mariadb


def test_a_connection_lost_with_its_server_is_made_anew() -> None:
    with serve_mariadb() as server, opened(server) as engine:
        assert rows(engine, "SELECT 1 AS one") == [(1,)]

        server.kill()
        with pytest.raises(UnavailableError):
            engine.ping()

        server.start()
        engine.ping()
        assert rows(engine, "SELECT 1 AS one") == [(1,)]


def test_the_version_changes_with_the_data_and_only_then(server: Server, engine: MariaDB) -> None:
    before = engine.version(now=True)
    assert before is not None
    assert engine.version(now=True) == before

    execute(server, "CREATE TABLE changed (a INT)")
    assert engine.version(now=True) != before
    execute(server, "DROP TABLE changed")


def test_there_is_no_version_without_a_log_of_changes() -> None:
    with serve_mariadb() as server, opened(server) as engine:
        assert engine.version(now=True) is None


def test_a_version_of_a_server_that_is_gone_is_unknown(server: Server) -> None:
    with opened(server, port=1, connect_timeout=1) as engine:
        assert engine.version() is None
        with pytest.raises(UnavailableError):
            engine.ping()


@pytest.mark.parametrize(
    "options",
    [{"password": Secret("wrong")}, {"user": "nobody"}, {"database": "none"}, {"port": 1}],
)
def test_a_door_that_does_not_open_is_a_database_that_is_not_there(
    server: Server, options: dict[str, Option]
) -> None:
    with opened(server, **options) as engine, pytest.raises(UnavailableError) as caught:
        engine.ping()

    assert "penstock" not in caught.value.detail


def test_options_that_are_wrong_are_told_all_at_once(server: Server) -> None:
    wrong: dict[str, Option] = {"pool": 0, "ssl_mode": "maybe", "hots": "x", "user": None}

    with pytest.raises(SeveralErrors) as caught:
        open_engine("mariadb", settings(server, **wrong))

    assert [problem.detail.partition(" of ")[0] for problem in caught.value.parts] == [
        "MariaDB has no option 'hots', which database 'shop' sets.",
        "The option 'pool'",
        "The option 'ssl_mode'",
        "Database 'shop' does not say its user.",
    ]
    assert caught.value.hint == "Did you mean 'host'?"


def test_a_certificate_that_is_not_there_is_an_option_that_is_wrong(server: Server) -> None:
    with pytest.raises(ConfigurationError, match="certificate"):
        MySQL(settings(server, ssl_mode="verify_ca", ssl_ca="none.pem"))


@pytest.mark.parametrize(
    ("native", "type_"),
    [
        ("tinyint(1)", DataType.BOOLEAN),
        ("tinyint(4)", DataType.INTEGER),
        ("bigint(20) unsigned", DataType.INTEGER),
        ("bit(1)", DataType.BOOLEAN),
        ("bit(12)", DataType.INTEGER),
        ("decimal(12,2)", DataType.DECIMAL),
        ("enum('a','b')", DataType.STRING),
        ("timestamp", DataType.TIMESTAMP_TZ),
        ("datetime(6)", DataType.TIMESTAMP),
        ("json", DataType.JSON),
        ("point", None),
    ],
)
def test_types_are_the_languages_or_none(native: str, type_: DataType | None) -> None:
    assert read_type(native) is type_


def test_tables_tell_what_is_not_null_and_views_do_not(server: Server, engine: MariaDB) -> None:
    execute(
        server,
        "CREATE TABLE held (id INT PRIMARY KEY, a TEXT NOT NULL, b INT)",
        "CREATE VIEW held_seen AS SELECT a FROM held",
    )
    found = {relation.source: relation for relation in engine.relations()}
    execute(server, "DROP VIEW held_seen", "DROP TABLE held")

    assert [column.nullable for column in found["held",].columns] == [False, False, True]
    assert [column.nullable for column in found["held_seen",].columns] == [True]
