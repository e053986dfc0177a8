"""A connector's options → how to connect."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.engine.options import NUMBER, TEXT, find_problems, one_of, reveal_options
from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, PenstockError, raise_all

_REQUIRED: Final = ("host", "user", "database")

_DISABLED: Final = "disabled"
_PREFERRED: Final = "preferred"
_REQUIRED_MODE: Final = "required"
_VERIFY_CA: Final = "verify_ca"
_VERIFY_IDENTITY: Final = "verify_identity"
_MODES: Final = (_DISABLED, _PREFERRED, _REQUIRED_MODE, _VERIFY_CA, _VERIFY_IDENTITY)

_KNOWN: Final = {
    "database": TEXT,
    "host": TEXT,
    "password": TEXT,
    "ssl_ca": TEXT,
    "ssl_cert": TEXT,
    "ssl_key": TEXT,
    "ssl_mode": one_of(_MODES),
    "user": TEXT,
    "connect_timeout": NUMBER,
    "pool": NUMBER,
    "port": NUMBER,
}


@dataclass(frozen=True, slots=True, repr=False)
class Way:
    """Where the server is, who asks, and how many at once. It holds a password: not printed.

    `tls` is None where it is forbidden (`plain`), or taken if the server has it.
    """

    host: str
    port: int
    user: str
    password: str
    database: str
    connect_timeout: int
    pool: int
    tls: ssl.SSLContext | None
    plain: bool


def read_options(settings: EngineSettings, product: str) -> Way:
    """Return how to connect. Raises ConfigurationError, for all that is wrong at once."""
    told = reveal_options(settings, _KNOWN)
    options = {name: value for name, value in told.items() if value is not None}
    where = f"connectors/{settings.database}.yaml"
    raise_all(_find_problems(options, product, settings.database, where))
    mode = str(options.get("ssl_mode", _PREFERRED)).lower()
    return Way(
        host=str(options["host"]),
        port=_number(options, "port", 3306),
        user=str(options["user"]),
        password=str(options.get("password", "")),
        database=str(options["database"]),
        connect_timeout=_number(options, "connect_timeout", 10),
        pool=_number(options, "pool", 8),
        tls=(
            None
            if mode in {_DISABLED, _PREFERRED}
            else _make_context(mode, options, settings.root, where)
        ),
        plain=mode == _DISABLED,
    )


def _number(options: Mapping[str, Option], name: str, otherwise: int) -> int:
    value = options.get(name)
    return value if isinstance(value, int) else otherwise


def _find_problems(
    options: Mapping[str, Option], product: str, database: str, where: str
) -> list[PenstockError]:
    missing = [
        ConfigurationError(
            f"Database {database!r} does not say its {name}.", hint=f"Write `{name}` in {where}."
        )
        for name in _REQUIRED
        if name not in options
    ]
    return [*find_problems(options, _KNOWN, product, database), *missing]


def _make_context(
    mode: str, options: Mapping[str, Option], root: Path, where: str
) -> ssl.SSLContext:
    paths = {
        name: str(root / str(options[name]))
        for name in ("ssl_ca", "ssl_cert", "ssl_key")
        if name in options
    }
    try:
        context = ssl.create_default_context(cafile=paths.get("ssl_ca"))
        # Certificates that the servers make for themselves lack what strict reading wants.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = mode == _VERIFY_IDENTITY
        if mode not in {_VERIFY_CA, _VERIFY_IDENTITY}:
            context.verify_mode = ssl.CERT_NONE
        if "ssl_cert" in paths:
            context.load_cert_chain(paths["ssl_cert"], paths.get("ssl_key"))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            "A certificate or key of the connection cannot be read.",
            hint=f"See `ssl_ca`, `ssl_cert` and `ssl_key` in {where}.",
        ) from error
    return context
