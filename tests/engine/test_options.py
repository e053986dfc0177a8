from __future__ import annotations

from pathlib import Path

import pytest

from penstock.engine.options import (
    NUMBER,
    SWITCH,
    TEXT,
    Kind,
    find_problems,
    one_of,
    reveal_options,
)
from penstock.engine.types import EngineSettings, Option
from penstock.secret import Secret

KNOWN = {"host": TEXT, "port": NUMBER, "secure": SWITCH, "mode": one_of(("on", "off"))}


def problems(**options: Option) -> list[str]:
    return [found.detail for found in find_problems(options, KNOWN, "Lake", "shop")]


@pytest.mark.parametrize(
    ("kind", "fitting", "misfits"),
    [
        (TEXT, ["", "a"], [1, True]),
        (NUMBER, [1, 5432], [0, -1, True, "1", 1.5]),
        (SWITCH, [True, False], [1, "true"]),
        (one_of(("on", "off")), ["on", "OFF"], ["", "maybe", True]),
    ],
)
def test_a_kind_takes_what_it_says(
    kind: Kind, fitting: list[Option], misfits: list[Option]
) -> None:
    assert [value for value in fitting if not kind.fits(value)] == []
    assert [value for value in misfits if kind.fits(value)] == []


def test_every_option_that_is_wrong_is_told() -> None:
    assert problems(host=1, hots="a", port="x", secure=None, mode="maybe") == [
        "Lake has no option 'hots', which database 'shop' sets.",
        "The option 'host' of 'shop' is text.",
        "The option 'port' of 'shop' is a whole number above 0.",
        "The option 'mode' of 'shop' is one of on, off.",
    ]


def test_options_that_fit_have_no_problems() -> None:
    assert problems(host="a", port=1, secure=True, mode="On") == []


def test_numbers_of_the_environment_are_numbers_where_one_is_due() -> None:
    settings = EngineSettings(
        database="shop",
        root=Path(),
        files={},
        options={"host": Secret("1"), "port": Secret("5432"), "mode": None},
        memory=1,
        threads=1,
    )

    assert reveal_options(settings, KNOWN) == {"host": "1", "port": 5432, "mode": None}
