"""Encrypted ports: whose certificate is shown, and whose is asked for."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deploy.gateway.authority import Authority, write
from deploy.gateway.site import Reply, Site, free_port, read_reply, site
from penstock.deploy.gateway import (
    ApiRoute,
    Certificate,
    Domain,
    GatewayConfig,
    Listener,
    read_certificate,
)
from penstock.deploy.types import Place
from penstock.errors import GatewayError

OURS = Authority("ours")
CALLERS = Authority("callers")
STRANGERS = Authority("strangers")


@dataclass
class Encrypted:
    """A site with a port for TLS, and how to ask there."""

    site: Site
    port: int = field(default_factory=free_port)

    def config(self, *domains: Domain, **more: str) -> GatewayConfig:
        route = replace(self.site.config("flights").routes[0], domains=domains)
        return GatewayConfig(
            listeners=(Listener(port=self.port, tls=True),),
            routes=(route, self.open_route()),
            certificate=OURS.certificate("gateway.example"),
            client_ca=more.get("client_ca"),
        )

    def open_route(self) -> ApiRoute:
        return ApiRoute(
            place=Place("api_open"),
            project="flights",
            api="open",
            live=self.site.upstreams("open"),
            domains=(Domain("open.example"),),
        )

    def connect(self, name: str, caller: Certificate | None = None) -> http.client.HTTPConnection:
        context = ssl.create_default_context(cadata=OURS.pem)
        if caller is not None:
            context.load_cert_chain(*write(caller, self.site.folder))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection = http.client.HTTPConnection(name)
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        return connection

    def ask(
        self,
        path: str,
        *,
        name: str = "gateway.example",
        caller: Certificate | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        connection = self.connect(name, caller)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            return read_reply(connection)
        finally:
            connection.close()


@pytest.fixture
def encrypted(folder: Path) -> Iterator[Encrypted]:
    with site(folder, "flights", "open") as opened:
        yield Encrypted(opened)


def test_paths_and_domains_have_their_certificates(encrypted: Encrypted) -> None:
    own = Domain("api.example", OURS.certificate("api.example"))
    encrypted.site.publish(encrypted.config(own))

    assert encrypted.ask("/flights/api/x").told("node") == "flights"
    reply = encrypted.ask("/x", name="api.example")
    assert (reply.told("node"), reply.received["x-forwarded-proto"]) == ("flights", "https")
    with pytest.raises(ssl.SSLCertVerificationError):
        encrypted.ask("/x", name="other.example")


def test_a_new_certificate_is_shown_without_a_stop(encrypted: Encrypted) -> None:
    old, new = OURS.certificate("api.example"), OURS.certificate("api.example")
    encrypted.site.publish(encrypted.config(Domain("api.example", old)))
    kept = encrypted.connect("api.example")
    before, pid = _shown(kept), encrypted.site.gateway.pid()
    encrypted.site.publish(encrypted.config(Domain("api.example", new)))
    fresh = encrypted.connect("api.example")

    assert _shown(fresh) != before
    # Who is connected is answered, and asked to come again on another connection.
    kept.request("GET", "/x")
    assert read_reply(kept).status == 200
    assert encrypted.site.gateway.pid() == pid
    for connection in (kept, fresh):
        connection.close()


def test_callers_of_a_domain_show_a_certificate(encrypted: Encrypted) -> None:
    domain = Domain("api.example", OURS.certificate("api.example"), CALLERS.pem)
    encrypted.site.publish(encrypted.config(domain))
    forged = {"X-Forwarded-Client-Cert": 'Subject="CN=admin"'}
    caller = CALLERS.certificate("alice.example")
    reply = encrypted.ask("/x", name="api.example", caller=caller, headers=forged)

    assert reply.told("node") == "flights"
    shown = reply.received["x-forwarded-client-cert"]
    assert 'Subject="CN=alice.example"' in shown
    assert "admin" not in shown
    for stranger in (None, STRANGERS.certificate("alice.example")):
        with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
            encrypted.ask("/x", name="api.example", caller=stranger)


def test_an_api_with_certificates_has_no_way_around_them(encrypted: Encrypted) -> None:
    domain = Domain("api.example", OURS.certificate("api.example"), CALLERS.pem)
    other = Domain("b.example", OURS.certificate("b.example"), STRANGERS.pem)
    config = encrypted.config(domain)
    guarded = replace(encrypted.open_route(), place=Place("b"), api="b", domains=(other,))
    plain = Listener(port=free_port())
    listeners = (*config.listeners, plain)
    encrypted.site.publish(replace(config, routes=(*config.routes, guarded), listeners=listeners))
    there = {"Host": "api.example"}
    stranger = STRANGERS.certificate("eve.example")

    assert encrypted.ask("/flights/api/x").problem == (404, "NOT_FOUND")
    assert encrypted.ask("/preview/flights/api/x").problem == (404, "NOT_FOUND")
    assert encrypted.ask("/x", headers=there).problem == (404, "NOT_FOUND")
    assert encrypted.ask("/x", name="b.example", caller=stranger).told("node") == "open"
    crossed = encrypted.ask("/x", name="b.example", caller=stranger, headers=there)
    assert crossed.problem == (404, "NOT_FOUND")
    encrypted.site.port = plain.port
    assert encrypted.site.ask("/x", there).problem == (404, "NOT_FOUND")


def test_all_callers_by_path_can_be_asked_for_certificates(encrypted: Encrypted) -> None:
    encrypted.site.publish(encrypted.config(client_ca=CALLERS.pem))
    caller = CALLERS.certificate("alice.example")

    assert encrypted.ask("/flights/api/x", caller=caller).told("node") == "flights"
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        encrypted.ask("/flights/api/x")


def test_old_versions_of_tls_are_refused(encrypted: Encrypted) -> None:
    encrypted.site.publish(encrypted.config())
    context = ssl.create_default_context(cadata=OURS.pem)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with (
        socket.create_connection(("127.0.0.1", encrypted.port), timeout=10) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="gateway.example")


def test_http_2_is_spoken_where_it_is_asked_for(encrypted: Encrypted) -> None:
    encrypted.site.publish(encrypted.config())
    context = ssl.create_default_context(cadata=OURS.pem)
    context.set_alpn_protocols(["h2", "http/1.1"])

    with (
        socket.create_connection(("127.0.0.1", encrypted.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="gateway.example") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"


def test_a_plain_port_can_lead_to_the_encrypted_one(encrypted: Encrypted) -> None:
    plain = Listener(port=encrypted.site.port, redirect=True)
    config = encrypted.config()
    encrypted.site.publish(replace(config, listeners=(*config.listeners, plain)))
    reply = encrypted.site.ask("/flights/api/x?y=1", {"Host": "gateway.example"})

    assert reply.status == 308
    location = f"https://gateway.example:{encrypted.port}/flights/api/x?y=1"
    assert reply.headers["location"] == location


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    chain, key = write(OURS.certificate("a.example"), tmp_path)

    assert read_certificate(chain, key).key.reveal() == key.read_text()
    with pytest.raises(GatewayError, match=r"missing\.pem"):
        read_certificate(tmp_path / "missing.pem", key)


@pytest.mark.parametrize(
    ("listeners", "more", "says"),
    [
        ((Listener(port=1, tls=True),), {}, "no certificate"),
        ((Listener(port=1, redirect=True),), {}, "there is none"),
        ((Listener(port=1),), {"client_ca": "x"}, "without a certificate"),
    ],
)
def test_what_cannot_be_secure_is_refused(
    encrypted: Encrypted, listeners: tuple[Listener, ...], more: dict[str, str], says: str
) -> None:
    config = replace(
        encrypted.config(client_ca=more.get("client_ca", "")), listeners=listeners, certificate=None
    )
    wanted = config if more else replace(config, client_ca=None)

    with pytest.raises(GatewayError, match=says):
        encrypted.site.gateway.publish(wanted)


def test_a_key_is_in_no_file_that_others_read(encrypted: Encrypted) -> None:
    encrypted.site.publish(encrypted.config())
    folder = encrypted.site.folder / "gateway"

    assert {path.stat().st_mode & 0o077 for path in (folder / "certificates").iterdir()} == {0}
    assert b"PRIVATE KEY" not in b"".join(path.read_bytes() for path in folder.glob("*.json"))


def _shown(connection: http.client.HTTPConnection) -> bytes | None:
    assert isinstance(connection.sock, ssl.SSLSocket)
    return connection.sock.getpeercert(binary_form=True)
