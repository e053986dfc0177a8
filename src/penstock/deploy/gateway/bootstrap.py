"""Settings → what Envoy is started with: its admin socket, and the one cluster of all nodes."""

from __future__ import annotations

from typing import Final

from penstock.deploy.gateway.endpoints import CLUSTER, POOL
from penstock.deploy.gateway.envoy import Tree, any_of, extension, from_file
from penstock.deploy.gateway.types import GatewaySettings

# Relative to the folder that Envoy is started in: a path of a Unix socket has 107 bytes at most.
ADMIN: Final = "./admin.sock"
BOOTSTRAP: Final = "./bootstrap.json"
ENDPOINTS: Final = "./endpoints.json"
LISTENERS: Final = "./listeners.json"

_CHECK_EVERY = "1s"
_CONNECT_TIMEOUT = "1s"
# Less than the 5 s for which a node keeps an unused connection: if the node closed first, a
# request could be on its way to it, and nobody could say whether it arrived.
_IDLE = "3s"
_MANY = 1 << 20


def bootstrap(settings: GatewaySettings) -> Tree:
    return {
        "node": {"id": "penstock", "cluster": "penstock"},
        "admin": {"address": {"pipe": {"path": ADMIN, "mode": 0o600}}},
        "dynamic_resources": {"lds_config": from_file(LISTENERS)},
        "static_resources": {"clusters": [_cluster()]},
        "overload_manager": {
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "extensions.resource_monitors.downstream_connections.v3"
                    ".DownstreamConnectionsConfig",
                    max_active_downstream_connections=settings.connections,
                )
            ]
        },
    }


def _cluster() -> Tree:
    return {
        "name": CLUSTER,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": from_file(ENDPOINTS)},
        "connect_timeout": _CONNECT_TIMEOUT,
        "lb_policy": "LEAST_REQUEST",
        # The least busy of many picks, not of two: of two nodes, one that hangs would be both picks
        # for every fourth request, and soon hold up every caller.
        "least_request_lb_config": {"choice_count": 16},
        "lb_subset_config": {
            "fallback_policy": "NO_FALLBACK",
            "subset_selectors": [{"keys": [POOL]}],
            "list_as_any": True,
        },
        "common_lb_config": {
            # Where none of an API's nodes is ready they are asked all the same: a node says best
            # what is wrong, and a cached answer needs no database.
            "healthy_panic_threshold": {"value": 1},
            "ignore_new_hosts_until_first_hc": True,
            # Else who is healthy, and who is in which pool, is told to the workers a second late.
            "update_merge_window": "0s",
        },
        # Else a node that is taken out stays for as long as it is healthy.
        "ignore_health_on_host_removal": True,
        "health_checks": [_health_check()],
        "outlier_detection": _outliers(),
        "circuit_breakers": _breakers(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": any_of("extensions.upstreams.http.v3.HttpProtocolOptions"),
                "common_http_protocol_options": {"idle_timeout": _IDLE},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def _health_check() -> Tree:
    return {
        "timeout": _CHECK_EVERY,
        "interval": _CHECK_EVERY,
        "no_traffic_interval": _CHECK_EVERY,
        "unhealthy_interval": _CHECK_EVERY,
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/readyz", "host": "penstock"},
    }


def _outliers() -> Tree:
    """Put aside who cannot be reached; what a node answers itself is its API's business.

    A caller whose query always fails, or a database that is down, must not empty the pool.
    """
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "2s",
        "max_ejection_time": "10s",
        "max_ejection_percent": 100,
    }


def _breakers() -> Tree:
    """Bound what one API's nodes can take of what all share; nodes have queues of their own."""
    return {
        "thresholds": [
            {
                "max_connections": _MANY,
                "max_pending_requests": _MANY,
                "max_requests": _MANY,
                "max_retries": 1024,
            }
        ],
        "per_host_thresholds": [{"max_connections": 1024}],
    }
