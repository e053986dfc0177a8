"""A configuration → the files that Envoy reads: nothing here touches a disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from penstock.deploy.gateway.certificates import pem_files
from penstock.deploy.gateway.check import check
from penstock.deploy.gateway.endpoints import (
    assignment,
    endpoints_of,
    read_assignments,
    unite,
)
from penstock.deploy.gateway.envoy import Tree
from penstock.deploy.gateway.listeners import listeners
from penstock.deploy.gateway.routes import public_routes
from penstock.deploy.gateway.types import GatewayConfig


@dataclass(frozen=True, slots=True)
class Resource:
    """A file's content, and the version that Envoy says it has taken."""

    version: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Resources:
    endpoints: Resource
    routes: Resource
    listeners: Resource
    pems: dict[str, bytes]


def resources(config: GatewayConfig) -> Resources:
    """Return what a configuration is in Envoy's words.

    The same configuration gives the same bytes. Raises GatewayError where it contradicts itself.
    """
    check(config)
    return Resources(
        endpoints=resource([assignment(endpoints_of(config.routes))]),
        routes=resource([public_routes(config.routes)]),
        listeners=resource(listeners(config)),
        pems=pem_files(config),
    )


def resource(trees: Sequence[Tree]) -> Resource:
    """Return a discovery answer, whose version is a digest of what is in it."""
    encoded = msgspec.json.encode(trees)
    version = sha256(encoded).hexdigest()[:16]
    return Resource(
        version, b'{"version_info":"%b","resources":%b}\n' % (version.encode(), encoded)
    )


def united(made: Resource, held: bytes | None) -> Resource:
    """Return new endpoints together with those of the file that is there now."""
    both = unite(read_assignments(made.content), read_assignments(held))
    return resource([assignment(both)])
