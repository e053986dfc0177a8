"""One world as it is, and the same with all that a caller may not see taken out of the data.

Whatever the caller asks, both must give the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import duckdb

from penstock.auth.principal import Principal
from penstock.model.types import Attribute, Column, DataType, Formula, Model, Table
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, Role, RowFilter, View
from penstock.query.sql import read_sql
from penstock.query.types import Json, Limits
from penstock.sql.bind import bind_values
from penstock.sql.mode.translate import translate_sql
from penstock.sql.mode.types import Translated
from penstock.sql.types import Statement
from support.ask import Row, run

_B, _F, _I, _S = DataType.BOOLEAN, DataType.FLOAT, DataType.INTEGER, DataType.STRING

NOW: Final = datetime(2024, 1, 1, tzinfo=UTC)
MANY: Final = 100_000


def _columns(prefix: str, **types: DataType) -> dict[str, Attribute]:
    """Give attributes columns of other names, so that no name of one is a name of the other."""
    return {
        name: Attribute(name=name, type=type_, source=Column(f"{prefix}{name}"))
        for name, type_ in types.items()
    }


def _formula(name: str, text: str, type_: DataType, *uses: str, group: bool = False) -> Attribute:
    source = Formula(text=text, uses=uses, aggregates=group)
    return Attribute(name=name, type=type_, source=source)


def _table(name: str, attributes: Mapping[str, Attribute], *formulas: Attribute) -> Table:
    known = {**attributes, **{formula.name: formula for formula in formulas}}
    return Table(name=name, database="shop", source=(f"raw_{name}",), attributes=known)


ORDERS: Final = _table(
    "orders",
    _columns("c_", id=_I, owner=_S, amount=_I, buyer=_I, name=_S, note=_S, secret=_S),
    _formula("big", "amount > 1", _B, "amount"),
    _formula("doubled", "amount + amount", _I, "amount"),
    _formula("shouted", "UPPER(secret)", _S, "secret"),
    _formula("mean", "SUM(doubled) / COUNT(id)", _F, "doubled", "id", group=True),
)
CUSTOMERS: Final = _table("customers", _columns("k_", key=_I, tenant=_S, name=_S, salary=_I))
VAULT: Final = _table("vault", _columns("v_", code=_S))
MODEL: Final = Model(
    tables={table.name: table for table in (ORDERS, CUSTOMERS, VAULT)}, digest="a shop"
)

CLERK: Final = Role(
    name="clerk",
    rows=(
        RowFilter(tables=("orders",), filter={"owner": {"in": "$principal.owners"}}),
        RowFilter(tables=("customers",), filter={"tenant": "acme"}),
    ),
    hidden={
        "orders": frozenset({"secret"}),
        "customers": frozenset({"salary"}),
        "vault": frozenset({"code"}),
    },
)
WHO: Final = Principal(
    subject="ada", kind="key", roles=("clerk",), attributes={"owners": ("acme", "corner")}
)

VIEW: Final = Gate(MODEL, Policies(roles={"clerk": CLERK})).view(WHO)
UNGUARDED: Final = View(
    model=VIEW.model, guards={}, values=(), shape="narrow", fingerprint="narrow"
)

Order = tuple[int, str | None, int | None, int | None, str | None, str, str]
Customer = tuple[int, str | None, str | None, int]

MINE: Final[Sequence[Order]] = (
    (1, "acme", 3, 1, "ann", "7", "SECRET a"),
    (2, "acme", 1, 2, "bob", "8", "SECRET b"),
    (3, "corner", 0, 3, "ann", "9", "SECRET c"),
    (4, "corner", None, None, None, "1", "SECRET d"),
)
OTHERS: Final[Sequence[Order]] = (
    (5, "rival", 0, 1, "SECRET ann", "SECRET", "SECRET e"),
    (6, "rival", 2_000_000_000, 4, "cleo", "not a number", "SECRET f"),
    (7, None, 4_611_686_018_427_387_904, None, "bob", "", "SECRET g"),
)
KNOWN: Final[Sequence[Customer]] = ((1, "acme", "ann", 10), (2, "acme", "bob", 20))
UNKNOWN: Final[Sequence[Customer]] = ((3, "rival", "cleo", 30), (4, None, "SECRET dora", 40))


def whole(
    orders: Sequence[Order] = (*MINE, *OTHERS), customers: Sequence[Customer] = (*KNOWN, *UNKNOWN)
) -> duckdb.DuckDBPyConnection:
    """Open a database with everything in it."""
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE raw_orders (c_id BIGINT, c_owner VARCHAR, c_amount BIGINT, c_buyer BIGINT,"
        " c_name VARCHAR, c_note VARCHAR, c_secret VARCHAR)"
    )
    database.execute(
        "CREATE TABLE raw_customers (k_key BIGINT, k_tenant VARCHAR, k_name VARCHAR,"
        " k_salary BIGINT)"
    )
    database.execute("CREATE TABLE raw_vault (v_code VARCHAR)")
    database.execute("INSERT INTO raw_vault VALUES ('SECRET')")
    if orders:
        database.executemany("INSERT INTO raw_orders VALUES (?, ?, ?, ?, ?, ?, ?)", list(orders))
    if customers:
        database.executemany("INSERT INTO raw_customers VALUES (?, ?, ?, ?)", list(customers))
    return database


def narrowed(
    orders: Sequence[Order] = MINE, customers: Sequence[Customer] = KNOWN
) -> duckdb.DuckDBPyConnection:
    """Open a database with only what the caller may see in it."""
    database = whole(orders, customers)
    database.execute("ALTER TABLE raw_orders DROP COLUMN c_secret")
    database.execute("ALTER TABLE raw_customers DROP COLUMN k_salary")
    database.execute("DROP TABLE raw_vault")
    return database


def translated(
    sql: str,
    view: View = VIEW,
    *,
    dialect: str | None = None,
    parameters: Mapping[str, Json] | None = None,
) -> tuple[Translated, Statement]:
    """Translate SQL for a view, as the pipeline does."""
    body: dict[str, Json] = {"sql": sql, "dialect": dialect, "parameters": dict(parameters or {})}
    asked = read_sql(body, Limits())
    found = translate_sql(asked.query, view, Limits(), {"shop": "duckdb"})
    own = found.own_limit.rows if found.own_limit is not None else None
    rows = MANY if own is None else own
    values = (*asked.values, *found.constants, rows)
    return found, bind_values(found.template, values, view.values, NOW)


def answer(
    database: duckdb.DuckDBPyConnection, sql: str, view: View = VIEW, dialect: str | None = None
) -> list[Row]:
    """Return the rows of an answer in an order that does not depend on the database."""
    return sorted(run(database, translated(sql, view, dialect=dialect)[1]), key=repr)
