"""Every operator of a filter, on every type it applies to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from contract.asking import ask, select
from contract.data import THINGS
from penstock.engine.types import Engine
from penstock.query.types import Json

LONG = "x" * 60_000

CASES: list[tuple[str, Mapping[str, Json], list[int]]] = [
    ("eq integer", {"whole": {"eq": 7}}, [3, 6]),
    ("eq float", {"ratio": {"eq": 0.5}}, [1]),
    ("eq decimal", {"price": {"eq": "19.99"}}, [1]),
    ("eq string", {"kind": {"eq": "y"}}, [3, 4, 5]),
    ("eq string, other case", {"kind": {"eq": "Y"}}, []),
    ("eq string, a blank more", {"kind": {"eq": "y "}}, []),
    ("eq string, no accent", {"name": {"eq": "E'\"\\;--"}}, []),
    ("eq hostile string", {"name": {"eq": "É'\"\\;--"}}, [4]),
    ("eq beyond the first plane", {"name": {"eq": "straße 日本 \U0001f600"}}, [6]),
    ("eq injected", {"kind": {"eq": "y' OR '1'='1"}}, []),
    ("eq very long", {"kind": {"eq": LONG}}, []),
    ("eq boolean", {"ok": {"eq": True}}, [1, 3, 6]),
    ("eq boolean false", {"ok": {"eq": False}}, [2, 4]),
    ("eq date", {"day": {"eq": "2012-02-29"}}, [2]),
    ("eq timestamp", {"at": {"eq": "2013-12-30T12:30:15"}}, [3]),
    ("eq timestamp with a fraction", {"at": {"eq": "2013-01-31T23:59:59.999999"}}, [1]),
    ("eq timestamp_tz", {"at_tz": {"eq": "2013-12-30T13:30:15+01:00"}}, [3]),
    ("eq time", {"clock": {"eq": "01:02:03.456789"}}, [4]),
    ("eq bytes", {"raw": {"eq": "AP+A"}}, [3]),
    ("eq large integer", {"big": {"eq": 2**53 + 1}}, [3]),
    ("not_equal drops nulls", {"whole": {"not_equal": 7}}, [1, 2, 4]),
    ("in", {"whole": {"in": [7, 0]}}, [3, 4, 6]),
    ("in with null", {"whole": {"in": [0, None]}}, [4, 5]),
    ("in nothing", {"whole": {"in": []}}, []),
    ("in many", {"whole": {"in": list(range(10_000))}}, [3, 4, 6]),
    ("not_in drops nulls", {"whole": {"not_in": [7, 0]}}, [1, 2]),
    ("not_in nothing", {"whole": {"not_in": []}}, [1, 2, 3, 4, 5, 6]),
    ("in dates", {"day": {"in": ["2012-02-29", "2024-07-01"]}}, [2, 6]),
    ("between", {"price": {"between": [0.01, 5]}}, [2, 3, 6]),
    ("between dates", {"day": {"between": ["2013-01-01", "2013-12-31"]}}, [1, 3]),
    ("not_between", {"whole": {"not_between": [0, 10]}}, [1, 2]),
    ("gt", {"ratio": {"gt": 0.5}}, [3, 6]),
    ("gte", {"ratio": {"gte": 0.5}}, [1, 3, 6]),
    ("lt before 1970", {"at": {"lt": "1970-01-01T00:00:00"}}, [4]),
    ("lte", {"day": {"lte": "2012-02-29"}}, [2, 4]),
    ("gt timestamp_tz", {"at_tz": {"gt": "2013-12-30T12:30:14.999999Z"}}, [3, 6]),
    ("lt timestamp with a fraction", {"at": {"lt": "2013-01-31T23:59:59.999999"}}, [2, 4]),
    ("gt decimal", {"price": {"gt": "4.9999"}}, [1, 3]),
    # By code points: capitals come before small letters, letters with accents after both.
    ("gt string", {"name": {"gt": "a"}}, [1, 4, 6]),
    ("lt string", {"name": {"lt": "a"}}, [2, 3]),
    ("between strings", {"name": {"between": ["A", "Z"]}}, [2]),
    ("during", {"day": {"during": "2013"}}, [1, 3]),
    ("during, a timestamp", {"at": {"during": "2013-01"}}, [1]),
    ("like", {"name": {"like": "a%b"}}, [1]),
    ("like, any one character", {"name": {"like": "A_b"}}, [2]),
    ("like knows capitals", {"name": {"like": "A%"}}, [2]),
    ("like has no escape", {"name": {"like": "%\\;%"}}, [4]),
    ("like across planes", {"name": {"like": "%日_ _"}}, [6]),
    ("like nothing", {"name": {"like": ""}}, [3]),
    ("not_like drops nulls", {"name": {"not_like": "%b"}}, [3, 4, 6]),
    ("ilike", {"name": {"ilike": "a%B"}}, [1, 2]),
    ("ilike with accents", {"name": {"ilike": "é%"}}, [4]),
    ("contains", {"name": {"contains": "%"}}, [1]),
    ("contains an underscore", {"name": {"contains": "_"}}, [2]),
    ("contains a backslash", {"name": {"contains": "\\"}}, [4]),
    ("contains a quote", {"name": {"contains": "'\""}}, [4]),
    ("contains knows capitals", {"name": {"contains": "B"}}, []),
    ("contains nothing", {"name": {"contains": ""}}, [1, 2, 3, 4, 6]),
    ("starts_with", {"name": {"starts_with": "a%"}}, [1]),
    ("ends_with", {"name": {"ends_with": "\\;--"}}, [4]),
    ("is_null", {"price": {"is_null": True}}, [5]),
    ("is_not_null", {"price": {"is_not_null": True}}, [1, 2, 3, 4, 6]),
    ("or", {"or": [{"whole": 7}, {"kind": "x"}]}, [1, 2, 3, 6]),
    ("not keeps no nulls", {"not": {"whole": {"gt": 5}}}, [2, 4]),
]


@pytest.mark.parametrize(("where", "ids"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_filter_keeps_the_rows_it_should(
    engine: Engine, where: Mapping[str, Json], ids: list[int]
) -> None:
    assert ask(engine, THINGS, select("id", where=where)) == [(number,) for number in ids]
