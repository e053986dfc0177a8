"""What only pods have: a scheduler, a registry, Services, rights, and a server that may be away."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes import client, utils

from deploy.drivers.bench import Bench, ask, until
from kubernetes_lab.benches import Pods, token_of
from kubernetes_lab.lab import Lab
from kubernetes_lab.programs import free_port
from penstock.deploy.drivers import labels
from penstock.deploy.drivers.find import find_driver
from penstock.deploy.drivers.kubernetes.access import open_access
from penstock.deploy.drivers.kubernetes.cluster import Cluster
from penstock.deploy.drivers.kubernetes.options import read_options
from penstock.deploy.drivers.kubernetes.pods import Layout
from penstock.deploy.drivers.kubernetes.things import Things
from penstock.deploy.drivers.types import Stopped
from penstock.deploy.types import NodeSpec, NodeState, NodeStats, Place, RunningNode
from penstock.errors import ConfigurationError, DriverError, DriverUnavailableError
from penstock.secret import Secret


def variant(bench: Bench, **changes: str) -> Bench:
    """Return the same installation with other settings."""
    environment = {**bench.settings.environment, **changes}
    other = replace(bench, settings=replace(bench.settings, environment=environment), drivers=[])
    other.again()
    return other


def begin(bench: Bench, **changes: object) -> NodeSpec:
    node = bench.spec(**changes)
    bench.driver.prepare(bench.image)
    bench.driver.start(node)
    return node


def ended(bench: Bench, node: NodeSpec) -> RunningNode:
    def look() -> RunningNode | None:
        found = bench.find(node)
        return found if found.state is NodeState.EXITED else None

    return until(look, f"{node.id} is given up")


def test_with_the_rights_of_the_manifest_nodes_can_be_run(bench: Bench) -> None:
    bench.driver.check()
    variant(bench, PENSTOCK_KUBERNETES_EXPOSE="service").driver.check()


def test_a_right_that_is_missing_is_named(lab: Lab, pods: Pods, bench: Bench) -> None:
    nobody = lab.configure("nobody", token_of(pods.core, pods.namespace, "default"), pods.namespace)
    other = variant(bench, KUBECONFIG=str(nobody))

    with pytest.raises(DriverError, match=r"create pods.*update secrets") as error:
        other.driver.check()
    assert "rbac.yaml" in str(error.value.hint)
    with pytest.raises(DriverError, match="does not allow it"):
        other.driver.list()
    other.drivers.clear()


def test_a_namespace_that_is_not_there_is_said(lab: Lab, bench: Bench) -> None:
    environment = {"KUBECONFIG": str(lab.kubeconfig), "PENSTOCK_KUBERNETES_NAMESPACE": "pst-none"}
    other = variant(bench, **environment)

    with pytest.raises(DriverError, match="pst-none") as error:
        other.driver.check()
    assert "PENSTOCK_KUBERNETES_NAMESPACE" in str(error.value.hint)


def test_without_a_server_it_says_what_to_do(lab: Lab, bench: Bench) -> None:
    nowhere = lab.folder / "nowhere.kubeconfig"
    port = free_port("127.0.0.1")
    nowhere.write_text(lab.kubeconfig.read_text().replace(lab.address, f"https://127.0.0.1:{port}"))
    driver = find_driver(
        "kubernetes", replace(bench.settings, environment={"KUBECONFIG": str(nowhere)})
    )

    for act in (driver.check, driver.list, lambda: driver.stop("n-1", 1)):
        with pytest.raises(DriverUnavailableError, match=f"127.0.0.1:{port}") as error:
            act()
        assert "KUBECONFIG" in str(error.value.hint)


def test_without_a_kubeconfig_it_says_what_to_do(bench: Bench) -> None:
    driver = find_driver(
        "kubernetes", replace(bench.settings, environment={"KUBECONFIG": "/nowhere/config"})
    )

    with pytest.raises(DriverUnavailableError, match="/nowhere/config"):
        driver.list()


def test_a_server_that_goes_away_is_missed_and_found_again(lab: Lab, bench: Bench) -> None:
    node = bench.run()
    pid = bench.wait_for(node).pid
    address = bench.driver.address(node.id)
    assert address
    with lab.away():
        for act in (bench.driver.list, lambda: bench.driver.start(node)):
            with pytest.raises(DriverUnavailableError, match=lab.address):
                act()
        assert ask(address, "/facts").status_code == 200

    assert bench.find(node).state is NodeState.RUNNING
    assert bench.wait_for(node).pid == pid


def test_what_finds_no_machine_in_time_counts_as_ended_and_its_log_says_why(bench: Bench) -> None:
    other = variant(bench, PENSTOCK_KUBERNETES_PROGRESS="1")
    node = begin(other, units=1000)
    found = ended(other, node)

    assert (found.exit_code, found.address) == (None, None)
    assert b"Unschedulable: 0/1 nodes are available" in b"".join(other.driver.logs(node.id))
    assert b"Unschedulable" in b"".join(other.driver.logs(node.id, follow=True))
    assert other.driver.stop(node.id, 1) == Stopped(exit_code=None, killed=False)


def test_an_image_that_no_wait_brings_ends_a_node_at_once_and_its_log_says_why(
    bench: Bench,
) -> None:
    environment, installation = bench.settings.environment, bench.settings.installation
    options = read_options(environment)
    layout = Layout(installation=installation, options=options, pulled=False, command=None)
    cluster = Cluster(lambda: open_access(options, environment))
    node = replace(bench.spec(), environment={})
    Things(cluster, installation).make_pod(layout.pod(node, "pst-nothing:1"))
    cluster.close()

    assert ended(bench, node).exit_code is None
    assert b"ErrImageNeverPull" in b"".join(bench.driver.logs(node.id))


def test_a_node_that_somebody_deletes_counts_as_ended_and_can_be_started_again(
    pods: Pods, bench: Bench
) -> None:
    node = bench.run(environment={"STUBBORN": "1"})
    pods.core.delete_namespaced_pod(pods.name(node.id), pods.namespace)
    found = bench.find(node)

    assert (found.state, found.address) == (NodeState.EXITED, None)
    bench.driver.start(node)
    bench.wait_for(node)
    assert list(bench.driver.logs(node.id)).count(f"started {node.id}".encode()) == 2


def test_a_pod_of_its_name_that_is_not_ours_is_left_alone(pods: Pods, bench: Bench) -> None:
    node = bench.spec()
    name = labels.name(bench.settings.installation, node.id)
    pods.core.create_namespaced_pod(pods.namespace, stranger(name))
    bench.driver.prepare(bench.image)
    with pytest.raises(DriverError, match="already exists"):
        bench.driver.start(node)

    assert bench.driver.list() == ()
    assert bench.driver.stop(node.id, 1) == Stopped(exit_code=None, killed=False)
    assert pods.core.read_namespaced_pod(name, pods.namespace).metadata
    pods.core.delete_namespaced_pod(name, pods.namespace, grace_period_seconds=0)


def stranger(name: str) -> client.V1Pod:
    container = client.V1Container(name="it", image="pst-pause:1", image_pull_policy="Never")
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=0),
    )


def test_secrets_go_with_their_node(pods: Pods, bench: Bench) -> None:
    node = bench.run(environment={"PASSWORD": Secret("it's $(HOME) and 50 % more")})
    name = pods.name(node.id)
    kept = pods.core.read_namespaced_secret(name, pods.namespace)

    assert bench.wait_for(node).environment["PASSWORD"] == "it's $(HOME) and 50 % more"
    assert set(kept.data or ()) == {"PASSWORD", "PENSTOCK_NODE_TOKEN"}
    bench.driver.stop(node.id, 1)
    with pytest.raises(client.ApiException, match="404"):
        pods.core.read_namespaced_secret(name, pods.namespace)


def test_what_looks_like_a_variable_of_kubernetes_is_left_as_it_is(bench: Bench) -> None:
    node = bench.run(environment={"PLAIN": "$(HOME) $$ $x", "HOME_OF": "production"})

    assert bench.wait_for(node).environment["PLAIN"] == "$(HOME) $$ $x"


def test_words_that_no_label_takes_are_kept(bench: Bench) -> None:
    place = Place("api_test", "Größe & Gewicht / 1")
    node = bench.run(place=place, deployment=f"dep_{'x' * 80}")

    assert bench.find(node).deployment == f"dep_{'x' * 80}"


def test_nodes_cannot_be_told_to_use_the_manager_s_socket(bench: Bench) -> None:
    bench.driver.prepare(bench.image)

    with pytest.raises(DriverError, match="Unix socket"):
        bench.driver.start(bench.spec(environment={"PENSTOCK_MANAGER": "unix:/x/manager.sock"}))
    assert bench.driver.list() == ()


@pytest.mark.parametrize("expose", ["service", "node-port"])
def test_a_service_for_each_node_gives_it_another_address(
    expose: str, pods: Pods, bench: Bench
) -> None:
    other = variant(bench, PENSTOCK_KUBERNETES_EXPOSE=expose)
    node = other.run()
    address = other.driver.address(node.id)
    own = bench.driver.address(node.id)

    assert address
    assert own
    assert address == other.find(node).address
    assert (address.host, address.port) != (own.host, own.port)
    other.driver.stop(node.id, 1)
    assert pods.core.list_namespaced_service(pods.namespace).items == []


def test_images_come_from_a_registry_by_their_digest(pods: Pods, bench: Bench) -> None:
    if not shutil.which("docker-registry"):
        pytest.skip("there is no docker-registry here")
    with registry(bench.settings.home) as address:
        other = variant(bench, PENSTOCK_KUBERNETES_REGISTRY=address)
        node = other.run()
        pod = pods.core.read_namespaced_pod(pods.name(node.id), pods.namespace)
        assert pod.spec

        assert pod.spec.containers[0].image == f"{address}/nodes@{bench.image.digest}"
        assert other.driver.prepared() == {bench.image.digest}
        other.driver.stop(node.id, 1)


def test_an_image_that_cannot_be_pulled_is_given_up_and_its_log_says_why(bench: Bench) -> None:
    if not shutil.which("docker-registry"):
        pytest.skip("there is no docker-registry here")
    with registry(bench.settings.home) as address:
        settings = {"PENSTOCK_KUBERNETES_REGISTRY": address, "PENSTOCK_KUBERNETES_PROGRESS": "5"}
        other = variant(bench, **settings)
        other.driver.prepare(bench.image)
    shutil.rmtree(bench.settings.home / "registry")
    pods = bench.engine
    assert isinstance(pods, Pods)
    for image in pods.engine.images(all=True):
        for name in image["RepoDigests"] or ():
            if name.startswith(address):
                pods.engine.remove_image(name, force=True)
    node = begin(other)

    assert ended(other, node).exit_code is None
    assert re.search(b"ErrImagePull|ImagePullBackOff", b"".join(other.driver.logs(node.id)))


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """One on loopback: engines trust those without TLS."""
    port = free_port("127.0.0.1")
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
    )
    command = ["docker-registry", "serve", str(settings)]
    with (
        (folder / "registry.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as running,
    ):
        until(lambda: _listens(port), "the registry is open")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            running.terminate()


def _listens(port: int) -> bool | None:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return None


def test_memory_is_told_where_the_cluster_measures_it(lab: Lab, pods: Pods, bench: Bench) -> None:
    node = bench.run()
    with metrics(lab, pods.namespace, pods.name(node.id)):
        stats = until(lambda: measured(bench, node), "it is measured")

    assert stats == NodeStats(cpu=None, memory=(100 << 20) + 5000)


def measured(bench: Bench, node: NodeSpec) -> NodeStats | None:
    stats = bench.driver.stats(node.id)
    return stats if stats and stats.memory is not None else None


@contextmanager
def metrics(lab: Lab, namespace: str, pod: str) -> Iterator[None]:
    """Have the server answer as with a metrics server: the same words at the same place."""
    group, version, name = "metrics.k8s.io", "v1beta1", "pods.metrics.k8s.io"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": name,
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "pods", "singular": "pod", "kind": "PodMetrics"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
    containers = [
        {"name": "node", "usage": {"cpu": "4m", "memory": "100Mi"}},
        {"name": "other", "usage": {"cpu": "0", "memory": "5k"}},
    ]
    figures = {
        "apiVersion": f"{group}/{version}",
        "kind": "PodMetrics",
        "metadata": {"name": pod},
        "containers": containers,
    }
    with lab.client() as api:
        utils.create_from_dict(api, definition)  # type: ignore[no-untyped-call]  # it has no types
        custom = client.CustomObjectsApi(api)

        def made() -> bool | None:
            try:
                custom.create_namespaced_custom_object(group, version, namespace, "pods", figures)
            except client.ApiException:
                return None
            return True

        try:
            until(made, "figures can be told")
            yield
        finally:
            client.ApiextensionsV1Api(api).delete_custom_resource_definition(name)


@pytest.mark.parametrize(
    ("name", "value"), [("EXPOSE", "pods"), ("RESERVE", "2"), ("PROGRESS", "soon"), ("GRACE", "0")]
)
def test_a_setting_that_cannot_be_meant_is_named(name: str, value: str, bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match=f"PENSTOCK_KUBERNETES_{name}"):
        variant(bench, **{f"PENSTOCK_KUBERNETES_{name}": value})
