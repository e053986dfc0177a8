from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.sqlite.functions import _FUNCTIONS
from penstock.engine.sqlite.moments import difference, last_day, moment, moved, part, start, zoned

LIKE = next(function for name, _, function in _FUNCTIONS if name == "penstock_like")
LITERAL = next(function for name, _, function in _FUNCTIONS if name == "penstock_literal_like")

TEXTS = st.text(alphabet="ab%_\\\n", max_size=12)


@given(TEXTS, st.text(alphabet="ab%_\\\n", max_size=8))
def test_like_is_what_a_plain_expression_says(text: str, pattern: str) -> None:
    plain = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)

    assert LIKE(text, pattern) == (re.fullmatch(plain, text, re.DOTALL) is not None)


@given(TEXTS, TEXTS)
def test_literal_text_is_found_as_it_is(text: str, part_: str) -> None:
    escaped = re.sub(r"([\\%_])", r"\\\1", part_)

    assert LITERAL(text, f"%{escaped}%") == (part_ in text)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (moved("2013-03-31", -1, "MONTH"), "2013-02-28"),
        (moved("2012-02-29", -1, "YEAR"), "2011-02-28"),
        (moved("2013-01-31", 1, "DAY"), "2013-02-01"),
        (moved("2013-01-31 23:00:00", 2, "HOUR"), "2013-02-01 01:00:00"),
        (moved(None, 1, "DAY"), None),
        (difference("2013-04-01", "2013-02-28", "MONTH"), 2),
        (difference("2013-03-01", "2012-02-28", "DAY"), 367),
        (last_day("2012-02-03"), "2012-02-29"),
        (start("QUARTER", "2013-06-30"), "2013-04-01"),
        (start("WEEK", "2013-12-30 12:00:00.500000"), "2013-12-30 00:00:00"),
        (part("WEEK", "2013-12-30"), 1),
        (part("DOW", "2013-12-29"), 0),
        (zoned("2013-07-01 00:00:00", "America/New_York"), "2013-06-30 20:00:00"),
        (moment("2013-06-30 20:00:00", "America/New_York"), "2013-07-01 00:00:00"),
    ],
)
def test_dates_follow_the_calendar(found: object, expected: object) -> None:
    assert found == expected
