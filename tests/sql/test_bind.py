from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ForbiddenError
from penstock.model.types import DataType
from penstock.plan.types import Parameter
from penstock.query.types import Slot, Value
from penstock.sql.bind import bind_values
from penstock.sql.types import Bound, Listed, Marker, Pattern, Statement, Template, Writing
from support.ask import problems

T = DataType
YEARS = (datetime(2, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001 - hypothesis adds the zone


NOW = datetime(2013, 12, 31, tzinfo=UTC)


def template(type_: DataType, *, guard: bool = False, pattern: Pattern | None = None) -> Template:
    parameter = Parameter(Slot(0, guard), type_, "price", "/filter/price")
    return Template("SELECT $1", (Marker(parameter, pattern),))


def list_template(type_: DataType, length: int, writing: Writing) -> Template:
    parameters = [
        Parameter(Slot(i, guard=False), type_, "price", f"/filter/price/{i}") for i in range(length)
    ]
    return Template("SELECT $1", (Listed(tuple(map(Marker, parameters)), writing),))


def bind(type_: DataType, value: Value) -> Bound:
    (bound,) = bind_values(template(type_), [value], [], NOW).parameters
    return bound


@pytest.mark.parametrize(
    ("type_", "value", "bound"),
    [
        (T.BOOLEAN, True, True),
        (T.BOOLEAN, "TRUE", True),
        (T.BOOLEAN, "0", False),
        (T.BOOLEAN, 1, True),
        (T.INTEGER, 7, 7),
        (T.INTEGER, "-7", -7),
        (T.INTEGER, 7.0, 7),
        (T.INTEGER, 2**63 - 1, 2**63 - 1),
        (T.INTEGER, str(-(2**63)), -(2**63)),
        (T.FLOAT, 1, 1.0),
        (T.FLOAT, "1.5e3", 1500.0),
        (T.DECIMAL, 0.1, Decimal("0.1")),
        (T.DECIMAL, "19.990", Decimal("19.990")),
        (T.DECIMAL, 12345678901234567890, Decimal(12345678901234567890)),
        (T.STRING, "x", "x"),
        (T.STRING, "", ""),
        (T.STRING, 7, "7"),
        (T.STRING, 1.5, "1.5"),
        (T.DATE, "2013-01-31", date(2013, 1, 31)),
        (T.DATE, "2013-01-31T00:00:00Z", date(2013, 1, 31)),
        (T.DATE, 0, date(1970, 1, 1)),
        (T.DATE, -1, date(1969, 12, 31)),
        (T.DATE, 1359590400, date(2013, 1, 31)),
        (T.DATE, 1359676799, date(2013, 1, 31)),
        (T.DATE, "1359590400", date(2013, 1, 31)),
        (T.TIMESTAMP, "2013-01-31", datetime(2013, 1, 31)),  # noqa: DTZ001 - it has no zone
        (T.TIMESTAMP, "2013-01-31T10:00:00+02:00", datetime(2013, 1, 31, 8)),  # noqa: DTZ001 - without a zone
        (T.TIMESTAMP, 0.5, datetime(1970, 1, 1, 0, 0, 0, 500_000)),  # noqa: DTZ001 - without a zone
        (T.TIMESTAMP_TZ, "2013-01-31T10:00:00", datetime(2013, 1, 31, 10, tzinfo=UTC)),
        (T.TIMESTAMP_TZ, "2013-01-31T10:00:00+02:00", datetime(2013, 1, 31, 8, tzinfo=UTC)),
        (T.TIMESTAMP_TZ, "-3600", datetime(1969, 12, 31, 23, tzinfo=UTC)),
        (T.TIME, "10:30", time(10, 30)),
        (T.BYTES, "YWI=", b"ab"),
    ],
)
def test_a_value_is_read_as_its_attributes_type(
    type_: DataType, value: Value, bound: Bound
) -> None:
    found = bind(type_, value)

    assert found == bound
    assert type(found) is type(bound)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (T.BOOLEAN, ["yes", 2, "", 1.0]),
        (T.INTEGER, ["x", "", " 1", "1_000", 1.5, True, 2**63, -(2**63) - 1, 1e300, "9" * 5_000]),
        (T.FLOAT, ["x", "", " 1", "1_0", True, "nan", "inf", "-Infinity", 10**400, "1e999"]),
        (T.DECIMAL, ["x", "", "1_0", False, "NaN", "Infinity"]),
        (T.STRING, [True, False]),
        (T.DATE, ["", "31/01/2013", "2013-02-30", "2013-01-31T10:00:00", True, 1e20, "9" * 5_000]),
        (T.DATE, ["²", "--5", "2013-01-31T00:00:00+02:00"]),
        (T.TIMESTAMP, ["", "yesterday", "2013-13-01", False, -1e20, "9999-12-31T23:59:59-10:00"]),
        (T.TIMESTAMP_TZ, ["", "x", True, 10**30]),
        (T.TIME, ["", "25:00", 10, True, "10:00:00+02:00"]),
        (T.BYTES, ["a", "é", 1, True, "YWI"]),
    ],
    ids=lambda item: item if isinstance(item, str) else None,
)
def test_a_value_that_does_not_fit_names_attribute_value_and_type(
    type_: DataType, values: list[Value]
) -> None:
    for value in values:
        (problem,) = problems(partial(bind, type_, value))

        assert (problem.code, problem.pointer) == ("INVALID_VALUE", "/filter/price")
        assert repr(value)[:80] in problem.detail
        assert "'price'" in problem.detail
        assert str(type_) in problem.detail


def test_every_value_that_does_not_fit_is_reported_up_to_a_hundred() -> None:
    parameters = [
        Parameter(Slot(i, guard=False), T.INTEGER, "n", f"/filter/n{i}") for i in range(500)
    ]
    many = Template("…", tuple(Marker(parameter) for parameter in parameters))

    assert len(problems(lambda: bind_values(many, [1, "x", 2, "y", *[3] * 496], [], NOW))) == 2
    assert len(problems(lambda: bind_values(many, ["x"] * 500, [], NOW))) == 100


@pytest.mark.parametrize(
    ("writing", "type_", "values", "text"),
    [
        (Writing.JSON, T.INTEGER, [3, "2", 3.0], "[3,2]"),
        (Writing.JSON, T.STRING, ['"', "\\", "é", ""], r'["\"","\\","é",""]'),
        (Writing.JSON, T.DATE, ["2013-01-31", 0], '["2013-01-31","1970-01-01"]'),
        (Writing.ARRAY, T.INTEGER, [3, "-2", 3.0], "{3,-2}"),
        (Writing.ARRAY, T.STRING, ['"', "\\", "é", "", "NULL"], r'{"\"","\\","é","","NULL"}'),
        (Writing.ARRAY, T.DATE, ["2013-01-31", 0], "{2013-01-31,1970-01-01}"),
    ],
)
def test_a_list_is_one_text_with_each_value_once(
    writing: Writing, type_: DataType, values: list[Value], text: str
) -> None:
    listed = list_template(type_, len(values), writing)

    assert bind_values(listed, values, [], NOW).parameters == (text,)


def test_every_value_of_a_list_that_does_not_fit_is_reported() -> None:
    listed = list_template(T.INTEGER, 3, Writing.ARRAY)

    found = problems(partial(bind_values, listed, ["x", 1, "y"], [], NOW))

    assert [problem.pointer for problem in found] == ["/filter/price/0", "/filter/price/2"]


def test_a_long_value_is_cut_short_in_its_error() -> None:
    (problem,) = problems(lambda: bind(T.INTEGER, "x" * 100_000))

    assert len(problem.detail) < 200


def test_a_guard_that_does_not_fit_says_nothing_of_it() -> None:
    (problem,) = problems(lambda: bind_values(template(T.INTEGER, guard=True), [], ["secret"], NOW))

    assert isinstance(problem, ForbiddenError)
    assert "secret" not in problem.detail
    assert "price" not in problem.detail


@pytest.mark.parametrize(
    ("pattern", "bound"),
    [
        (None, r"50%_\x"),
        (Pattern.ANYWHERE, r"%50\%\_\\x%"),
        (Pattern.START, r"50\%\_\\x%"),
        (Pattern.END, r"%50\%\_\\x"),
    ],
)
def test_literal_text_is_escaped_in_a_pattern(pattern: Pattern | None, bound: str) -> None:
    statement = bind_values(template(T.STRING, pattern=pattern), [r"50%_\x"], [], NOW)

    assert statement == Statement("SELECT $1", (bound,))


@given(
    type_=st.sampled_from(DataType),
    value=st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
)
def test_a_value_is_bound_or_refused_and_nothing_else(type_: DataType, value: Value) -> None:
    found = problems(lambda: bind(type_, value))

    assert [problem.code for problem in found] in ([], ["INVALID_VALUE"])


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_decimal_is_exact(value: Decimal) -> None:
    assert bind(T.DECIMAL, str(value)) == value


@given(value=st.datetimes(*YEARS, timezones=st.timezones()))
def test_the_same_moment_is_the_same_wherever_it_is_written(value: datetime) -> None:
    written = bind(T.TIMESTAMP_TZ, value.isoformat())

    assert isinstance(written, datetime)
    assert written == value.astimezone(UTC)
