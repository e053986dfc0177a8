from __future__ import annotations

import pytest

from engine.postgres.opening import settings
from penstock.engine.postgres.options import read_options
from penstock.engine.types import Option
from penstock.errors import ConfigurationError, SeveralErrors
from penstock.secret import Secret


def test_options_become_what_libpq_is_told() -> None:
    way = read_options(
        settings(
            host="db", port=5433, user="ada", password=Secret("p w"), database="lake",
            schema="Sales", sslmode="verify-full", sslrootcert="ca.pem", pool=3,
            application_name="reports",
        )
    )  # fmt: skip

    told = dict(way.connection)
    assert told["host"] == "db"
    assert told["port"] == "5433"
    assert told["password"] == "p w"
    assert told["dbname"] == "lake"
    assert told["sslrootcert"] == "/project/ca.pem"
    assert told["application_name"] == "reports"
    assert (way.schema, way.pool) == ("Sales", 3)


def test_an_address_is_enough_and_options_go_before_it() -> None:
    url = Secret("postgresql://ada:secret@db:5433/lake?sslmode=require")

    told = dict(read_options(settings(url=url, user="bob")).connection)

    assert (told["host"], told["dbname"], told["sslmode"]) == ("db", "lake", "require")
    assert (told["user"], told["password"]) == ("bob", "secret")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": "db"},
        {"database": "lake", "colour": "blue"},
        {"database": "lake", "sslMode": "require"},
        {"database": "lake", "port": "5432"},
        {"database": "lake", "pool": 0},
        {"database": 7},
        {"url": "mysql://ada:secret@db/lake"},
        {"url": "postgresql://ada:secret@db:port:/lake?x=secret"},
    ],
)
def test_options_that_cannot_work_are_refused_with_a_way_forward(
    options: dict[str, Option],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_options(settings(**options))

    assert caught.value.hint
    assert "secret" not in caught.value.detail + caught.value.hint


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SeveralErrors) as caught:
        read_options(settings(database="lake", hots="db", port="x", pool=-1))

    assert len(caught.value.parts) == 3
    assert caught.value.parts[0].hint == "Did you mean 'host'?"


def test_a_way_does_not_print_its_password() -> None:
    way = read_options(settings(database="lake", password=Secret("secret")))

    assert "secret" not in repr(way)
