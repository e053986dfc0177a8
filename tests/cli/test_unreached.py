from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli.conftest import Shell
from penstock.cli.unreached import tell_operator
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, PenstockError, UnavailableError
from penstock.secret import Secret
from project.folders import write


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
