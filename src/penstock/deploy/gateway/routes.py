"""APIs → Envoy's routes: which pool of nodes answers which address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from penstock.deploy.gateway.endpoints import CLUSTER, POOL, live_pool, preview_pool
from penstock.deploy.gateway.envoy import Branch, Tree, any_of, extension, seconds
from penstock.deploy.gateway.types import ApiRoute, Domain
from penstock.deploy.types import Place

PUBLIC: Final = "public"
"""The name of the routes that every connection without a certificate check of its own has."""

PREVIEW_HEADER: Final = "penstock-preview"

# For those who run the node, who reach it without the gateway: they name databases, and their
# errors.
_HIDDEN: Final = ("metrics", "readyz")

_RETRIES: Final[Tree] = {
    # Only what surely did not reach a node is asked of another one.
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 3,
    "retry_back_off": {"base_interval": "0.010s", "max_interval": "0.200s"},
    "retry_host_predicate": [
        extension(
            "envoy.retry_host_predicates.previous_hosts",
            "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        )
    ],
    # The dead are the least busy, so they are chosen first, again and again.
    "host_selection_retry_max_attempts": 20,
}


_BODY_FILTER: Final = "envoy.filters.http.buffer"
_BODY: Final = any_of("extensions.filters.http.buffer.v3.BufferPerRoute")

# A CONNECT has no end, so its body would be waited for.
_NO_TUNNEL: Final[Tree] = {
    "match": {"connect_matcher": {}},
    "direct_response": {"status": 404},
    "typed_per_filter_config": {_BODY_FILTER: {"@type": _BODY, "disabled": True}},
}

# The environment whose addresses do not name it.
_UNNAMED: Final = Place("").environment


def public_routes(routes: Sequence[ApiRoute]) -> Tree:
    """Return the routes by path, and those of domains where anybody may come."""
    open_to_all = [route for route in routes if not route.certified]
    hosts = [_host(domain.name, route) for route in open_to_all for domain in route.domains]
    return {
        "@type": any_of("config.route.v3.RouteConfiguration"),
        **_table(PUBLIC, [*hosts, _by_path(open_to_all)]),
    }


def certified_routes(named: Iterable[tuple[Domain, ApiRoute]]) -> Tree:
    """Return the routes of a connection whose caller has shown a certificate for these domains."""
    return _table("certified", [_host(domain.name, route) for domain, route in named])


def paths(route: ApiRoute) -> tuple[str, str]:
    """Return where an API begins, and where its preview does."""
    environment = route.place.environment
    named = "" if environment == _UNNAMED else f"/@{environment}"
    path = f"{named}/{route.project}/{route.api}/"
    return path, f"/preview{path}"


def _table(name: str, hosts: Sequence[Tree]) -> Branch:
    return {
        "name": name,
        "virtual_hosts": hosts,
        "ignore_port_in_host_matching": True,
        "response_headers_to_remove": ["server", "x-envoy-upstream-service-time"],
    }


def _host(domain: str, route: ApiRoute) -> Tree:
    return {"name": domain, "domains": [domain.lower()], "routes": [*_live(route, "/"), _NO_TUNNEL]}


def _by_path(routes: Sequence[ApiRoute]) -> Tree:
    """Look the path up in a tree: a list would be gone through for every request.

    One entry for each beginning of a path; the longest that fits is taken.
    """
    known: dict[str, Tree] = {}
    for route in routes:
        path, preview = paths(route)
        known |= {path: _list(_live(route, path)), preview: _list(_preview(route, preview))}
    if not known:
        return {"name": "paths", "domains": ["*"], "routes": [_NO_TUNNEL]}
    path_header = extension(
        "path", "type.matcher.v3.HttpRequestHeaderMatchInput", header_name=":path"
    )
    matcher: Tree = {
        "matcher_tree": {
            "input": path_header,
            "prefix_match_map": {"map": dict(sorted(known.items()))},
        },
        "on_no_match": _list([_NO_TUNNEL]),
    }
    return {"name": "paths", "domains": ["*"], "matcher": matcher}


def _list(routes: Sequence[Tree]) -> Tree:
    return {"action": extension("routes", "config.route.v3.RouteList", routes=routes)}


def _live(route: ApiRoute, path: str) -> list[Tree]:
    shown: Tree = {"name": PREVIEW_HEADER, "string_match": {"exact": "true"}}
    return [
        *_beside(path),
        _to(route, path, preview_pool(route), headers=[shown]),
        _to(route, path, live_pool(route)),
    ]


def _preview(route: ApiRoute, path: str) -> list[Tree]:
    return [*_beside(path), _to(route, path, preview_pool(route))]


def _beside(path: str) -> list[Tree]:
    """Return what no node is asked."""
    hidden: list[Tree] = [
        {"match": {"path_separated_prefix": f"{path}{name}"}, "direct_response": {"status": 404}}
        for name in _HIDDEN
    ]
    # Its links are relative: with one slash more they would lead elsewhere.
    redirect: Tree = {"path_redirect": f"{path}docs", "response_code": "PERMANENT_REDIRECT"}
    return [*hidden, {"match": {"path": f"{path}docs/"}, "redirect": redirect}]


def _to(route: ApiRoute, path: str, pool: str, headers: Sequence[Tree] = ()) -> Tree:
    match: Branch = {"prefix": path}
    if headers:
        match["headers"] = headers
    target: Branch = {
        "name": route.name,
        "match": match,
        "route": {
            "cluster": CLUSTER,
            "metadata_match": {"filter_metadata": {"envoy.lb": {POOL: pool}}},
            "prefix_rewrite": "/",
            # An answer may take as long as it likes, so long as it goes on.
            "timeout": "0s",
            "idle_timeout": seconds(route.timeout),
            "retry_policy": _RETRIES,
        },
    }
    if route.max_body is None:
        return target
    size: Tree = {"@type": _BODY, "buffer": {"max_request_bytes": route.max_body}}
    return {**target, "typed_per_filter_config": {_BODY_FILTER: size}}
