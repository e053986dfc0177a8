"""Ports and what is spoken on them → Envoy's listeners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from penstock.deploy.gateway.certificates import pem_name
from penstock.deploy.gateway.envoy import Branch, Tree, any_of, extension, from_file
from penstock.deploy.gateway.manners import manners
from penstock.deploy.gateway.routes import PUBLIC, certified_routes
from penstock.deploy.gateway.types import ApiRoute, Certificate, Domain, GatewayConfig, Listener

ROUTES: Final = "./routes.json"

_BUFFER: Final = 256 << 10  # bytes that wait for the slow side of one connection
_RDS: Final[Branch] = {"route_config_name": PUBLIC, "config_source": from_file(ROUTES)}
_PUBLIC: Final[Branch] = {
    "rds": _RDS,
    "forward_client_cert_details": "SANITIZE",
}
_CERTIFIED: Final[Branch] = {
    "forward_client_cert_details": "SANITIZE_SET",
    "set_current_client_cert_details": {"subject": True, "uri": True, "dns": True},
}
_INSPECTOR: Final = extension(
    "envoy.filters.listener.tls_inspector",
    "extensions.filters.listener.tls_inspector.v3.TlsInspector",
)


@dataclass(frozen=True, slots=True)
class _Check:
    """What a connection is met with: our certificate, and whose of theirs are accepted."""

    certificate: Certificate
    client_ca: str | None

    @property
    def name(self) -> str:
        texts = (self.certificate.chain, self.certificate.key.reveal(), self.client_ca or "")
        return "-".join(pem_name(text).split("/")[-1][:16] for text in texts)


def listeners(config: GatewayConfig) -> list[Tree]:
    return [_listener(listener, config) for listener in config.listeners]


def _listener(listener: Listener, config: GatewayConfig) -> Tree:
    return {
        "@type": any_of("config.listener.v3.Listener"),
        "name": str(listener),
        "address": {"socket_address": {"address": listener.host, "port_value": listener.port}},
        # Shared, a second gateway would take a part of the connections without a word.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": _BUFFER,
        **(_encrypted(config) if listener.tls else _plain(listener, config)),
    }


def _plain(listener: Listener, config: GatewayConfig) -> Branch:
    spoken = _redirecting(config) if listener.redirect else _PUBLIC
    return {"filter_chains": [{"filters": [manners(config, spoken)]}]}


def _redirecting(config: GatewayConfig) -> Branch:
    port = next(listener.port for listener in config.listeners if listener.tls)
    redirect: Tree = {
        "https_redirect": True,
        "port_redirect": port,
        "response_code": "PERMANENT_REDIRECT",
    }
    everywhere: Tree = {"match": {"prefix": "/"}, "redirect": redirect}
    host: Tree = {"name": "all", "domains": ["*"], "routes": [everywhere]}
    return {"route_config": {"name": "redirecting", "virtual_hosts": [host]}}


def _encrypted(config: GatewayConfig) -> Branch:
    """Return a chain for each certificate and authority, and the one for everybody else.

    A chain that checks callers has routes of its own: on a common one, a caller could show a
    certificate for one domain and then ask for another.
    """
    groups: dict[_Check, list[tuple[Domain, ApiRoute]]] = {}
    for route in config.routes:
        for domain in route.domains:
            check = _check(domain, config)
            if check is not None:
                groups.setdefault(check, []).append((domain, route))
    chains = [_chain(config, check, groups[check]) for check in groups]
    if config.certificate is not None:
        chains.append(_chain(config, _Check(config.certificate, config.client_ca)))
    return {"listener_filters": [_INSPECTOR], "filter_chains": chains}


def _check(domain: Domain, config: GatewayConfig) -> _Check | None:
    """Return what callers of a domain meet, None if that is what everybody meets."""
    if domain.certificate is None and domain.client_ca is None:
        return None
    certificate = domain.certificate or config.certificate
    return None if certificate is None else _Check(certificate, domain.client_ca)


def _chain(
    config: GatewayConfig, check: _Check, named: Sequence[tuple[Domain, ApiRoute]] = ()
) -> Tree:
    spoken = _PUBLIC
    if check.client_ca is not None:
        table: Branch = {"route_config": certified_routes(named)} if named else {"rds": _RDS}
        spoken = {**table, **_CERTIFIED}
    names = sorted(domain.name.lower() for domain, _ in named)
    return {
        "name": check.name,
        **({"filter_chain_match": {"server_names": names}} if named else {}),
        "filters": [manners(config, spoken)],
        "transport_socket": _tls(check),
    }


def _tls(check: _Check) -> Tree:
    shown: Tree = {
        "certificate_chain": {"filename": pem_name(check.certificate.chain)},
        "private_key": {"filename": pem_name(check.certificate.key.reveal())},
    }
    common: Branch = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificates": [shown],
    }
    if check.client_ca is not None:
        common["validation_context"] = {"trusted_ca": {"filename": pem_name(check.client_ca)}}
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context=common,
        require_client_certificate=check.client_ca is not None,
    )
