"""Nodes of every API → Envoy's endpoints.

One cluster holds them all, each endpoint marked with the pools it is in; a route names its pool.
A cluster of its own per API would need an inotify instance each, of which Linux gives a user 128:
Envoy aborts at the next. And a node that goes from preview to live stays the same endpoint, with
its health known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.deploy.gateway.envoy import Tree, any_of
from penstock.deploy.gateway.types import ApiRoute, Upstream
from penstock.deploy.types import Address

CLUSTER: Final = "nodes"
POOL: Final = "pool"


class Endpoint(msgspec.Struct, frozen=True):
    """A node, and where it may be chosen; in no pool it may only finish."""

    node: str
    address: Tree
    pools: frozenset[str]


def live_pool(route: ApiRoute) -> str:
    return f"live:{route.name}"


def preview_pool(route: ApiRoute) -> str:
    return f"preview:{route.name}"


def endpoints_of(routes: Iterable[ApiRoute]) -> list[Endpoint]:
    found: dict[str, Upstream] = {}
    pools: dict[str, set[str]] = {}
    for route in routes:
        for pool, nodes in ((live_pool(route), route.live), (preview_pool(route), route.preview)):
            for upstream in nodes:
                found[upstream.node] = upstream
                pools.setdefault(upstream.node, set()).update(() if upstream.draining else (pool,))
    return [
        Endpoint(node, _address(found[node].address), frozenset(pools[node]))
        for node in sorted(found)
    ]


def unite(new: Iterable[Endpoint], old: Iterable[Endpoint]) -> list[Endpoint]:
    """Return what serves both who is asked by new routes and who is asked by old ones."""
    before = {one.node: one for one in old}
    both = [
        Endpoint(one.node, one.address, one.pools | before.pop(one.node, one).pools) for one in new
    ]
    taken = [one.address for one in both]
    return [*both, *(one for one in before.values() if one.address not in taken)]


def assignment(endpoints: Iterable[Endpoint]) -> Tree:
    """Return the resource of all endpoints."""
    return {
        "@type": any_of("config.endpoint.v3.ClusterLoadAssignment"),
        "cluster_name": CLUSTER,
        "endpoints": [{"lb_endpoints": [_tree(endpoint) for endpoint in endpoints]}],
    }


def read_assignments(content: bytes | None) -> list[Endpoint]:
    """Return what a file of endpoints says, nothing if it is damaged."""
    try:
        written = msgspec.json.decode(content or b"{}", type=_File)
    except msgspec.MsgspecError:
        return []
    lines = [line for one in written.resources for e in one.endpoints for line in e.lb_endpoints]
    return [
        Endpoint(
            line.endpoint.hostname,
            line.endpoint.address,
            frozenset(line.metadata.filter_metadata.balancing[POOL]),
        )
        for line in lines
    ]


class _Target(msgspec.Struct):
    hostname: str
    address: dict[str, dict[str, str | int]]


class _Marks(msgspec.Struct):
    balancing: dict[str, list[str]] = msgspec.field(name="envoy.lb")


class _Metadata(msgspec.Struct):
    filter_metadata: _Marks


class _Line(msgspec.Struct):
    endpoint: _Target
    metadata: _Metadata


class _Lines(msgspec.Struct):
    lb_endpoints: list[_Line]


class _Resource(msgspec.Struct):
    endpoints: list[_Lines]


class _File(msgspec.Struct):
    resources: list[_Resource] = []


def _tree(endpoint: Endpoint) -> Tree:
    return {
        "endpoint": {"address": endpoint.address, "hostname": endpoint.node},
        "health_status": "HEALTHY" if endpoint.pools else "DRAINING",
        "metadata": {
            "filter_metadata": {
                "envoy.lb": {POOL: sorted(endpoint.pools)},
                "penstock": {"node": endpoint.node},
            }
        },
    }


def _address(address: Address) -> Tree:
    if address.path:
        return {"pipe": {"path": address.path}}
    return {"socket_address": {"address": address.host, "port_value": address.port}}
