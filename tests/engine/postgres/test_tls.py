"""A server that only speaks TLS, with a certificate of an authority of our own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.postgres.opening import opened, value
from penstock.errors import UnavailableError
from support.postgres_server import Address, find_programs, give_to_server, run_postgres

ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
NOW = dt.datetime.now(dt.UTC)


def certify(
    name: str, issuer: x509.Certificate | None, signer: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a certificate, by an authority or, for one, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(address, critical=False)
        .sign(signer or key, hashes.SHA256())
    )
    return certificate, key


def write_pem(path: Path, certificate: x509.Certificate) -> Path:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Address, Path, Path]]:
    """Return the server, the certificate of its authority, and that of somebody else's."""
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb)")
    folder = tmp_path_factory.mktemp("tls")
    authority, signer = certify("ours", None, None)
    stranger, _ = certify("theirs", None, None)
    certificate, key = certify("server", authority, signer)
    with run_postgres() as address:
        served = write_pem(address.folder / "server.crt", certificate)
        private = address.folder / "server.key"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        for path in (served, private):
            give_to_server(path)
        with (address.folder / "data" / "pg_hba.conf").open("w") as rules:
            rules.write("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        address.stop()
        address.settings = {
            **address.settings,
            "ssl": "on",
            "ssl_cert_file": str(served),
            "ssl_key_file": str(private),
        }
        address.start()
        yield (
            address,
            write_pem(folder / "ca.pem", authority),
            write_pem(folder / "x.pem", stranger),
        )


def test_a_server_that_is_who_it_says_is_read_over_tls(
    secured: tuple[Address, Path, Path],
) -> None:
    address, authority, _ = secured

    with opened(address, sslmode="verify-full", sslrootcert=str(authority)) as engine:
        assert value(engine, ENCRYPTED) is True


def test_a_server_that_somebody_else_vouches_for_is_not_read(
    secured: tuple[Address, Path, Path],
) -> None:
    address, _, stranger = secured

    with (
        opened(address, sslmode="verify-full", sslrootcert=str(stranger)) as engine,
        pytest.raises(UnavailableError),
    ):
        engine.ping()


def test_without_tls_there_is_no_way_in(secured: tuple[Address, Path, Path]) -> None:
    with opened(secured[0], sslmode="disable") as engine, pytest.raises(UnavailableError):
        engine.ping()
