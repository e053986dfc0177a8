"""What only process nodes have: folders, keepers, logs in files, control groups."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from deploy.drivers.bench import HUSH, Bench, make_bench, until
from deploy.drivers.engines import Processes
from penstock.deploy.drivers.process.cgroups import Cgroups
from penstock.deploy.drivers.process.launch import LOG_BYTES
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.types import UNIT_BYTES, NodeSpec, NodeState
from penstock.errors import DriverError

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
def bench(image: ImagePlace) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as home, ExitStack() as after:
        bench = make_bench("process", Processes({}), image, Path(home))
        after.callback(bench.end)
        yield bench


def folder(bench: Bench, node: NodeSpec) -> Path:
    return bench.settings.home / "nodes" / node.id


def test_a_node_s_folder_is_its_user_s_alone_and_holds_no_secret(bench: Bench) -> None:
    node = bench.run()
    kept = folder(bench, node)
    text = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())

    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert HUSH.encode() not in text
    assert json.loads((kept / "spec.json").read_text())["secrets"] == ["PENSTOCK_NODE_TOKEN"]


def test_a_deep_state_folder_does_not_make_a_socket_s_path_too_long(
    bench: Bench, image: ImagePlace
) -> None:
    deep = bench.settings.home / ("d" * 120)
    other = make_bench("process", bench.engine, image, deep)
    try:
        node = other.run()
        address = other.driver.address(node.id)

        assert address is not None
        assert len(str(address.path)) < 108
        assert other.wait_for(node).id == node.id
    finally:
        other.end()
    assert address.path is not None
    assert not Path(address.path).exists()


def test_a_process_that_has_the_number_of_a_node_is_left_alone(bench: Bench) -> None:
    node = bench.run()
    bench.kill(node)
    bench.wait_exit(node)
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as stranger:
        run = json.loads((folder(bench, node) / "run.json").read_text())
        (folder(bench, node) / "run.json").write_text(json.dumps({**run, "pid": stranger.pid}))

        assert bench.find(node).state is NodeState.EXITED
        bench.driver.stop(node.id, 1)
        assert stranger.poll() is None
        stranger.kill()


def test_what_a_node_started_ends_with_it(bench: Bench) -> None:
    stopped, crashed = bench.run(environment={"STUBBORN": "1"}), bench.run()
    children = [int(bench.ask(node, "/child").content) for node in (stopped, crashed)]
    bench.driver.stop(stopped.id, 0.1)
    bench.kill(crashed)
    bench.wait_exit(crashed)

    until(lambda: not any(map(psutil.pid_exists, children)) or None, "children are gone")


def test_a_node_goes_on_without_its_keeper(bench: Bench) -> None:
    node = bench.run()
    keeper = json.loads((folder(bench, node) / "run.json").read_text())["keeper"]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(keeper) or None, "the keeper is gone")

    assert bench.wait_for(node).id == node.id
    assert bench.find(node).state is NodeState.RUNNING
    assert bench.driver.stop(node.id, 5) == Stopped(exit_code=None, killed=False)


def test_a_log_that_grows_is_turned_over_and_can_still_be_followed(bench: Bench) -> None:
    node = bench.run()
    log = folder(bench, node) / "log"
    lines = filter(None, bench.driver.logs(node.id, follow=True))
    assert next(lines) == f"started {node.id}".encode()
    bench.ask(node, f"/print?lines=120&width={LOG_BYTES // 100}")

    def turned() -> bool | None:
        return (log.with_suffix(".1").exists() and log.stat().st_size < LOG_BYTES) or None

    until(turned, "the log is turned over")
    bench.ask(node, "/print?lines=1")

    assert log.with_suffix(".1").stat().st_size > LOG_BYTES
    seen = [next(lines) for _ in range(121)]
    assert seen[119].startswith(b"line 119.")
    assert seen[120] == b"line 0"
    assert list(bench.driver.logs(node.id, tail=1)) == [b"line 0"]


def test_a_program_that_cannot_be_run_is_named(bench: Bench) -> None:
    settings = replace(bench.settings, command=("/nowhere/penstock",))
    driver = Bench(name="process", engine=bench.engine, image=bench.image, settings=settings)
    driver.again().prepare(bench.image)

    with pytest.raises(DriverError, match="/nowhere/penstock"):
        driver.driver.start(bench.spec())


def test_a_node_runs_in_a_control_group_of_its_size(image: ImagePlace) -> None:
    parent = f"/penstock-tests-{uuid4().hex[:8]}"
    try:
        Cgroups(parent).check()
    except DriverError as reason:
        pytest.skip(str(reason))
    with tempfile.TemporaryDirectory() as home:
        settings = {"PENSTOCK_CGROUP": parent}
        bench = make_bench("process", Processes(settings), image, Path(home))
        try:
            bench.driver.check()
            node = bench.run(units=2)
            groups = bench.wait_for(node).groups
            bounds = [
                path.read_text()
                for path in Path("/sys/fs/cgroup").rglob(f"*{parent[1:]}/{node.id}/memory.*")
                if path.name in MEMORY
            ]

            assert f"{parent}/{node.id}" in groups
            assert [int(bound) // 4096 for bound in bounds] == [2 * UNIT_BYTES // 4096]
            bench.driver.stop(node.id, 5)
            assert not list(Path("/sys/fs/cgroup").glob(f"*{parent}/{node.id}"))
        finally:
            bench.end()
            for path in Path("/sys/fs/cgroup").glob(f"*{parent}"):
                path.rmdir()


MEMORY = {"memory.limit_in_bytes", "memory.max"}


def test_version_2_control_groups_are_told_in_their_words(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    groups = Cgroups("/given", root=tmp_path)
    told = groups.make("n-1", 2)
    node = tmp_path / "given" / "n-1"

    assert told == [str(node / "cgroup.procs")]
    assert (node / "cpu.max").read_text() == "200000 100000"
    assert (node / "memory.max").read_text() == str(2 * UNIT_BYTES)
    assert (node.parent / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
