"""A configuration in Envoy's words: files to read, and Envoy's own check of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.deploy.gateway.bootstrap import bootstrap
from penstock.deploy.gateway.endpoints import endpoints_of, read_assignments, unite
from penstock.deploy.gateway.process import binary
from penstock.deploy.gateway.resources import resources, united
from penstock.deploy.gateway.types import (
    ApiRoute,
    Certificate,
    Domain,
    GatewayConfig,
    GatewaySettings,
    Limits,
    Listener,
    Upstream,
)
from penstock.deploy.types import Address, Place
from penstock.errors import GatewayError
from penstock.secret import Secret

GOLDEN = Path(__file__).parent / "golden"

BLUE = Upstream("n-blue", Address(path="/run/blue.sock"), draining=True)
GREEN = Upstream("n-green", Address(host="10.0.0.2", port=8080))
FLIGHTS = ApiRoute(
    place=Place("api_flights"),
    project="flights",
    api="api",
    live=(GREEN, BLUE),
    preview=(replace(BLUE, draining=False),),
    domains=(Domain("API.example.com"),),
    timeout=35.0,
    max_body=1 << 20,
)
GUARDED = ApiRoute(
    place=Place("api_guarded", "test"),
    project="flights",
    api="guarded",
    live=(Upstream("n-guard", Address(host="::1", port=8081)),),
    domains=(Domain("guarded.example.com", Certificate("chain", Secret("key")), "authority"),),
)
CONFIG = GatewayConfig(
    listeners=(Listener(port=8080), Listener(port=8443, host="::", tls=True)),
    routes=(FLIGHTS, GUARDED),
    limits=Limits(body=5 << 20),
)


@pytest.mark.parametrize("name", ["endpoints", "routes", "listeners"])
def test_each_file_is_as_it_was_agreed(name: str) -> None:
    made = resources(CONFIG)
    content = {"endpoints": made.endpoints, "routes": made.routes, "listeners": made.listeners}
    text = json.dumps(json.loads(content[name].content), indent=1) + "\n"

    assert text == (GOLDEN / f"{name}.json").read_text()


def test_what_envoy_is_started_with_is_as_it_was_agreed() -> None:
    text = json.dumps(bootstrap(GatewaySettings()), indent=1) + "\n"

    assert text == (GOLDEN / "bootstrap.json").read_text()


@pytest.mark.parametrize("encrypted", [False, True])
def test_envoy_itself_finds_nothing_wrong(tmp_path: Path, *, encrypted: bool) -> None:
    """Give it all at once, as it checks only what it is started with."""
    made = resources(CONFIG)
    static = json.loads(json.dumps(bootstrap(GatewaySettings())))
    del static["dynamic_resources"]
    found = json.loads(made.listeners.content)["resources"]
    plain = {key: value for key, value in found[0].items() if key != "@type"}
    manager = plain["filter_chains"][0]["filters"][0]["typed_config"]
    if encrypted:
        chains = found[1]["filter_chains"]
        manager["route_config"] = chains[0]["filters"][0]["typed_config"]["route_config"]
    else:
        manager["route_config"] = json.loads(made.routes.content)["resources"][0]
        del manager["route_config"]["@type"]
    del manager["rds"]
    static["static_resources"]["listeners"] = [plain]
    (tmp_path / "all.json").write_text(json.dumps(static))
    (tmp_path / "endpoints.json").write_bytes(made.endpoints.content)

    done = subprocess.run(
        [binary(), "-c", "all.json", "--mode", "validate", "--disable-hot-restart"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"deprecated" not in done.stderr.lower()


def test_the_same_configuration_gives_the_same_bytes() -> None:
    again = replace(CONFIG, routes=(replace(FLIGHTS), replace(GUARDED)))

    assert resources(again) == resources(CONFIG)


def test_a_switch_changes_endpoints_only() -> None:
    switched = replace(CONFIG, routes=(replace(FLIGHTS, live=FLIGHTS.preview), GUARDED))
    before, after = resources(CONFIG), resources(switched)

    assert before.endpoints.version != after.endpoints.version
    assert (before.routes, before.listeners) == (after.routes, after.listeners)


def test_no_key_is_in_what_envoy_reads_but_its_own_files() -> None:
    made = resources(CONFIG)

    assert b"key" in made.pems.values()
    secret = Secret("a very secret key")
    hidden = replace(CONFIG, certificate=Certificate("chain", secret))
    assert b"very secret" not in resources(hidden).listeners.content
    assert "very secret" not in repr(hidden)


NODES = st.builds(
    Upstream,
    st.sampled_from(["a", "b", "c", "d"]),
    st.just(Address(path="/run/x.sock")),
    st.booleans(),
).map(lambda node: replace(node, address=Address(path=f"/run/{node.node}.sock")))
ROUTES = st.tuples(st.lists(NODES), st.lists(NODES)).map(
    lambda pair: [replace(FLIGHTS, live=tuple(pair[0]), preview=tuple(pair[1]))]
)


@given(old=ROUTES, new=ROUTES)
def test_between_two_configurations_both_are_served(
    old: list[ApiRoute], new: list[ApiRoute]
) -> None:
    before, after = endpoints_of(old), endpoints_of(new)
    both = {one.node: one.pools for one in unite(after, before)}

    assert all(one.pools <= both[one.node] for one in (*before, *after))
    assert both.keys() == {one.node for one in (*before, *after)}


@given(routes=ROUTES)
def test_endpoints_are_read_as_they_were_written(routes: list[ApiRoute]) -> None:
    made = resources(replace(CONFIG, routes=(*routes, GUARDED))).endpoints

    assert read_assignments(made.content) == endpoints_of((*routes, GUARDED))
    assert united(made, made.content) == made
    assert united(made, b"damaged") == made


@given(routes=ROUTES)
def test_a_node_that_drains_is_chosen_for_nothing_it_drains_from(routes: list[ApiRoute]) -> None:
    live = {one.node for one in routes[0].live if not one.draining}
    chosen = {
        one.node for one in endpoints_of(routes) if "live:api_flights@production" in one.pools
    }

    assert chosen == live


@pytest.mark.parametrize(
    ("routes", "says"),
    [
        ((FLIGHTS, replace(FLIGHTS, place=Place("api_2"), domains=())), "address /flights/api/"),
        ((FLIGHTS, replace(FLIGHTS, api="other", domains=())), "place api_flights@production"),
        ((FLIGHTS, replace(GUARDED, domains=FLIGHTS.domains)), "domain api.example.com"),
        ((replace(FLIGHTS, project="preview"),), "cannot be called 'preview'"),
        ((replace(FLIGHTS, project="a/b"),), "'a/b' cannot stand"),
        ((replace(FLIGHTS, api=".."),), "'..' cannot stand"),
        ((replace(FLIGHTS, project="@test"),), "'@test' cannot stand"),
        ((replace(FLIGHTS, domains=(Domain("*"),)),), r"'\*' is not a domain"),
        ((replace(FLIGHTS, domains=(Domain("a b"),)),), "'a b' is not a domain"),
        ((replace(FLIGHTS, live=(Upstream("n", Address(host="db.local", port=1)),)),), "node n"),
        ((replace(FLIGHTS, live=(Upstream("n", Address(path="/" + "x" * 107)),)),), "node n"),
    ],
)
def test_what_contradicts_itself_is_refused(routes: tuple[ApiRoute, ...], says: str) -> None:
    plain = GatewayConfig(listeners=(Listener(port=8080),))

    with pytest.raises(GatewayError, match=says):
        resources(replace(plain, routes=routes))


def test_every_contradiction_is_told_at_once() -> None:
    wrong = replace(FLIGHTS, project="preview", api="a/b")

    with pytest.raises(GatewayError, match=r"'a/b' cannot (?s:.*)'preview'(?s:.*)no certificate"):
        resources(replace(CONFIG, routes=(wrong,)))
