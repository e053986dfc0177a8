"""What every driver does, run against pods; and the three things that differ, with reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.drivers.bench import Bench
from deploy.drivers.test_contract import *  # noqa: F403 - the suite itself, each test of it
from kubernetes_lab.benches import Pods
from kubernetes_lab.lab import PIDS
from penstock.deploy.types import UNIT_BYTES, NodeStats

pytestmark = pytest.mark.timeout(600)


def test_a_size_is_a_bound_on_cpu_and_memory(pods: Pods, bench: Bench) -> None:  # type: ignore[no-redef]  # instead of the suite's
    """Processes are bounded for the pod, by the machine's own setting: a pod cannot ask for it."""
    node = bench.run()
    facts = bench.wait_for(node)
    pod = pods.core.read_namespaced_pod(pods.name(node.id), pods.namespace)
    assert pod.metadata
    bounds = Path("/sys/fs/cgroup").rglob(f"*{pod.metadata.uid}/pids.max")

    assert int(facts.memory) // 4096 == UNIT_BYTES // 4096
    assert facts.quota.split()[0] == "100000"
    assert [bound.read_text().strip() for bound in bounds] == [str(PIDS)]


def test_a_contained_node_can_do_no_harm(bench: Bench) -> None:  # type: ignore[no-redef]  # instead of the suite's
    """Kubernetes mounts memory without options: what is written there could be executed."""
    facts = bench.wait_for(bench.run())

    assert (facts.uid, facts.gid) == (10001, 10001)
    assert (facts.capabilities, facts.bounding, facts.no_new_privileges) == (0, 0, 1)
    assert facts.writable == [facts.environment["PENSTOCK_STATE"], "/tmp"]  # noqa: S108 its own
    assert "/var/run/secrets/kubernetes.io/serviceaccount" not in facts.mounts


def test_what_a_node_uses_is_told(bench: Bench) -> None:  # type: ignore[no-redef]  # instead of the suite's
    """Clusters measure CPU of a moment, not since the start; and memory where somebody measures."""
    node = bench.run()

    assert bench.driver.stats(node.id) == NodeStats(cpu=None, memory=None)
    assert bench.driver.stats("n-never") is None
