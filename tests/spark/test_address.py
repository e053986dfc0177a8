from __future__ import annotations

from pathlib import Path

import pytest

from penstock.engine.spark.address import read_address
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError
from penstock.secret import Secret


def settings(**options: Option) -> EngineSettings:
    return EngineSettings(
        database="lake", root=Path(), files={}, options=options, memory=1, threads=1
    )


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"url": "sc://spark:15002"}, "sc://spark:15002"),
        ({"url": "sc://spark:15002/", "tls": True}, "sc://spark:15002/;use_ssl=true"),
        (
            {"url": "sc://spark:443", "token": Secret("s")},
            "sc://spark:443/;token=s;use_ssl=true",
        ),
        (
            {"url": "sc://dbc.net:443", "token": "s", "cluster": "0123-abc"},
            "sc://dbc.net:443/;token=s;use_ssl=true;x-databricks-cluster-id=0123-abc",
        ),
    ],
)
def test_options_become_the_address_that_the_client_reads(
    options: dict[str, Option], address: str
) -> None:
    assert read_address(settings(**options)) == address


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "http://spark"},
        {"url": "sc://spark/;token=s"},
        {"url": 1},
        {"url": "sc://spark", "token": "s;user_id=root"},
        {"url": "sc://spark", "token": "s", "tls": False},
    ],
)
def test_what_is_no_address_is_refused_with_a_way_forward(options: dict[str, Option]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_address(settings(**options))

    assert caught.value.hint
