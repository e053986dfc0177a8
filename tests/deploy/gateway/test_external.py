"""A gateway that is run apart: `penstock gateway`, and a manager that only writes its files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.gateway.site import PATIENCE, Site, eventually
from penstock.deploy.gateway import Gateway, GatewaySettings
from penstock.errors import GatewayError


@dataclass
class Apart:
    """A site whose gateway is a process of its own, once it is started."""

    site: Site
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "penstock", "gateway", "--home", str(self.site.folder)]
        process = subprocess.Popen([*command, *options], text=True, stderr=subprocess.PIPE)
        self.processes.append(process)
        return process

    def start(self) -> subprocess.Popen[str]:
        process = self.run()
        eventually(self.site.gateway.alive, "the gateway lives")
        return process


@pytest.fixture
def apart(folder: Path) -> Iterator[Apart]:
    with ExitStack() as stack:
        opened = stack.enter_context(Site(folder))
        opened.gateway = Gateway(folder / "gateway", GatewaySettings(external=True))
        opened.start_node("blue")
        made = Apart(opened)
        stack.callback(end, made.processes)
        yield made


def end(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        with process:
            process.kill()


def test_a_gateway_that_is_away_is_said_to_be_and_never_started(apart: Apart) -> None:
    gateway = apart.site.gateway

    with pytest.raises(GatewayError, match="is not there"):
        gateway.start()

    assert gateway.pid() is None


def test_one_that_comes_serves_what_was_published_before(apart: Apart) -> None:
    with pytest.raises(GatewayError):
        apart.site.gateway.start()
    apart.site.gateway.publish(apart.site.config(live="blue"))
    apart.start()

    eventually(serving(apart), "the node is asked")


def test_one_that_was_there_first_waits_for_its_files(apart: Apart) -> None:
    apart.run()
    with pytest.raises(GatewayError):
        apart.site.gateway.start()
    eventually(apart.site.gateway.alive, "it starts")
    apart.site.publish(apart.site.config(live="blue"))

    assert apart.site.path("/flights/api/").status == 200


def test_sigterm_ends_it_and_its_envoy(apart: Apart) -> None:
    apart.site.gateway.publish(apart.site.config(live="blue"))
    with pytest.raises(GatewayError):
        apart.site.gateway.start()
    process = apart.start()

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == 0
    assert apart.site.gateway.pid() is None


def test_an_envoy_that_dies_ends_it_with_a_sentence(apart: Apart) -> None:
    with pytest.raises(GatewayError):
        apart.site.gateway.start()
    process = apart.start()

    pid = apart.site.gateway.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert "Its last words" in said


def test_without_a_manager_it_gives_up_after_a_while(apart: Apart) -> None:
    _, said = apart.run("--wait", "0.1").communicate(timeout=PATIENCE)

    assert "No manager has written" in said


def test_it_leaves_a_gateway_alone_that_runs_already(apart: Apart) -> None:
    own = Gateway(apart.site.folder / "gateway")
    own.start()
    _, said = apart.run().communicate(timeout=PATIENCE)

    assert "runs with the files" in said
    assert own.alive()


def test_the_end_of_a_manager_is_not_its_end(apart: Apart) -> None:
    with pytest.raises(GatewayError):
        apart.site.gateway.start()
    apart.start()

    apart.site.gateway.stop()

    assert apart.site.gateway.alive()


def serving(apart: Apart) -> Callable[[], bool]:
    def look() -> bool:
        try:
            return apart.site.path("/flights/api/").status == 200
        except OSError:
            return False

    return look
