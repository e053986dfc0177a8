"""Certificates of a test's own authority."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from penstock.deploy.gateway import Certificate
from penstock.secret import Secret

_DAY = dt.timedelta(days=1)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@dataclass
class Authority:
    name: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def pem(self) -> str:
        """Return the authority's own certificate."""
        made = self._signed(_named(self.name), self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return self._finish(made)

    def certificate(self, *names: str) -> Certificate:
        """Return a new certificate: for servers of these names, for a caller of the first."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        made = self._signed(_named(names[0]), key).add_extension(alternatives, critical=False)
        return Certificate(self._finish(made), Secret(_pem(key)))

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(tz=dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
        )

    def _finish(self, made: x509.CertificateBuilder) -> str:
        signed = made.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()


def write(certificate: Certificate, folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key to files, as TLS clients want them."""
    chain, key = folder / "caller.pem", folder / "caller.key"
    chain.write_text(certificate.chain)
    key.write_text(certificate.key.reveal())
    return chain, key
