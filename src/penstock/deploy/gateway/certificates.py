"""Certificates → files named by what is in them: a new one never changes an old one."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from penstock.deploy.gateway.types import Certificate, GatewayConfig
from penstock.errors import GatewayError
from penstock.secret import Secret

CERTIFICATES: Final = "certificates"


def read_certificate(chain: Path, key: Path) -> Certificate:
    """Read a certificate and its key from PEM files. Raises GatewayError."""
    try:
        return Certificate(chain.read_text("ascii"), Secret(key.read_text("ascii")))
    except (OSError, UnicodeError) as error:
        raise GatewayError(
            f"The certificate {chain} or its key {key} cannot be read.",
            hint="Both are PEM files that the manager may read.",
        ) from error


def pem_name(text: str) -> str:
    """Return what the file of a PEM text is called."""
    return f"./{CERTIFICATES}/{sha256(text.encode()).hexdigest()[:32]}.pem"


def pem_files(config: GatewayConfig) -> dict[str, bytes]:
    """Return every PEM file that a configuration needs, by name."""
    return {pem_name(text): text.encode() for text in _texts(config)}


def _texts(config: GatewayConfig) -> Iterator[str]:
    domains = [domain for route in config.routes for domain in route.domains]
    certificates = [config.certificate, *(domain.certificate for domain in domains)]
    for certificate in certificates:
        if certificate is not None:
            yield certificate.chain
            yield certificate.key.reveal()
    for authority in (config.client_ca, *(domain.client_ca for domain in domains)):
        if authority is not None:
            yield authority
