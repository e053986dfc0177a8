"""What only containers have: an engine that may be away, and folders that are let in."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from deploy.drivers.bench import Bench, make_bench, until
from deploy.drivers.engines import Containers, connect, containers
from deploy.drivers.machines import Machine, second_machine
from e2e.docker_engine import NoEngineError
from penstock.deploy.drivers.find import find_driver
from penstock.deploy.drivers.types import ImagePlace
from penstock.deploy.types import NodeState
from penstock.errors import ConfigurationError, DriverError, DriverUnavailableError

pytestmark = pytest.mark.timeout(1500)

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def bench(image: ImagePlace) -> Iterator[Bench]:
    with ExitStack() as after:
        home = after.enter_context(tempfile.TemporaryDirectory())
        try:
            engine = after.enter_context(containers())
        except NoEngineError as reason:
            pytest.skip(str(reason))
        bench = make_bench("docker", engine, image, Path(home))
        after.callback(bench.leave)
        yield bench


@pytest.mark.parametrize("name", ["docker", "swarm"])
def test_without_an_engine_it_says_what_to_do(name: str, bench: Bench) -> None:
    driver = find_driver(name, replace(bench.settings, environment=NOWHERE))

    for act in (driver.check, driver.list, lambda: driver.stop("n-1", 1)):
        with pytest.raises(DriverUnavailableError, match="/nowhere/docker") as error:
            act()
        assert "Start Docker" in str(error.value.hint)


def test_an_engine_without_a_swarm_says_what_to_do(bench: Bench) -> None:
    driver = find_driver("swarm", bench.settings)

    with pytest.raises(DriverUnavailableError) as error:
        driver.check()
    driver.close()
    assert "docker swarm init" in str(error.value.hint)


def test_a_network_that_is_not_there_is_named(bench: Bench) -> None:
    settings = {**bench.settings.environment, "PENSTOCK_DOCKER_NETWORK": "nowhere"}
    driver = find_driver("docker", replace(bench.settings, environment=settings))

    with pytest.raises(DriverError, match="'nowhere'") as error:
        driver.check()
    driver.close()
    assert "docker network create nowhere" in str(error.value.hint)


def test_a_node_reaches_the_manager_by_its_socket(bench: Bench) -> None:
    place = bench.settings.home / "run" / "manager.sock"
    place.parent.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as manager:
        manager.bind(str(place))
        place.chmod(0o666)
        manager.listen()
        greeter = Thread(target=lambda: greet(manager))
        greeter.start()
        node = bench.run(environment={"PENSTOCK_MANAGER": f"unix:{place}"})
        known = bench.wait_for(node).environment["PENSTOCK_MANAGER"]
        heard = bench.ask(node, f"/reach?path={known.removeprefix('unix:')}").json()
        greeter.join(10)

    assert known == "unix:/run/penstock/manager.sock"
    assert heard == "welcome"
    assert "ro" in bench.wait_for(node).mounts["/run/penstock"]


def greet(manager: socket.socket) -> None:
    caller, _ = manager.accept()
    with caller:
        caller.sendall(b"welcome")


@pytest.fixture
def second() -> Iterator[Machine]:
    try:
        with second_machine() as machine:
            yield machine
    except NoEngineError as reason:
        pytest.skip(str(reason))


def test_an_engine_that_stops_is_missed_and_found_again(second: Machine, image: ImagePlace) -> None:
    settings = {"DOCKER_HOST": second.address}
    with tempfile.TemporaryDirectory() as home:
        with second.engine(), closing(connect(settings)) as api:
            bench = make_bench("docker", Containers(settings, api), image, Path(home))
            node = bench.spec()
            bench.driver.prepare(image)
            bench.driver.start(node)
            until(lambda: bench.driver.address(node.id), "it runs")

        for act in (bench.driver.list, lambda: bench.driver.start(node)):
            with pytest.raises(DriverUnavailableError):
                act()

        with second.engine():
            assert bench.find(node).state is NodeState.EXITED
            assert bench.driver.prepared() == {image.digest}
            bench.driver.start(node)
            until(lambda: bench.driver.address(node.id), "it runs again")
            bench.end()


def test_a_driver_that_is_none_is_told_with_those_that_are(bench: Bench) -> None:
    with pytest.raises(ConfigurationError) as error:
        find_driver("dokcer", bench.settings)

    assert "docker" in str(error.value.hint)
