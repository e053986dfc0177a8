from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.mysql.world import opened, rows
from penstock.errors import UnavailableError
from support.mariadb_server import Server, serve_mariadb

CIPHER = (
    "SELECT variable_value AS v FROM information_schema.session_status"
    " WHERE variable_name = 'SSL_CIPHER'"
)


@pytest.fixture(scope="module")
def certificate() -> Iterator[Path]:
    """Return a folder with a certificate for 127.0.0.1 that vouches for itself."""
    with TemporaryDirectory(prefix="penstock-tls-") as name:
        folder = Path(name)
        make_certificate(folder)
        # The server is somebody else.
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        yield folder


def make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "penstock")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="module")
def secure(certificate: Path) -> Iterator[Server]:
    with serve_mariadb(
        f"--ssl-cert={certificate / 'cert.pem'}", f"--ssl-key={certificate / 'key.pem'}"
    ) as server:
        yield server


@pytest.mark.parametrize("mode", ["preferred", "required", "verify_ca", "verify_identity"])
def test_the_connection_is_encrypted(secure: Server, certificate: Path, mode: str) -> None:
    trusted = {"ssl_ca": str(certificate / "cert.pem")} if "verify" in mode else {}

    with opened(secure, ssl_mode=mode, **trusted) as engine:
        assert rows(engine, CIPHER)[0][0]


def test_it_is_plain_where_that_was_asked_for(secure: Server) -> None:
    with opened(secure, ssl_mode="disabled") as engine:
        assert rows(engine, CIPHER) == [("",)]


@pytest.mark.parametrize("mode", ["verify_ca", "verify_identity"])
def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Server, mode: str) -> None:
    with opened(secure, ssl_mode=mode) as engine, pytest.raises(UnavailableError):
        engine.ping()


def test_a_name_that_is_not_in_the_certificate_is_refused(
    secure: Server, certificate: Path
) -> None:
    options = {"host": "localhost", "ssl_ca": str(certificate / "cert.pem")}

    with opened(secure, ssl_mode="verify_ca", **options) as engine:
        engine.ping()
    with (
        opened(secure, ssl_mode="verify_identity", **options) as engine,
        pytest.raises(UnavailableError),
    ):
        engine.ping()


@pytest.mark.parametrize("mode", ["required", "verify_ca"])
def test_a_server_without_tls_is_refused_where_it_is_required(server: Server, mode: str) -> None:
    with opened(server, ssl_mode=mode) as engine, pytest.raises(UnavailableError):
        engine.ping()
