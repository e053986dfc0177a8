from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from auth.origin import Origin, sends
from auth.signing import P256
from penstock.auth.fetch import MAX_BYTES, check_url, fetch, is_public
from penstock.errors import ConfigurationError


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(sends(b"{}")).running() as running:
        yield running


def read(url: str) -> bytes:
    return fetch(check_url(url), allow_private_address=True)


def test_an_address_gives_its_bytes(origin: Origin) -> None:
    assert read(origin.url() + "?v=1") == b"{}"
    assert origin.requests == ["/jwks.json?v=1"]


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"),
        "0.0.0.0",  # noqa: S104 an address to refuse, not to listen on
        *("[::1]", "[::ffff:127.0.0.1]", "[::]"),
    ],
)
def test_a_private_address_is_refused_however_it_is_written(origin: Origin, host: str) -> None:
    with pytest.raises((ValueError, OSError), match=r"private address|not known|not supported"):
        fetch(check_url(origin.url(host)), allow_private_address=False)

    assert origin.requests == []


@pytest.mark.parametrize(
    ("number", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 an address to refuse, not to listen on
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::1", False),
        ("2001:0:a9fe:a9fe::1", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(number: str, *, public: bool) -> None:
    assert is_public(number) is public


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://id.example.com/jwks.json",
        "gopher://id.example.com/",
        "//id.example.com/jwks.json",
        "id.example.com/jwks.json",
        "https:///jwks.json",
        "https://ada:secret@id.example.com/",
        "https://id.example.com:99999/",
        "https://[::1/",
        "",
    ],
)
def test_only_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not an address") as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


def test_a_redirect_is_not_followed(origin: Origin) -> None:
    redirecting = Origin(sends(b"", status=302, location=origin.url()))

    with redirecting.running(), pytest.raises(ValueError, match="it answered 302"):
        read(redirecting.url())

    assert origin.requests == []


@pytest.mark.parametrize("status", [201, 204, 404, 500])
def test_only_a_plain_yes_counts(status: int) -> None:
    origin = Origin(sends(b"", status=status))

    with origin.running(), pytest.raises(ValueError, match=f"it answered {status}"):
        read(origin.url())


def test_an_answer_without_end_is_cut_off() -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with contextlib.suppress(OSError):
            while True:
                request.wfile.write(b"x" * 65536)

    origin = Origin(endless)

    with origin.running(), pytest.raises(ValueError, match=f"larger than {MAX_BYTES} bytes"):
        read(origin.url())


def test_an_answer_by_drops_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.auth.fetch.TIMEOUT", 0.1)
    stopping = threading.Event()

    def dripping(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with contextlib.suppress(OSError):
            while not stopping.wait(0.02):
                request.wfile.write(b"x")
                request.wfile.flush()

    with Origin(dripping).running() as origin:
        with pytest.raises(TimeoutError):
            read(origin.url())
        stopping.set()


def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.auth.fetch.TIMEOUT", 0.1)
    stopping = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        stopping.wait(10)

    with Origin(silent).running() as origin:
        with pytest.raises(TimeoutError):
            read(origin.url())
        stopping.set()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a certificate that `localhost` signed for itself, with its key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, P256.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(P256, SHA256())
    )
    path = tmp_path / "localhost.pem"
    private = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def test_a_certificate_is_checked_for_its_issuer_and_its_name(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Origin(sends(b"{}"), tls).running() as origin:
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
            read(origin.url("localhost", "https"))

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert read(origin.url("localhost", "https")) == b"{}"
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            read(origin.url("127.0.0.1", "https"))
