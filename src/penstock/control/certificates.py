"""Certificate files -> what the gateway is told: renewed ones are taken over by themselves.

`certificates/` in the state folder holds those of domains: `api.example.com.crt` with `.key`, and
`.ca` where callers must show a certificate that it signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from penstock.control.settings import ControlSettings
from penstock.deploy.gateway import Certificate, Domain, read_certificate
from penstock.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Certificates:
    folder: Path
    settings: ControlSettings

    def own(self) -> Certificate | None:
        """Return the gateway's own. Raises ConfigurationError, GatewayError."""
        chain, key = self.settings.certificate, self.settings.key
        if chain is None and key is None:
            return None
        if chain is None or key is None:
            raise ConfigurationError(
                "TLS needs a certificate and its key.", hint="--tls-certificate and --tls-key."
            )
        return read_certificate(chain, key)

    def client_ca(self) -> str | None:
        path = self.settings.client_ca
        return None if path is None else path.read_text(encoding="utf-8")

    def domain(self, name: str) -> Domain:
        """Return a domain with the files that are there for it."""
        chain, key, ca = (self.folder / f"{name}.{end}" for end in ("crt", "key", "ca"))
        return Domain(
            name,
            read_certificate(chain, key) if chain.exists() and key.exists() else None,
            ca.read_text(encoding="utf-8") if ca.exists() else None,
        )

    def has_any(self) -> bool:
        """Whether the gateway has anything to speak TLS with."""
        named = self.folder.is_dir() and any(self.folder.glob("*.crt"))
        return named or self.settings.certificate is not None
