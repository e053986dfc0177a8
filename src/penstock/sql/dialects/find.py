"""A dialect's name → the dialect."""

from __future__ import annotations

from typing import Final

from penstock.sql.dialects.bigquery import BigQuery
from penstock.sql.dialects.clickhouse import ClickHouse
from penstock.sql.dialects.databricks import Databricks
from penstock.sql.dialects.duckdb import DuckDB
from penstock.sql.dialects.mariadb import MariaDB
from penstock.sql.dialects.mysql import MySQL
from penstock.sql.dialects.postgres import Postgres
from penstock.sql.dialects.redshift import Redshift
from penstock.sql.dialects.snowflake import Snowflake
from penstock.sql.dialects.spark import Spark
from penstock.sql.dialects.sqlite import SQLite
from penstock.sql.dialects.standard import Dialect
from penstock.sql.dialects.trino import Trino
from penstock.sql.dialects.tsql import TSQL

_KNOWN: Final = (
    BigQuery,
    ClickHouse,
    Databricks,
    DuckDB,
    MariaDB,
    MySQL,
    Postgres,
    Redshift,
    Snowflake,
    Spark,
    SQLite,
    TSQL,
    Trino,
)
_OWN: Final[dict[str, Dialect]] = {dialect.name: dialect() for dialect in _KNOWN}


def find_dialect(name: str) -> Dialect:
    """Return what is known of a dialect; of one that only sqlglot knows, nothing but its name."""
    if name not in _OWN:
        _OWN[name] = type(name.title(), (Dialect,), {"name": name})()
    return _OWN[name]
