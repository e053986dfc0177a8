"""What a configuration may not say, found before Envoy is asked."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from penstock.deploy.gateway.routes import paths
from penstock.deploy.gateway.types import (
    ApiRoute,
    GatewayConfig,
    Listener,
    Upstream,
)
from penstock.errors import GatewayError
from penstock.project.reserved import RESERVED_PROJECTS

_NAME: Final = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.IGNORECASE)
_SOCKET_PATH: Final = 107  # bytes, the kernel's


def check(config: GatewayConfig) -> None:
    """Raise GatewayError with every contradiction there is."""
    found = [
        *_in_names(config.routes),
        *_twice(config),
        *_in_nodes(config.routes),
        *_in_listeners(config),
    ]
    if found:
        raise GatewayError(" ".join(one.detail for one in found), hint=found[0].hint)


def _in_names(routes: Iterable[ApiRoute]) -> Iterator[GatewayError]:
    for route in routes:
        for name in (route.project, route.api, route.place.environment):
            if not _NAME.fullmatch(name):
                yield GatewayError(f"{name!r} cannot stand in the address of an API.")
        if route.project in RESERVED_PROJECTS:
            yield GatewayError(
                f"A project cannot be called {route.project!r}.", hint="Choose another name."
            )
        for domain in route.domains:
            if not _DOMAIN.fullmatch(domain.name):
                yield GatewayError(f"{domain.name!r} is not a domain.")


def _twice(config: GatewayConfig) -> Iterator[GatewayError]:
    """Find what two would own: addresses of APIs, places, ports."""
    domains = [domain.name.lower() for route in config.routes for domain in route.domains]
    for what, names in (
        ("The address", [paths(route)[0] for route in config.routes]),
        ("The place", [route.name for route in config.routes]),
        ("The domain", domains),
        ("The port", [str(listener) for listener in config.listeners]),
    ):
        for name in sorted(name for name, count in Counter(names).items() if count > 1):
            yield GatewayError(f"{what} {name} is given twice.")


def _in_nodes(routes: Iterable[ApiRoute]) -> Iterator[GatewayError]:
    for upstream in (one for route in routes for one in (*route.live, *route.preview)):
        if not _reachable(upstream):
            yield GatewayError(
                f"The node {upstream.node} cannot be reached at {upstream.address}.",
                hint="An address is a socket's path of at most 107 bytes, or an IP address.",
            )


def _reachable(upstream: Upstream) -> bool:
    address = upstream.address
    if address.path:
        return len(address.path.encode()) <= _SOCKET_PATH
    try:
        ipaddress.ip_address(address.host or "")
    except ValueError:
        return False
    return 0 < address.port < 1 << 16


def _in_listeners(config: GatewayConfig) -> Iterator[GatewayError]:
    encrypted = [listener for listener in config.listeners if listener.tls]
    domains = [domain for route in config.routes for domain in route.domains]
    certificates = [config.certificate, *(domain.certificate for domain in domains)]
    if encrypted and not any(certificates):
        yield GatewayError(
            f"There is no certificate for {encrypted[0]}.", hint="Give one, or leave TLS out."
        )
    for listener in config.listeners:
        yield from _in_plain(listener, config, encrypted=bool(encrypted))
    for domain in domains:
        if domain.client_ca is not None and (domain.certificate or config.certificate) is None:
            yield GatewayError(f"{domain.name} asks for certificates, and has none itself.")


def _in_plain(
    listener: Listener, config: GatewayConfig, *, encrypted: bool
) -> Iterator[GatewayError]:
    if listener.tls:
        return
    if listener.redirect and not encrypted:
        yield GatewayError(f"{listener} leads to a port with TLS, and there is none.")
    if config.client_ca is not None and not listener.redirect:
        yield GatewayError(
            f"{listener} would let callers in without a certificate.",
            hint="Let it redirect, or take it out.",
        )
