"""How MariaDB says what MySQL says in another way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from sqlglot import exp
from sqlglot.dialects import mysql

from penstock.sql.dialects.mysql import MySQL

# sqlglot knows a dialect by the name of its class, and MariaDB only as MySQL.
SPELLING: Final = type("MariaDB", (mysql.MySQL,), {})


class MariaDB(MySQL):
    """From version 10.6 on."""

    name = "mariadb"

    collation: ClassVar[str] = "utf8mb4_nopad_bin"

    def farthest(self, moment: exp.Expr, among: Sequence[exp.Expr], *, earliest: bool) -> exp.Expr:
        # For a largest or smallest value it looks at all the rows of a partition for each of them.
        null = exp.Is(this=moment.copy(), expression=exp.Null())
        is_null = exp.Ordered(this=null, desc=False, nulls_first=True)
        way = exp.Ordered(this=moment.copy(), desc=not earliest, nulls_first=earliest)
        return exp.Window(
            this=exp.FirstValue(this=moment),
            partition_by=list(among),
            order=exp.Order(expressions=[is_null, way]),
        )
