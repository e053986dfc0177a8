"""Whatever SELECT is asked: no row beyond the row filter is returned, counted or told of."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import PenstockError
from sql.mode.worlds import (
    KNOWN,
    MINE,
    UNGUARDED,
    VIEW,
    Customer,
    Order,
    answer,
    narrowed,
    translated,
    whole,
)

Strategy = st.SearchStrategy[str]

BEYOND = (1 << 63) - 1
"""An amount that cannot be doubled."""

owners = st.sampled_from([None, "acme", "corner", "rival", "SECRET"])
orders: st.SearchStrategy[Order] = st.tuples(
    st.integers(0, 9),
    owners,
    st.none() | st.integers(-3, 3) | st.just(BEYOND),
    st.none() | st.integers(0, 4),
    st.sampled_from([None, "ann", "bob"]),
    st.sampled_from(["1", "2", "x", ""]),
    st.just("SECRET"),
)
customers: st.SearchStrategy[Customer] = st.tuples(
    st.integers(0, 4),
    st.sampled_from([None, "acme", "rival"]),
    st.sampled_from([None, "ann", "bob"]),
    st.just(7),
)

numbers = st.sampled_from(["id", "amount", "buyer", "doubled", "1", "0", "-1"])
texts = st.sampled_from(["owner", "name", "note", "'acme'", "'rival'", "'%'", "'SECRET'"])


def sums(inner: Strategy) -> Strategy:
    return st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner)


def casts(inner: Strategy) -> Strategy:
    return st.builds("CAST({} AS BIGINT)".format, inner)


values = st.recursive(numbers, sums, max_leaves=3) | casts(texts)
aggregates = st.builds(
    "{}({})".format, st.sampled_from(["SUM", "MIN", "MAX", "COUNT", "AVG"]), numbers
) | st.sampled_from(["COUNT(*)", "mean", "COUNT(DISTINCT owner)", "MAX(note)"])
comparisons = st.builds(
    "{} {} {}".format, values, st.sampled_from(["=", "<>", "<", ">="]), values
) | st.builds("{} {} {}".format, texts, st.sampled_from(["=", "<>", "LIKE", ">"]), texts)
# Each fails at a text that begins so and goes on, which none does that may be seen.
patterns = st.builds(
    "{} {} '{}!' ESCAPE '!'".format,
    st.sampled_from(["owner", "name", "note"]),
    st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]),
    st.sampled_from(["riv", "SEC", "ri_"]),
)
subqueries = st.sampled_from(
    [
        "EXISTS (SELECT 1 FROM orders AS p WHERE p.owner <> o.owner)",
        "id IN (SELECT p.buyer FROM orders AS p)",
        "amount >= ALL (SELECT p.amount FROM orders AS p WHERE p.amount IS NOT NULL)",
        "(SELECT COUNT(*) FROM orders AS p) > 3",
        "(SELECT MAX(p.id) FROM orders AS p WHERE p.owner = o.owner) = id",
        "NOT EXISTS (SELECT 1 FROM customers AS c WHERE c.key = o.buyer)",
    ]
)


def joined(inner: Strategy) -> Strategy:
    pairs = st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
    return pairs | st.builds("NOT ({})".format, inner)


conditions = st.recursive(
    comparisons | patterns | subqueries | st.just("big"), joined, max_leaves=4
)
rows = st.builds(
    "SELECT {} AS a, {} AS b FROM orders AS o WHERE {}".format, values, texts, conditions
)
groups = st.builds(
    "SELECT {0} AS a, {1} AS b FROM orders AS o WHERE {2} GROUP BY {0} HAVING {3} >= 0".format,
    st.sampled_from(["owner", "name", "big", "amount"]),
    aggregates,
    conditions,
    st.sampled_from(["COUNT(*)", "SUM(amount)", "mean"]),
)
windows = st.builds(
    "SELECT id AS a, {}({}) OVER (PARTITION BY {}) AS b FROM orders AS o WHERE {}".format,
    st.sampled_from(["COUNT", "MAX"]),
    numbers,
    st.sampled_from(["owner", "buyer"]),
    conditions,
)
joins = st.builds(
    "SELECT o.id AS a, c.key AS b FROM orders AS o {} JOIN customers AS c ON {} = c.key".format,
    st.sampled_from(["", "LEFT", "RIGHT", "FULL"]),
    st.sampled_from(["o.buyer", "o.id", "CAST(o.note AS BIGINT)"]),
)
shared = st.builds(
    "SELECT * FROM orders {} JOIN customers USING (name)".format,
    st.sampled_from(["", "LEFT", "RIGHT", "FULL"]),
)
simple = rows | groups | windows | joins


def together(inner: Strategy) -> Strategy:
    first = st.just("SELECT CAST(a AS VARCHAR) AS a")
    word = st.sampled_from(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"])
    both = st.builds(
        "{} FROM ({}) AS x {} {} FROM ({}) AS y".format, first, inner, word, first, inner
    )
    named = st.builds(
        "WITH orders AS (SELECT * FROM orders), q AS ({}) SELECT * FROM q".format, inner
    )
    return both | named


SELECTS = simple | shared | together(simple)


FAILURES = (duckdb.Error, OSError)  # a reader under way raises the second


def told(database: duckdb.DuckDBPyConnection, sql: str, *, guarded: bool) -> object:
    """Return the answer, or that there is none: an error tells something too."""
    try:
        return answer(database, sql, VIEW if guarded else UNGUARDED)
    except PenstockError as error:
        return [part.code for part in error.parts]
    except FAILURES:
        return None


def is_same(
    everything: duckdb.DuckDBPyConnection, visible: duckdb.DuckDBPyConnection, sql: str
) -> bool:
    """Whether the policy answers as if there were nothing else.

    Where what is visible makes the SQL fail, it is the database's choice what it looks at first.
    """
    expected = told(visible, sql, guarded=False)
    return expected is None or told(everything, sql, guarded=True) == expected


def is_visible(order: Order) -> bool:
    return order[1] in {"acme", "corner"} and order[2] != BEYOND


@settings(max_examples=120)
@given(
    sql=SELECTS,
    hidden=st.lists(orders.filter(lambda order: order[1] not in {"acme", "corner"}), max_size=5),
    strangers=st.lists(customers.filter(lambda each: each[1] != "acme"), max_size=3),
)
def test_a_row_that_may_not_be_seen_changes_nothing(
    sql: str, hidden: list[Order], strangers: list[Customer]
) -> None:
    with whole((*MINE, *hidden), (*KNOWN, *strangers)) as everything, narrowed() as visible:
        assert is_same(everything, visible, sql)


@settings(max_examples=60)
@given(sql=SELECTS, seen=st.lists(orders.filter(is_visible), max_size=5))
def test_the_rows_that_may_be_seen_are_all_there(sql: str, seen: list[Order]) -> None:
    with whole(seen, KNOWN) as everything, narrowed(seen, KNOWN) as visible:
        assert is_same(everything, visible, sql)


@settings(max_examples=100)
@given(sql=SELECTS)
def test_no_name_of_a_hidden_column_is_written(sql: str) -> None:
    try:
        statement = translated(sql)[1]
    except PenstockError:
        return

    assert "c_secret" not in statement.text
    assert "k_salary" not in statement.text
    assert "raw_vault" not in statement.text


TEXT = st.text(alphabet=st.sampled_from(list("aZ'\";-/*\\$:?☃\n\x00(){}")), max_size=12)


@given(text=TEXT)
def test_no_text_and_no_name_of_the_callers_is_written(text: str) -> None:
    quoted = text.replace("'", "''")
    name = "☃" + text.replace('"', '""')
    found = translated(f"SELECT owner AS \"{name}\" FROM orders WHERE owner = '{quoted}'")[1]
    plain = translated("SELECT owner AS \"a b\" FROM orders WHERE owner = 'x'")[1]

    assert found.text == plain.text
    assert text in found.parameters
