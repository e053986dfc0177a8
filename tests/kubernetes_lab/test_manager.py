"""The manager as its manifest has it: in a pod, with its own account and the gateway beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import yaml
from kubernetes import client, utils

from deploy.drivers.bench import until
from e2e.docker_engine import NoEngineError
from e2e.image import make_base, make_context
from kubernetes_lab.benches import MANIFESTS, Pods, namespace
from kubernetes_lab.lab import Lab
from penstock.store.vault import new_master_key

IMAGE = "penstock-tests-runtime"
PATIENCE = 180.0
# What the manager asks of its driver, said in its own container.
CHECK = """
import os
from pathlib import Path
from penstock.deploy.drivers.find import find_driver
from penstock.deploy.drivers.settings import DriverSettings, ImageTools
tools = ImageTools(unpack=print, archive=print, push=print)
settings = DriverSettings(home=Path("/tmp"), installation="t", tools=tools, environment=os.environ)
driver = find_driver("kubernetes", settings)
driver.check()
print(driver.list(), driver._cluster.namespace)
"""


@dataclass(frozen=True)
class Running:
    pods: Pods
    manager: str
    gateway: str


@pytest.fixture(scope="module")
def image(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    try:
        base = make_base(lab.machine)
    except NoEngineError as reason:
        pytest.skip(str(reason))
    given = ["--build-arg", f"BASE={base}", "--build-arg", "PIP_NO_INDEX=1"]
    build = ["docker", "build", "--target", "runtime", "--tag", IMAGE, *given, "."]
    lab.machine.run(*build, folder=make_context(tmp_path_factory.mktemp("context")))
    return IMAGE


@pytest.fixture(scope="module")
def running(lab: Lab, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with namespace(lab) as pods, lab.client() as api:
        volume = make_volume(pods, tmp_path_factory.mktemp("state"))
        secret = {"PENSTOCK_MASTER_KEY": new_master_key()}
        named = client.V1ObjectMeta(name="penstock-manager")
        pods.core.create_namespaced_secret(
            pods.namespace, client.V1Secret(metadata=named, string_data=secret)
        )
        text = (MANIFESTS / "manager.yaml").read_text()
        text = text.replace("registry.example.com/penstock:1", f"{image}:latest")
        try:
            for document in yaml.safe_load_all(text):
                for container in containers(document):
                    container["imagePullPolicy"] = "Never"
                utils.create_from_dict(api, document, namespace=pods.namespace)  # type: ignore[no-untyped-call]  # it has no types
            until(lambda: ready(pods), "manager and gateway are ready", within=PATIENCE)
            yield Running(pods, address(pods, "penstock-manager"), address(pods, "penstock"))
        finally:
            pods.core.delete_persistent_volume(volume)


def containers(document: dict[str, object]) -> list[dict[str, str]]:
    if document["kind"] != "Deployment":
        return []
    found: list[dict[str, str]] = document["spec"]["template"]["spec"]["containers"]  # type: ignore[index]  # it is YAML
    return found


def make_volume(pods: Pods, folder: Path) -> str:
    """Make a volume for the claim: the lab has nobody who does."""
    name = f"pst-{uuid4().hex[:8]}"
    folder.chmod(0o777)
    claim = client.V1ObjectReference(name="penstock-manager", namespace=pods.namespace)
    spec = client.V1PersistentVolumeSpec(
        capacity={"storage": "10Gi"},
        access_modes=["ReadWriteOnce"],
        host_path=client.V1HostPathVolumeSource(path=str(folder)),
        claim_ref=claim,
    )
    metadata = client.V1ObjectMeta(name=name)
    pods.core.create_persistent_volume(client.V1PersistentVolume(metadata=metadata, spec=spec))
    return name


def ready(pods: Pods) -> bool | None:
    found = pods.core.list_namespaced_pod(pods.namespace).items
    told = [one for pod in found if pod.status for one in pod.status.container_statuses or ()]
    return (len(told) == 2 and all(one.ready for one in told)) or None


def address(pods: Pods, name: str) -> str:
    found = pods.core.read_namespaced_service(name, pods.namespace).spec
    assert found
    assert found.ports
    return f"http://{found.cluster_ip}:{found.ports[0].port}"


@pytest.mark.timeout(900)
def test_manager_and_gateway_answer_at_their_services(running: Running) -> None:
    with httpx.Client(trust_env=False, timeout=10) as caller:
        assert caller.get(f"{running.manager}/readyz").status_code == httpx.codes.OK
        assert caller.get(f"{running.manager}/api/v1/apis").status_code == httpx.codes.UNAUTHORIZED
        assert caller.get(f"{running.gateway}/nothing").status_code == httpx.codes.NOT_FOUND


@pytest.mark.timeout(900)
def test_the_account_of_the_pod_may_run_nodes(lab: Lab, running: Running) -> None:
    label = f"label=io.kubernetes.pod.namespace={running.pods.namespace}"
    name = "label=io.kubernetes.container.name=manager"
    found = lab.machine.docker("ps", "--quiet", "--filter", label, "--filter", name)
    said = lab.machine.docker("exec", found, "python3", "-c", CHECK)

    assert said == f"() {running.pods.namespace}"
