"""How HTTP is spoken with callers: what is believed, refused, bounded and written down."""

from __future__ import annotations

from typing import Final

from penstock.deploy.gateway.access_log import access_log
from penstock.deploy.gateway.envoy import Branch, Tree, any_of, extension, seconds
from penstock.deploy.gateway.replies import replies
from penstock.deploy.gateway.types import GatewayConfig

STATISTICS: Final = "in"

_STREAMS: Final = 128  # requests at once on one connection
_STREAM_WINDOW: Final = 256 << 10  # bytes
_CONNECTION_WINDOW: Final = 1 << 20

# What callers may not tell nodes: where they come from, and what the proxy is to do for them.
_FORGED: Final = (
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
)
_FORGED_BEGINNINGS: Final = ("x-envoy-", "x-original-", "x-penstock-", "x-rewrite-")


def manners(config: GatewayConfig, spoken: Branch) -> Tree:
    """Return the filter that speaks HTTP; `spoken` is what is particular to one chain."""
    limits = config.limits
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=STATISTICS,
        use_remote_address=True,
        xff_num_trusted_hops=config.trusted_hops,
        # Nobody is taken for one of us because of where they come from: no caller has this address.
        internal_address_config={
            "cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]
        },
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        server_header_transformation="PASS_THROUGH",
        always_set_request_id_in_response=True,
        request_headers_timeout=seconds(limits.header_time),
        request_timeout=seconds(limits.request_time),
        common_http_protocol_options={"idle_timeout": seconds(limits.idle)},
        http2_protocol_options={
            "max_concurrent_streams": _STREAMS,
            "initial_stream_window_size": _STREAM_WINDOW,
            "initial_connection_window_size": _CONNECTION_WINDOW,
        },
        early_header_mutation_extensions=[_without_forgeries(config)],
        local_reply_config=replies(),
        access_log=[access_log()],
        http_filters=[_body_limit(limits.body), _router()],
        **spoken,
    )


def _without_forgeries(config: GatewayConfig) -> Tree:
    beginnings: list[Tree] = [
        {"remove_on_match": {"key_matcher": {"prefix": beginning}}}
        for beginning in _FORGED_BEGINNINGS
    ]
    names = _FORGED if config.trusted_hops else (*_FORGED, "x-forwarded-for", "x-forwarded-proto")
    return extension(
        "penstock.forgeries",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[*({"remove": name} for name in names), *beginnings],
    )


def _body_limit(size: int) -> Tree:
    """Return what keeps a body until it is whole: a slow caller then holds no node."""
    return extension(
        "envoy.filters.http.buffer",
        "extensions.filters.http.buffer.v3.Buffer",
        max_request_bytes=size,
    )


def _router() -> Tree:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": any_of("extensions.filters.http.router.v3.Router")},
    }
