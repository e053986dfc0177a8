"""The gateway is killed; a port is taken; the manager misses some time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from support.crowd import Crowd, asking
from support.stack import Stack, free_port

pytestmark = pytest.mark.timeout(300)


def envoy_of(stack: Stack) -> psutil.Process:
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["cwd"] == str(stack.home / "gateway"):
            return process
    raise AssertionError("the gateway does not run")


def test_a_killed_gateway_is_back_within_seconds_with_all_it_knew(shop: Stack) -> None:
    crowd = Crowd(shop.port, shop.question(0.02), callers=4)

    with asking(crowd):
        shop.wait(lambda: crowd.tally.told["200"] > 50)
        before = crowd.tally.told["200"]
        os.kill(envoy_of(shop).pid, signal.SIGKILL)
        shop.wait(lambda: crowd.tally.told["200"] > before + 50, 30)

    moments = [moment for moment, _ in crowd.tally.moments]
    assert moments, "who asks a gateway that is dead gets no answer: that much is said"
    assert max(moments) - min(moments) < 10


def test_a_port_that_somebody_has_is_named_and_nothing_is_left_behind(
    shop: Stack, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = Stack(tmp_path / "home", shop.project, int(port), free_port())
        options = ["--detach", "--port", port, "--manager-port", str(other.manager_port)]
        refused = other.run("up", *options, check=False)
    other.run("down", check=False)

    assert refused.returncode == 1
    assert port in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_manager_that_misses_time_ends_no_deployment_for_it(shop: Stack) -> None:
    shop.change("deployed while time stands still")
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "penstock",
            "deploy",
            str(shop.project),
            "--bake",
            "0",
            "--deadline",
            "30",
        ],
        env={**os.environ, "PENSTOCK_HOME": str(shop.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as command:
        shop.wait(lambda: shop.rollout.change is not None, 60)
        os.kill(shop.manager_pid, signal.SIGSTOP)
        time.sleep(5)
        os.kill(shop.manager_pid, signal.SIGCONT)
        shop.wait(lambda: shop.rollout.change is None, 90)
        assert command.wait(60) == 0

    assert shop.ask().status_code == 200
