"""What every driver does, run against each for real: see `engines` for what is behind them."""

from __future__ import annotations

import itertools
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import httpx
import psutil
import pytest

from deploy.drivers.bench import HUSH, Bench, make_bench, until
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.types import UNIT_BYTES, Colour, NodeState
from penstock.errors import DriverError, NotFoundError

# The first run builds an image and starts an engine.
pytestmark = pytest.mark.timeout(1500)

NEVER = f"sha256:{'0' * 64}"


def test_what_was_prepared_is_so_after_a_restart_of_the_manager(bench: Bench) -> None:
    bench.driver.prepare(bench.image)
    bench.driver.prepare(bench.image)

    assert bench.again().prepared() == {bench.image.digest}


def test_what_is_forgotten_is_not_prepared_any_more(bench: Bench) -> None:
    bench.driver.prepare(bench.image)
    bench.driver.forget(bench.image.digest)
    bench.driver.forget(NEVER)

    assert bench.driver.prepared() == frozenset()


def test_an_image_that_a_node_runs_is_not_forgotten(bench: Bench) -> None:
    bench.run()
    bench.driver.forget(bench.image.digest)

    assert bench.driver.prepared() == {bench.image.digest}


def test_a_started_node_is_listed_and_answers_at_its_address(bench: Bench) -> None:
    before = time.time()
    node = bench.run(colour=Colour.BLUE, deployment="dep_7")
    found = bench.find(node)

    assert (found.colour, found.deployment) == (Colour.BLUE, "dep_7")
    assert (found.state, found.exit_code) == (NodeState.RUNNING, None)
    assert found.address == bench.driver.address(node.id)
    assert found.started is not None
    assert before - 2 < found.started < time.time() + 2
    assert bench.wait_for(node).id == node.id


def test_a_node_that_is_started_twice_is_one_node(bench: Bench) -> None:
    node = bench.run()
    pid = bench.wait_for(node).pid
    bench.driver.start(node)
    bench.again().start(node)

    assert [found.id for found in bench.driver.list()] == [node.id]
    assert bench.wait_for(node).pid == pid
    assert list(bench.driver.logs(node.id)) == [f"started {node.id}".encode()]


def test_nodes_can_be_started_from_several_threads(bench: Bench) -> None:
    bench.driver.prepare(bench.image)
    one, other = bench.spec(), bench.spec()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(bench.driver.start, [one, other, one, other]))
    bench.wait_for(one)
    bench.wait_for(other)

    assert {found.id for found in bench.driver.list()} == {one.id, other.id}


def test_without_its_image_a_node_does_not_start_and_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(DriverError, match="artifact sha256:0000") as refused:
        bench.driver.start(bench.spec(artifact=NEVER))

    assert refused.value.hint
    assert bench.driver.list() == ()


def test_a_digest_that_is_none_is_refused(bench: Bench) -> None:
    with pytest.raises(DriverError, match="not the digest"):
        bench.driver.start(bench.spec(artifact="../../etc"))


def test_a_node_ends_by_itself_when_it_is_asked_to(bench: Bench) -> None:
    node = bench.run()
    stopped = bench.driver.stop(node.id, 10)

    assert stopped == Stopped(exit_code=0, killed=False)
    assert bench.driver.list() == ()
    assert bench.driver.address(node.id) is None


def test_a_node_that_does_not_end_is_killed_after_its_grace(bench: Bench) -> None:
    node = bench.run(environment={"STUBBORN": "1"})
    pid = bench.engine.pid(bench.driver, node.id)
    stopped = bench.driver.stop(node.id, 1)

    assert stopped == Stopped(exit_code=137, killed=True)
    assert bench.driver.list() == ()
    assert not psutil.pid_exists(pid)


def test_what_is_gone_can_be_stopped_again(bench: Bench) -> None:
    node = bench.run()
    bench.driver.stop(node.id, 10)

    assert bench.driver.stop(node.id, 10) == Stopped(exit_code=None, killed=False)
    assert bench.driver.stop("n-never", 10) == Stopped(exit_code=None, killed=False)


def test_a_crash_is_noticed_with_its_exit_code(bench: Bench) -> None:
    node = bench.run()
    with pytest.raises(httpx.TransportError):
        bench.ask(node, "/exit?code=7")

    assert bench.wait_exit(node).exit_code == 7
    assert bench.driver.address(node.id) is None
    assert bench.driver.stats(node.id) is None
    assert bench.driver.stop(node.id, 1) == Stopped(exit_code=7, killed=False)


def test_a_node_that_somebody_killed_is_noticed(bench: Bench) -> None:
    node = bench.run()
    bench.kill(node)

    assert bench.wait_exit(node).exit_code == 137


def test_a_crashed_node_is_started_again_under_its_name(bench: Bench) -> None:
    node = bench.run()
    bench.kill(node)
    bench.wait_exit(node)
    bench.driver.start(node)
    bench.wait_for(node)

    assert bench.find(node).state is NodeState.RUNNING
    assert bench.find(node).exit_code is None
    assert list(bench.driver.logs(node.id)).count(f"started {node.id}".encode()) == 2


def test_a_suspended_node_can_be_stopped(bench: Bench) -> None:
    node = bench.run()
    bench.kill(node, signal.SIGSTOP)
    bench.driver.stop(node.id, 1)

    assert bench.driver.list() == ()


def test_a_log_is_read_from_its_end(bench: Bench) -> None:
    node = bench.run()
    bench.ask(node, "/print?lines=1000&width=100")
    until(lambda: len(list(bench.driver.logs(node.id))) == 1001, "the log is whole")

    assert [line.rstrip(b".") for line in bench.driver.logs(node.id, tail=2)] == [
        b"line 998",
        b"line 999",
    ]


def test_a_log_is_followed_until_the_node_ends(bench: Bench) -> None:
    node = bench.run()
    lines: list[bytes] = []
    reader = Thread(target=lambda: lines.extend(bench.driver.logs(node.id, tail=1, follow=True)))
    reader.start()
    bench.ask(node, "/print?lines=3")
    with pytest.raises(httpx.TransportError):
        bench.ask(node, "/exit?code=0")
    reader.join(30)

    assert not reader.is_alive()
    printed = [line for line in lines if line and b"started" not in line]
    assert printed == [b"line 0", b"line 1", b"line 2"]


def test_who_follows_a_log_that_is_silent_can_leave(bench: Bench) -> None:
    node = bench.run()
    lines = bench.driver.logs(node.id, follow=True)
    silent = itertools.islice((line for line in lines if not line), 2)

    assert list(silent) == [b"", b""]
    lines.close()  # type: ignore[attr-defined]  # it is a generator
    assert bench.wait_for(node).id == node.id


def test_who_stops_following_a_log_is_let_go(bench: Bench) -> None:
    node = bench.run()
    lines = bench.driver.logs(node.id, follow=True)
    first = list(itertools.islice(filter(None, lines), 1))
    lines.close()  # type: ignore[attr-defined]  # it is a generator

    assert first == [f"started {node.id}".encode()]
    assert bench.wait_for(node).id == node.id


def test_nobody_has_logs_of_a_node_that_never_was(bench: Bench) -> None:
    with pytest.raises(NotFoundError):
        list(bench.driver.logs("n-never"))


def test_what_a_node_uses_is_told(bench: Bench) -> None:
    node = bench.run()
    before = bench.driver.stats(node.id)
    for _ in range(5):
        bench.ask(node, "/burn")
    after = bench.driver.stats(node.id)

    assert before
    assert after
    assert before.cpu is not None
    assert after.cpu is not None
    assert after.memory is not None
    assert after.cpu > before.cpu
    assert 1_000_000 < after.memory < UNIT_BYTES
    assert bench.driver.stats("n-never") is None


def test_a_size_is_a_bound_on_cpu_and_memory(bench: Bench) -> None:
    node = bench.run()
    facts = bench.wait_for(node)

    if bench.contained:
        assert int(facts.memory) // 4096 == UNIT_BYTES // 4096
        assert facts.quota.split()[0] == "100000"
        assert facts.pids.strip() == "256"
    else:
        assert facts.data == 2 * UNIT_BYTES


def test_secrets_reach_the_node_and_nobody_who_looks(bench: Bench) -> None:
    node = bench.run(environment={"PLAIN": "seen-7c1f"})
    facts = bench.wait_for(node)

    assert facts.environment["PENSTOCK_NODE_TOKEN"] == HUSH
    assert facts.environment["PLAIN"] == "seen-7c1f"
    assert HUSH not in bench.engine.shown(bench.settings.home)
    assert HUSH not in str(bench.driver.list())


def test_a_node_has_nothing_of_the_manager_s_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_MASTER_KEY", "master-7c1f")
    other = make_bench(bench.name, bench.engine, bench.image, bench.settings.home)
    try:
        node = other.run()

        assert "PENSTOCK_MASTER_KEY" not in other.wait_for(node).environment
    finally:
        other.end()


def test_a_manager_that_is_started_anew_adopts_the_nodes(bench: Bench) -> None:
    node = bench.run()
    pid = bench.wait_for(node).pid
    bench.driver.close()
    later = bench.again()

    assert bench.find(node, later).state is NodeState.RUNNING
    assert later.address(node.id) == bench.find(node, later).address
    assert bench.wait_for(node).pid == pid
    assert later.stop(node.id, 10) == Stopped(exit_code=0, killed=False)


def test_installations_do_not_see_each_other(bench: Bench, image: ImagePlace) -> None:
    other = make_bench(bench.name, bench.engine, image, bench.settings.home / "other")
    other.settings.home.mkdir()
    node = bench.run()
    other.driver.prepare(image)
    other.driver.forget(image.digest)

    assert other.driver.list() == ()
    assert other.driver.stop(node.id, 1) == Stopped(exit_code=None, killed=False)
    assert bench.find(node).state is NodeState.RUNNING
    assert bench.driver.prepared() == {image.digest}
    other.driver.close()


def test_a_contained_node_can_do_no_harm(bench: Bench) -> None:
    if not bench.contained:
        pytest.skip("a process has the rights of its manager")
    facts = bench.wait_for(bench.run())

    assert (facts.uid, facts.gid) == (10001, 10001)
    assert (facts.capabilities, facts.bounding, facts.no_new_privileges) == (0, 0, 1)
    assert facts.writable == [facts.environment["PENSTOCK_STATE"], "/tmp"]  # noqa: S108 its own
    for place in facts.writable:
        assert {"rw", "nosuid", "nodev", "noexec"} <= set(facts.mounts[place])
