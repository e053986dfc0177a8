from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import ConfigurationError
from penstock.project.draft.address import Place, read_address
from penstock.secret import Secret


def place(**environ: str) -> Place:
    return Place(Path("/project"), environ)


def test_an_address_becomes_options_and_its_password_a_variable() -> None:
    address = read_address("postgresql://reader:s%40cret@db.example.com:5433/my-shop", place())

    assert (address.engine, address.name) == ("postgres", "my_shop")
    assert address.options == {
        "host": "db.example.com",
        "port": 5433,
        "database": "my-shop",
        "user": "reader",
    }
    assert address.secrets == {"password": ("MY_SHOP_PASSWORD", Secret("s@cret"))}
    assert address.variables() == {"MY_SHOP_PASSWORD": "s@cret"}


def test_a_password_may_be_named_by_its_variable() -> None:
    address = read_address("mysql://u:${DB_PASSWORD}@h/d", place(DB_PASSWORD="secret"))

    assert address.secrets == {"password": ("DB_PASSWORD", Secret("secret"))}


def test_what_comes_after_the_question_mark_are_options() -> None:
    address = read_address("clickhouse://h/d?secure=true&api_token=x", place())

    assert address.options["secure"] is True
    assert address.secrets == {"api_token": ("D_API_TOKEN", Secret("x"))}


def test_drivers_in_the_scheme_mean_nothing() -> None:
    assert read_address("mysql+pymysql://h/d", place()).engine == "mysql"


def test_a_database_file_has_an_address_too(tmp_path: Path) -> None:
    (tmp_path / "shop.db").touch()
    address = read_address(f"sqlite:///{tmp_path}/shop.db", Place(tmp_path, {}))

    assert address.database is not None
    assert (address.engine, address.name, address.database.written) == ("sqlite", "shop", "shop.db")


def test_spark_has_an_address_of_its_own() -> None:
    address = read_address("sc://spark.example.com/;token=abc", place())

    assert address.options == {"url": "sc://spark.example.com:15002"}
    assert address.secrets == {"token": ("SPARK_EXAMPLE_COM_TOKEN", Secret("abc"))}


def test_trino_has_a_catalogue_and_a_schema() -> None:
    address = read_address("trino://me@trino.example.com:8443/hive/sales", place())

    assert (address.engine, address.name) == ("trino", "hive")
    assert address.options == {
        "host": "trino.example.com",
        "port": 8443,
        "catalog": "hive",
        "user": "me",
        "schema": "sales",
    }


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_address("postgresql://reader:pass/word@host/shop", place())

    assert "pass" not in f"{caught.value.detail} {caught.value.hint}"
    assert caught.value.__cause__ is None
