"""A connector's options → how to connect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from penstock.engine.options import NUMBER, TEXT, find_problems, reveal_options
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, raise_all

_TEXTS: Final = {
    "host": "host",
    "user": "user",
    "password": "password",
    "database": "dbname",
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "application_name": "application_name",
}
_NUMBERS: Final = {"port": "port", "connect_timeout": "connect_timeout"}
_OWN: Final = {"url": TEXT, "schema": TEXT, "pool": NUMBER}
_FILES: Final = frozenset({"sslrootcert", "sslcert", "sslkey"})
_KNOWN: Final = {**dict.fromkeys(_TEXTS, TEXT), **dict.fromkeys(_NUMBERS, NUMBER), **_OWN}
_POOL: Final = 8

# A machine that is gone answers nothing, not even that it is gone: do not wait for hours.
_ALIVE: Final[Mapping[str, str]] = {
    "application_name": "penstock",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "15000",
    "client_encoding": "UTF8",
}


@dataclass(frozen=True, slots=True, repr=False)
class Way:
    """What libpq is told, the schema where names without one are looked up, and how many at once.

    It holds a password, so it is not printed.
    """

    connection: Mapping[str, str]
    schema: str | None
    pool: int


def read_options(settings: EngineSettings) -> Way:
    """Return how to connect. Raises ConfigurationError, for all that is wrong at once."""
    options = reveal_options(settings, _KNOWN)
    where = f"connectors/{settings.database}.yaml"
    raise_all(find_problems(options, _KNOWN, "PostgreSQL", settings.database))
    told = {**_ALIVE, **_read_url(options.get("url"), where)}
    for name, word in {**_TEXTS, **_NUMBERS}.items():
        value = options.get(name)
        if value is not None:
            told[word] = str(settings.root / str(value)) if name in _FILES else str(value)
    if "dbname" not in told:
        raise ConfigurationError(
            f"Database {settings.database!r} does not say which database of the server it is.",
            hint=f"Write `database` or `url` in {where}.",
        )
    schema, pool = options.get("schema"), options.get("pool")
    return Way(
        told,
        schema if isinstance(schema, str) else None,
        pool if isinstance(pool, int) else _POOL,
    )


def _read_url(url: Option, where: str) -> dict[str, str]:
    if not isinstance(url, str):
        return {}
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:
        # Without its words, and without the cause: both would show the password.
        raise ConfigurationError(
            "The `url` is not an address of PostgreSQL.",
            hint=f"Write postgresql://user@host:5432/database in {where}.",
        ) from None
