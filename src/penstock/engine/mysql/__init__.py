"""MySQL and MariaDB: one database of a server, read over a pool of connections."""

from penstock.engine.mysql.engine import MariaDB, MySQL

__all__ = ["MariaDB", "MySQL"]
