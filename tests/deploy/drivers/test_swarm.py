"""A swarm of two machines: nodes on both, images from a registry, a machine that is lost."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from docker.errors import APIError

from deploy.drivers.bench import Bench, make_bench, until
from deploy.drivers.engines import Services, connect, containers, services, swarm
from deploy.drivers.machines import HERE, THERE, Machine, registry, second_machine
from e2e.docker_engine import NoEngineError
from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.swarm.cluster import Cluster
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.types import NodeSpec, NodeState, NodeStats
from penstock.errors import ConfigurationError

pytestmark = pytest.mark.timeout(1500)


@dataclass(frozen=True)
class Two:
    bench: Bench
    second: Machine
    running: ExitStack  # the second engine

    def run_there(self, **environment: str) -> NodeSpec:
        """Start nodes until one is on the second machine: the swarm spreads them evenly."""
        for _ in range(4):
            node = self.bench.run(environment=environment)
            address = self.bench.driver.address(node.id)
            if address and address.host == THERE:
                return node
        raise LookupError(THERE)


@pytest.fixture
def two(image: ImagePlace) -> Iterator[Two]:
    try:
        with ExitStack() as after:
            first = after.enter_context(containers())
            second = after.enter_context(second_machine())
            running = after.enter_context(ExitStack())
            running.enter_context(second.engine())
            api = connect(first.settings)
            after.callback(api.close)
            after.enter_context(swarm(api, HERE))
            joining = connect({"DOCKER_HOST": second.address})
            info = api.info()["Swarm"]
            joining.join_swarm(
                [manager["Addr"] for manager in info["RemoteManagers"]],
                api.inspect_swarm()["JoinTokens"]["Worker"],
                advertise_addr=THERE,
            )
            joining.close()
            with socket.create_server((HERE, 0)) as free:
                port = free.getsockname()[1]
            address = after.enter_context(registry(second.folder, port))
            settings = {**first.settings, "PENSTOCK_SWARM_GRACE": "3"}
            engine = Services({**settings, "PENSTOCK_SWARM_REGISTRY": address}, api)
            home = after.enter_context(tempfile.TemporaryDirectory())
            bench = make_bench("swarm", engine, image, Path(home))
            after.callback(bench.end)
            yield Two(bench, second, running)
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.mark.skipif("CI" in os.environ, reason="two engines and a network of their own: by hand")
def test_nodes_on_another_machine_are_like_those_on_ours(two: Two) -> None:
    bench = two.bench
    node = two.run_there()
    hosts = {found.address.host for found in bench.driver.list() if found.address}

    assert hosts <= {HERE, THERE}
    assert bench.wait_for(node).uid == 10001
    assert list(bench.driver.logs(node.id)) == [f"started {node.id}".encode()]
    assert bench.driver.stats(node.id) == NodeStats(cpu=None, memory=None)
    assert bench.driver.stop(node.id, 10) == Stopped(exit_code=0, killed=False)

    stubborn = two.run_there(STUBBORN="1")
    assert bench.driver.stop(stubborn.id, 1) == Stopped(exit_code=137, killed=True)

    lost = two.run_there()
    two.running.close()

    def noticed() -> bool:
        return bench.find(lost).state is NodeState.EXITED

    until(noticed, "the machine is missed", within=90)
    assert bench.driver.stop(lost.id, 1).exit_code in {None, 0, 137}


@pytest.fixture
def one(image: ImagePlace) -> Iterator[Bench]:
    with ExitStack() as after:
        try:
            engine = after.enter_context(services())
        except NoEngineError as reason:
            pytest.skip(str(reason))
        home = after.enter_context(tempfile.TemporaryDirectory())
        bench = make_bench("swarm", engine, image, Path(home))
        after.callback(bench.leave)
        yield bench


def variant(bench: Bench, **changes: str) -> Bench:
    """Return the same installation with other settings."""
    environment = {**bench.settings.environment, **changes}
    settings = replace(bench.settings, environment=environment)
    other = replace(bench, settings=settings, drivers=[])
    other.again()
    return other


def test_on_an_overlay_a_node_has_an_address_of_its_own(one: Bench) -> None:
    engine = one.engine
    assert isinstance(engine, Services)
    engine.api.create_network("pst-overlay", driver="overlay", attachable=True)
    try:
        bench = variant(one, PENSTOCK_SWARM_NETWORK="pst-overlay")
        bench.driver.check()
        bench.driver.prepare(bench.image)
        node = bench.spec()
        bench.driver.start(node)
        address = until(lambda: bench.driver.address(node.id), "it has an address")
        inside = engine.api.inspect_network("pst-overlay")["IPAM"]["Config"][0]["Subnet"]

        assert address.port == 8080
        assert ip_address(str(address.host)) in ip_network(inside)
        bench.end()
    finally:
        until(lambda: removed(engine, "pst-overlay"), "the network is free")


def test_what_finds_no_machine_in_time_counts_as_ended_and_its_log_says_why(one: Bench) -> None:
    bench = variant(one, PENSTOCK_SWARM_PROGRESS="1")
    bench.driver.prepare(bench.image)
    node = bench.spec(units=1_000_000)
    bench.driver.start(node)

    def ended() -> bool | None:
        return bench.find(node).state is NodeState.EXITED or None

    until(ended, "it is given up")
    assert b"Range of CPUs" in b"".join(bench.driver.logs(node.id))
    bench.end()


def removed(engine: Services, network: str) -> bool | None:
    try:
        engine.api.remove_network(network)
    except APIError:
        return None
    return True


def test_a_setting_that_is_no_number_is_named(one: Bench) -> None:
    with pytest.raises(ConfigurationError, match="PENSTOCK_SWARM_GRACE"):
        variant(one, PENSTOCK_SWARM_GRACE="soon")


def test_a_service_that_changed_meanwhile_is_read_again(one: Bench) -> None:
    node = one.run()
    cluster = Cluster(Engine(one.settings.environment), one.settings.installation)
    service = cluster.service(node.id)
    assert service is not None
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: cluster.empty(service.id), range(8)))

    assert not cluster.services(node=node.id)[0].wanted
    cluster.engine.close()
