from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cli.conftest import Shell
from penstock.cli.unreached import tell_operator
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, PenstockError, UnavailableError
from penstock.secret import Secret
from project.folders import write
from support.postgres_server import find_programs, run_postgres

AWAY = "The database cannot be reached at the moment"


def settings(**options: Option) -> EngineSettings:
    return EngineSettings(
        database="shop", root=Path("/shop"), files={}, options=options, memory=1, threads=1
    )


def away(*causes: Exception) -> PenstockError:
    error: Exception = UnavailableError("The database cannot be reached at the moment.")
    first = error
    for cause in causes:
        error.__cause__ = cause
        error = cause
    assert isinstance(first, PenstockError)
    return first


def told(error: PenstockError, **options: Option) -> str:
    return tell_operator(error, settings(**options))[0]


def test_a_server_that_is_not_there_is_named_with_the_words_of_its_driver(
    shell: Shell, tmp_path: Path
) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    connector = f"engine: postgres\noptions: {{host: 127.0.0.1, port: {port}, database: shop}}\n"
    folder = write(tmp_path / "shop", {"connectors/shop.yaml": connector})
    said = shell("check", folder).text

    assert f"at the moment: looked for at 127.0.0.1:{port}, connection failed: " in said
    assert "Connection refused" in said
    assert "hint: Is it there, running, and reachable from here?" in said
    assert said.count("DATABASE_UNAVAILABLE") == 1


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


ASKED = '{"data": {"fields": {"id": ["count"]}}}'


@pytest.mark.parametrize("command", ["query", "explain", "serve"])
def test_every_command_that_opens_a_database_tells_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: int, command: str
) -> None:
    pytest.importorskip("pymysql")
    monkeypatch.setenv("SHOP_SECRET", "s3cret")
    options = "host: 127.0.0.1, database: shop, user: ann, password: '${SHOP_SECRET}'"
    connector = f"engine: mysql\noptions: {{port: {closed}, {options}}}\n"
    folder = write(tmp_path / "shop", {"connectors/shop.yaml": connector})
    done = shell(command, folder, *(("--port", "0") if command == "serve" else (ASKED,)))

    assert done.code == 1
    assert f"error: connectors/shop.yaml:1:1: {AWAY}: looked for at 127.0.0.1:{closed}" in done.err
    assert "Connection refused" in done.err
    assert "hint: Is it there, running, and reachable from here? See connectors/shop.y" in done.err
    assert done.err.count("DATABASE_UNAVAILABLE") == 1
    assert "s3cret" not in done.err + done.text


def test_tables_that_cannot_be_counted_tell_it_too(
    shell: Shell, tmp_path: Path, closed: int
) -> None:
    pytest.importorskip("psycopg")
    options = f"{{host: 127.0.0.1, port: {closed}, database: shop}}"
    connector = f"engine: postgres\noptions: {options}\n"
    folder = write(tmp_path / "shop", {"connectors/shop.yaml": connector})
    as_text = shell("refresh", folder)
    told = json.loads(shell("refresh", folder, "--format", "json").out)["tables"]

    assert as_text.code == 1
    assert f"orders: {AWAY}: looked for at 127.0.0.1:{closed}, " in as_text.text
    assert "hint: Is it there" in as_text.text
    assert "Connection refused" in told[0]["problem"]
    assert "connectors/shop.yaml" in told[0]["hint"]


def test_what_else_is_wrong_is_told_as_it_is(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", {"data/shops.csv": "code\na\n"})
    done = shell("query", folder, ASKED)

    assert done.code == 1
    assert "COLUMN_NOT_FOUND" in done.err
    assert "looked for at" not in done.err


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_database_to_begin_with_tells_it_before_there_is_a_project(
    shell: Shell, tmp_path: Path, closed: int, scheme: str
) -> None:
    pytest.importorskip("psycopg" if scheme == "postgresql" else "pymysql")
    url = f"{scheme}://ann:s3cret@127.0.0.1:{closed}/shop"
    done = shell("init", tmp_path / "new", "--from", url)

    assert done.code == 1
    assert f"error: {AWAY}: looked for at 127.0.0.1:{closed}, " in done.err
    assert "Connection refused" in done.err
    assert "reachable from here? --from takes scheme://user@host:port/name." in done.err
    assert "s3cret" not in done.err
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(find_programs() is None, reason="there is no PostgreSQL here")
def test_a_server_that_knows_neither_the_database_nor_the_user_is_quoted(
    shell: Shell, tmp_path: Path
) -> None:
    with run_postgres() as server:
        place = f"{server.host}:{server.port}"
        wrong = {
            "database": f"postgresql://{server.user}:{server.password}@{place}/nowhere",
            "user": f"postgresql://nobody_known:s3cret@{place}/{server.database}",
        }
        said = {w: shell("init", tmp_path / w, "--from", url).err for w, url in wrong.items()}

    assert 'database "nowhere" does not exist' in said["database"]
    assert 'user "nobody_known"' in said["user"]
    for text in said.values():
        assert f"looked for at {place}" in text
        assert "s3cret" not in text
        assert server.password not in text


def test_the_innermost_cause_is_what_is_the_matter() -> None:
    wrapped = OSError("pool: Caused by X")
    error = away(wrapped, ConnectionRefusedError(111, "Connection refused"))

    assert told(error, host="db", port=5432) == (
        "The database cannot be reached at the moment: looked for at db:5432, Connection refused."
    )


WRAPPED = (
    "failed to execute: HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /v1"
    " (Caused by NewConnectionError(\"HTTPConnection(host='h', port=1): Failed to establish a new"
    ' connection: [Errno 111] Connection refused"))'
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (WRAPPED, "Failed to establish a new connection: [Errno 111] Connection refused"),
        (
            '<_InactiveRpcError:\n\tstatus = UNAVAILABLE\n\tdetails = "ipv4:h:1: refused"\n>',
            "ipv4:h:1: refused",
        ),
        ("one line\n\tIs the server running?", "one line"),
    ],
)
def test_of_what_a_driver_says_the_first_sentence_counts(words: str, said: str) -> None:
    assert told(away(OSError(words)), host="h").endswith(f"looked for at h, {said}.")


def test_what_the_environment_said_is_not_repeated_but_for_the_place() -> None:
    words = "no entry for db, user ann, password s@cret (s%40cret)"
    options = {name: Secret(v) for name, v in {"user": "ann", "password": "s@cret"}.items()}

    assert told(away(OSError(words)), host=Secret("db"), **options).endswith(
        "looked for at db, no entry for db, user …, password … (…)."
    )


def test_of_an_address_only_the_place_is_shown() -> None:
    url = "postgresql://ann:s%40cret@db:5433/shop?sslpassword=other"
    said = told(away(OSError(f"cannot open {url}: s@cret, other")), url=Secret(url))

    assert said.endswith("looked for at db:5433, cannot open …: …, ….")


def test_a_file_is_named_below_the_project() -> None:
    assert told(away(), database="/shop/data/shop.db").endswith("looked for at data/shop.db.")


def test_an_error_that_says_what_it_needs_stays_as_it_is() -> None:
    error = ConfigurationError("Give a host.", hint="Write it.")

    assert tell_operator(error, settings(host="db")) == ("Give a host.", "Write it.")
