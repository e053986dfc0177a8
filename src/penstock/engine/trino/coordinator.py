"""Options → a coordinator to send statements to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from trino.auth import Authentication, BasicAuthentication, JWTAuthentication
from trino.client import ClientSession, TrinoQuery, TrinoRequest

from penstock.engine.options import read_text, require_text
from penstock.engine.types import EngineSettings
from penstock.errors import ConfigurationError

OPTIONS: Final = ("ca", "catalog", "host", "password", "port", "schema", "tls", "token", "user")

_PORT: Final = 8080
_PORT_TLS: Final = 8443
_POOL: Final = 32
_ATTEMPTS: Final = 3
_PATIENCE: Final = 30.0  # seconds for one request; a statement is many


class Coordinator:
    """Thread-safe. Each statement is a conversation of its own over shared connections."""

    def __init__(self, settings: EngineSettings) -> None:
        options = settings.options
        self._host = require_text(settings, "host")
        self._user = read_text(settings, "user") or "penstock"
        self._auth = _read_auth(settings, self._user)
        tls = bool(options.get("tls", self._auth is not None))
        if self._auth is not None and not tls:
            raise ConfigurationError(
                f"Database {settings.database!r} would send its credentials in the clear.",
                hint=f"Set `tls: true` in connectors/{settings.database}.yaml.",
            )
        self._scheme = "https" if tls else "http"
        port = options.get("port", _PORT_TLS if tls else _PORT)
        if not isinstance(port, int):
            raise ConfigurationError(
                f"The `port` of database {settings.database!r} is not a number.",
                hint=f"See connectors/{settings.database}.yaml.",
            )
        self._port = port
        self.catalog, self.schema = require_text(settings, "catalog"), read_text(settings, "schema")
        ca = read_text(settings, "ca")
        self._verify: bool | str = True if ca is None else str(settings.root / ca)
        self._http = requests.Session()
        self._http.verify = self._verify
        # Else a variable of the environment would decide which certificates are believed.
        self._http.trust_env = ca is None
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=_POOL))

    def ask(self, text: str, properties: Mapping[str, str]) -> TrinoQuery:
        """Return a statement that is not sent yet."""
        session = ClientSession(
            user=self._user,
            catalog=self.catalog,
            schema=self.schema,
            source="penstock",
            properties=dict(properties),
            timezone="UTC",
        )
        request = TrinoRequest(
            self._host,
            self._port,
            session,
            http_session=self._http,
            http_scheme=self._scheme,
            auth=self._auth,
            max_attempts=_ATTEMPTS,
            request_timeout=_PATIENCE,
        )
        # Values stay what JSON says of them: Arrow is made of whole columns, not of each value.
        return TrinoQuery(request, text, legacy_primitive_types=True)

    def close(self) -> None:
        self._http.close()


def _read_auth(settings: EngineSettings, user: str) -> Authentication | None:
    password, token = read_text(settings, "password"), read_text(settings, "token")
    if password is not None and token is not None:
        raise ConfigurationError(
            f"Database {settings.database!r} has both a password and a token.",
            hint=f"Write one of them in connectors/{settings.database}.yaml.",
        )
    if token is not None:
        return JWTAuthentication(token)
    return None if password is None else BasicAuthentication(user, password)
