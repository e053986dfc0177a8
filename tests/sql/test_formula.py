from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from penstock.model.types import Formula
from penstock.sql.formula import FormulaError, analyse_formula


@pytest.mark.parametrize(
    ("text", "uses", "aggregates"),
    [
        ("a + b * 2 - -c % 3", ("a", "b", "c"), False),
        ("SUM(CASE WHEN a > 15 THEN 1 ELSE 0 END) / COUNT(a)", ("a",), True),
        ("COUNT(*)", (), True),
        ("COUNT(DISTINCT a)", ("a",), True),
        ("SUM(a) / NULLIF(COUNT(DISTINCT b), 0)", ("a", "b"), True),
        ("MEDIAN(a) + STDDEV(b) + AVG(c)", ("a", "b", "c"), True),
        ("COALESCE(a, b, 0)", ("a", "b"), False),
        ("CAST(a AS DECIMAL(10, 2))", ("a",), False),
        ("a IN (1, 2) OR b NOT BETWEEN 1 AND 2 AND c LIKE 'x%'", ("a", "b", "c"), False),
        ("a IS NULL OR b IS NOT TRUE", ("a", "b"), False),
        ("UPPER(TRIM(a)) || SUBSTRING(b, 1, 2)", ("a", "b"), False),
        ("EXTRACT(YEAR FROM d) + DATE_TRUNC('month', d)", ("d",), False),
        ("d + INTERVAL '1' DAY > DATE '2013-01-01'", ("d",), False),
        ("DATEDIFF(later, earlier, DAY)", ("earlier", "later"), False),
        ("year + month + hour + type + model + value", None, False),
        ('"order" + "a"', ("a", "order"), False),
        ("CASE a WHEN 1 THEN 'x' END", ("a",), False),
    ],
)
def test_a_formula_says_what_it_uses_and_whether_it_aggregates(
    text: str, uses: tuple[str, ...] | None, *, aggregates: bool
) -> None:
    if uses is None:
        uses = ("hour", "model", "month", "type", "value", "year")

    assert analyse_formula(text).formula == Formula(text=text, uses=uses, aggregates=aggregates)


def test_names_outside_of_aggregates_are_told_from_those_inside() -> None:
    analysis = analyse_formula("SUM(a + b) / c + a")

    assert analysis.inside == frozenset({"a", "b"})
    assert analysis.outside == frozenset({"a", "c"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # more or less than one expression
        ("", "one expression"),
        ("a; b", "one expression"),
        ("a, b", "not SQL"),
        ("SUM(a", "not SQL"),
        ("a AS b", "ALIAS"),
        # other data than the row's or the group's own
        ("(SELECT 1)", "subquery"),
        ("SELECT a", "subquery"),
        ("a IN (SELECT 1)", "subquery"),
        ("EXISTS(SELECT 1)", "subquery"),
        ("SELECT 1 UNION SELECT 2", "subquery"),
        ("t.a", "names a table"),
        ("*", "star"),
        ("COUNT(t.*)", "names a table"),
        ("SUM(*)", "star"),
        ("SUM(a) OVER ()", "window"),
        ("UNNEST(a)", "UNNEST"),
        # doing something
        ("DROP TABLE a", "DROP"),
        ("SET a = 1", ""),
        ("COPY a TO 'x'", ""),
        ("PRAGMA database_list", ""),
        # files, settings, clocks, chance
        ("READ_CSV('x')", "READ_CSV"),
        ("read_text('x')", "READ_TEXT"),
        ("getenv('HOME')", "GETENV"),
        ("current_setting('x')", "CURRENT_SETTING"),
        ("VERSION()", "VERSION"),
        ("CURRENT_USER", "CURRENT_USER"),
        ("CURRENT_DATE", "CURRENT_DATE"),
        ("NOW()", "NOW"),
        ("RANDOM()", "RAND"),
        # what no allow-list names
        ("some_function(a)", "SOME_FUNCTION"),
        ("schema.f(a)", ""),
        ("a -> 'x'", "JSON_EXTRACT"),
        ("a = ANY(b)", "ANY"),
        ("a COLLATE nocase", "COLLATE"),
        ("CAST(a AS INT[])", "convert to"),
        ("CAST(a AS STRUCT(b INT))", "convert to"),
        # placeholders
        ("?", "placeholder"),
        (":a", "placeholder"),
        ("@a", "placeholder"),
        # levels
        ("SUM(AVG(a))", "inside another aggregate"),
        ("COUNT(DISTINCT a, b)", "DISTINCT takes one"),
        ("ABS(DISTINCT a)", "DISTINCT"),
        ("SUM(a) FILTER (WHERE b > 1)", "FILTER"),
        # what would be said differently by each database
        ("DATE_DIFF('day', a, b)", "unit of DATEDIFF"),
        ("DATE_TRUNC('nonsense', a)", "not a part of a date"),
        ("EXTRACT(nonsense FROM a)", "not a part of a date"),
        # what would be copied into the statement
        ("a /* a comment */", "comments"),
        ("a -- a comment", "comments"),
        # too much
        ("(" * 5000 + "a" + ")" * 5000, "longer"),
        ("(" * 1500 + "a" + ")" * 1500, "nests deeper"),
        ("a" + " + a" * 900, "nests deeper"),
    ],
)
def test_a_formula_holds_nothing_else(text: str, said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        analyse_formula(text)

    assert said in caught.value.detail


WORDS = [
    "a",
    "b",
    "SUM(",
    "COUNT(",
    "(",
    ")",
    ",",
    ";",
    "*",
    "/",
    "-",
    "1",
    "'x'",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "SELECT",
    "FROM",
    "read_csv(",
    "OVER",
    "AS",
    "IN",
    "DISTINCT",
    "CAST(",
    "INT",
    "::",
    "--",
    "/*",
    "*/",
    "?",
    "$1",
    "@x",
    ".",
    "[",
    "]",
    "{",
    "}",
    "EXISTS",
    "UNION",
    "getenv(",
    "INTERVAL",
    "DATE",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_whatever_is_let_through_is_made_of_its_own_columns_only(text: str) -> None:
    try:
        analysis = analyse_formula(text)
    except FormulaError:
        return
    tree = sqlglot.parse_one(text)

    assert {column.name for column in tree.find_all(exp.Column)} == set(analysis.formula.uses)
    assert not list(tree.find_all(exp.Query, exp.Table, exp.Anonymous, exp.Window, exp.Placeholder))
