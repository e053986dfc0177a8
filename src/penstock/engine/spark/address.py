"""Options → where the Spark Connect server is, in the form that Spark's client reads."""

from __future__ import annotations

from typing import Final

from penstock.engine.options import read_text, require_text
from penstock.engine.types import EngineSettings
from penstock.errors import ConfigurationError

_SCHEME: Final = "sc://"


def read_address(settings: EngineSettings) -> str:
    """Return the address, credentials included. Raises ConfigurationError."""
    url = require_text(settings, "url").rstrip("/")
    if not url.startswith(_SCHEME) or ";" in url:
        raise ConfigurationError(
            f"The `url` of database {settings.database!r} is not the address of a Spark Connect"
            " server.",
            hint="Write it as sc://host:15002; a token and the like are options of their own.",
        )
    token, cluster = (_read_part(settings, name) for name in ("token", "cluster"))
    tls = bool(settings.options.get("tls", token is not None))
    if token is not None and not tls:
        raise ConfigurationError(
            f"Database {settings.database!r} would send its token in the clear.",
            hint=f"Set `tls: true` in connectors/{settings.database}.yaml.",
        )
    parts = (
        None if token is None else f"token={token}",
        "use_ssl=true" if tls else None,
        None if cluster is None else f"x-databricks-cluster-id={cluster}",
    )
    said = [part for part in parts if part is not None]
    return f"{url}/;{';'.join(said)}" if said else url


def _read_part(settings: EngineSettings, name: str) -> str | None:
    value = read_text(settings, name)
    if value is not None and ";" in value:
        raise ConfigurationError(
            f"The option {name!r} of database {settings.database!r} holds a semicolon.",
            hint="It is copied wrongly, or it is several options in one.",
        )
    return value
