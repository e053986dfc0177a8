"""A URL -> a PostgreSQL engine on which writers take turns, as they do on SQLite."""

from __future__ import annotations

from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

NAME: Final = "postgresql"
SCHEMES: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
# One consistent look, however many statements it takes.
READING: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_CONNECT_SECONDS: Final = 5
_POOL_SECONDS: Final = 10.0
_TURN: Final = 0x70656E73746F636B >> 1  # "penstock": the advisory lock that is the writer's turn
_LIMITS: Final = (
    "-c timezone=UTC -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
)


def engine(address: URL) -> Engine:
    made = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,  # a server that was restarted is no error
        pool_timeout=_POOL_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "penstock-manager",
            "options": _LIMITS,
        },
    )
    event.listen(made, "begin", _take_turn)
    return made


def _take_turn(connection: Connection) -> None:
    """Let one write at a time, so that what was looked up still holds when it is acted upon.

    The chain of the audit log needs this order anyway; a manager writes a few times a second.
    """
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
