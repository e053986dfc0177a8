from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from engine.trino.asking import opened
from penstock.engine.trino import Trino
from support.flights import DATA, FLIGHTS
from support.trino_coordinator import Coordinator, run_coordinator


@pytest.fixture(scope="session")
def coordinator() -> Iterator[Coordinator]:
    """A catalogue with the flights in it, and nothing else."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for name in FLIGHTS.tables:
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM '{DATA / name}.parquet'")
        with run_coordinator(database) as running:
            yield running


@pytest.fixture
def flights(coordinator: Coordinator) -> Iterator[Trino]:
    with opened(coordinator) as engine:
        yield engine


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that `localhost` signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "certificate.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "certificate.pem", folder / "key.pem"
