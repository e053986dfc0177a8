"""How MariaDB says what MySQL says in another way."""

from __future__ import annotations

from typing import ClassVar, Final

from sqlglot.dialects import mysql

from penstock.sql.dialects.mysql import MySQL

# sqlglot knows a dialect by the name of its class, and MariaDB only as MySQL.
SPELLING: Final = type("MariaDB", (mysql.MySQL,), {})


class MariaDB(MySQL):
    """From version 10.6 on."""

    name = "mariadb"

    collation: ClassVar[str] = "utf8mb4_nopad_bin"
