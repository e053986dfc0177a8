"""A connector's options → how to reach the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.engine.options import NUMBER, SWITCH, TEXT, find_problems, reveal_options
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, PenstockError, raise_all

_TEXTS: Final = {
    "host": "host",
    "user": "username",
    "password": "password",
    "database": "database",
    "ca_cert": "ca_cert",
    "client_cert": "client_cert",
    "client_cert_key": "client_cert_key",
    "server_host_name": "server_host_name",
}
_NUMBERS: Final = {"port": "port", "connect_timeout": "connect_timeout"}
_SWITCHES: Final = {"secure": "secure", "verify": "verify"}
_FILES: Final = frozenset({"ca_cert", "client_cert", "client_cert_key"})
_KNOWN: Final = {
    **dict.fromkeys(("path", *_TEXTS), TEXT),
    **dict.fromkeys(_NUMBERS, NUMBER),
    **dict.fromkeys(_SWITCHES, SWITCH),
}


@dataclass(frozen=True, slots=True, repr=False)
class Way:
    """The folder of embedded data, or what the driver is told. It holds a password: not printed."""

    folder: Path | None
    database: str
    connection: Mapping[str, str | int | bool | None]


def read_options(settings: EngineSettings) -> Way:
    """Return how to connect. Raises ConfigurationError, for all that is wrong at once."""
    given = reveal_options(settings, _KNOWN)
    options = {name: value for name, value in given.items() if value is not None}
    where = f"connectors/{settings.database}.yaml"
    raise_all(_find_problems(options, settings.database, where))
    path = options.get("path")
    told = {
        word: str(settings.root / str(options[name])) if name in _FILES else options[name]
        for name, word in {**_TEXTS, **_NUMBERS, **_SWITCHES}.items()
        if name in options
    }
    return Way(
        folder=None if path is None else settings.root / str(path),
        database=str(options.get("database", "default")),
        connection={n: v for n, v in told.items() if isinstance(v, str | int)},
    )


def _find_problems(options: Mapping[str, Option], database: str, where: str) -> list[PenstockError]:
    problems = find_problems(options, _KNOWN, "ClickHouse", database)
    if ("path" in options) == ("host" in options):
        problems.append(
            ConfigurationError(
                f"Database {database!r} is either on a `host` or in the folder `path`.",
                hint=f"Write one of them in {where}.",
            )
        )
    return problems
