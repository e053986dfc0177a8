"""The manager in a pod, installed by the commands of the documentation."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from docker.errors import APIError
from kubernetes import client

from deploy.drivers.bench import until
from e2e.image import make_base, make_context
from kubernetes_lab.benches import MANIFESTS
from kubernetes_lab.lab import DOCUMENTED, Lab
from kubernetes_lab.manual import Terminal, terminal
from kubernetes_lab.programs import BIN, free_port
from kubernetes_lab.registry import PASSWORD, USER, Registry, registry
from support.crowd import Crowd, Question

_VOLUME = "pst-volume"
_NAMESPACE = "io.kubernetes.pod.namespace"
_USER = 10001
COUNT = b'{"data": {"fields": {"flight": ["count"]}}}'


@dataclass
class Installed:
    """What somebody has before them who follows the page, and the administrator's view."""

    lab: Lab
    terminal: Terminal
    core: client.CoreV1Api

    def nodes(self) -> dict[str, str]:
        """Return the nodes' pods that run, by name: which one each is."""
        found = self.core.list_namespaced_pod(DOCUMENTED, label_selector="penstock.colour").items
        return {
            str(pod.metadata.name): str(pod.metadata.uid)
            for pod in found
            if pod.metadata and pod.status and pod.status.phase == "Running"
            if pod.metadata.deletion_timestamp is None
        }

    def deployed(self) -> dict[str, object]:
        """Return what the manager says is deployed."""
        [told] = json.loads(self.terminal.type("penstock status --json"))
        return dict(told)

    def settle(self) -> None:
        """Wait until what was deployed counts: its baking is over."""
        until(lambda: not _change(self.deployed()) or None, "nothing is under way", 120)

    def by_service(self) -> Crowd:
        """Return callers who ask the gateway's Service, by new connections where it needs them."""
        service = self.core.read_namespaced_service("penstock", DOCUMENTED)
        assert service.spec
        return self._crowd(str(service.spec.cluster_ip), 80, "/flights/flights/query")

    def by_node(self) -> Crowd:
        """Return callers who ask one node, past the gateway."""
        pod = self.core.read_namespaced_pod(next(iter(self.nodes())), DOCUMENTED)
        assert pod.status
        return self._crowd(str(pod.status.pod_ip), 8080, "/query")

    def _crowd(self, host: str, port: int, path: str) -> Crowd:
        headers = {"Authorization": f"Bearer {self.terminal.variables['KEY']}"}
        return Crowd(port, Question(path, COUNT, headers, 0.02), 4, host=host)

    def kill(self, container: str) -> None:
        """Kill the manager, or the gateway, as a lack of memory would."""
        found = self.lab.engine.containers(
            filters={"label": [f"io.kubernetes.container.name={container}"], "status": "running"}
        )
        [ours] = [one for one in found if one["Labels"][_NAMESPACE] == DOCUMENTED]
        self.lab.engine.kill(ours["Id"])


def _change(told: dict[str, object]) -> object:
    rollout = told["rollout"]
    assert isinstance(rollout, dict)
    return rollout["change"]


def find_lacking(lab: Lab) -> str | None:
    """Return what is not here of what the page takes for granted, None where all is."""
    programs = ("kubectl", "docker-registry", "socat", "nsenter", "curl", "openssl")
    found = [name for name in programs if not shutil.which(name, path=_path())]
    if found:
        return f"there is no {', '.join(found)} here"
    if not lab.named:
        return "port 53 is taken: pods could not find the manager by its name"
    return None


@contextmanager
def installed(lab: Lab, folder: Path) -> Iterator[Installed]:
    """Have a terminal in a copy of the repository, a registry, and a volume; nothing else yet.

    Raises NoEngineError where there is no base for the image.
    """
    host = str(urlsplit(lab.address).hostname)
    with (
        registry(host, folder / "registry") as images,
        lab.client() as api,
        _volume(api, lab.folder / "volume"),
    ):
        copy = folder / "penstock"
        copy.mkdir()
        make_context(copy)
        shutil.copytree(MANIFESTS, copy / "deploy" / "kubernetes")
        _fill_in(copy / "deploy" / "kubernetes" / "manager.yaml", images)
        instead = _instead(images, make_base(lab.machine))
        with terminal(copy, _variables(lab, folder), instead) as opened:
            try:
                opened.type(
                    f"docker login registry.example.com --username {USER} --password-stdin"
                    ' <<<"$PASSWORD"'
                )
                yield Installed(lab, opened, client.CoreV1Api(api))
            finally:
                _remove(lab, opened, images)


def _variables(lab: Lab, folder: Path) -> dict[str, str]:
    return {
        **lab.machine.environment,
        "PATH": _path(),
        "HOME": str(folder),
        "KUBECONFIG": str(lab.kubeconfig),
        "PENSTOCK_HOME": str(folder / "home"),
        "NO_COLOR": "1",
        "PASSWORD": PASSWORD,
    }


def _path() -> str:
    return os.pathsep.join((str(BIN), str(Path(sys.executable).parent), os.environ["PATH"]))


def _instead(images: Registry, base: str) -> dict[str, str]:
    manager, gateway = free_port("127.0.0.1"), free_port("127.0.0.1")
    return {
        "registry.example.com": images.address,
        "docker build ": f"docker build --build-arg BASE={base} --build-arg PIP_NO_INDEX=1 ",
        "penstock-manager 8400": f"penstock-manager {manager}:8400",
        "127.0.0.1:8400": f"127.0.0.1:{manager}",
        "--wait done": "--bake 0 --wait done",
        "8080:80": f"{gateway}:80",
        "127.0.0.1:8080": f"127.0.0.1:{gateway}",
    }


def _fill_in(manifest: Path, images: Registry) -> None:
    """Put in what the page says is another one for each: the registry, and its authority.

    A machine this small keeps next to nothing free for a node.
    """
    text = manifest.read_text().replace("registry.example.com", images.address)
    things = list(yaml.safe_load_all(text))
    [pod] = [one["spec"]["template"]["spec"] for one in things if one["kind"] == "Deployment"]
    pod["volumes"].append({"name": "authority", "configMap": {"name": "authority"}})
    [manager] = [one for one in pod["containers"] if one["name"] == "manager"]
    manager["volumeMounts"].append({"name": "authority", "mountPath": "/authority"})
    manager["env"] += [
        {"name": "REQUESTS_CA_BUNDLE", "value": "/authority/ca.crt"},
        {"name": "PENSTOCK_KUBERNETES_RESERVE", "value": "0.05"},
    ]
    authority = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "authority"},
        "data": {"ca.crt": images.authority.read_text()},
    }
    manifest.write_text(yaml.safe_dump_all([authority, *things]))


@contextmanager
def _volume(api: client.ApiClient, folder: Path) -> Iterator[None]:
    """Have the one volume that the manager claims: a folder of this machine."""
    core = client.CoreV1Api(api)
    folder.mkdir(mode=0o700)
    os.chown(folder, _USER, _USER)
    core.create_persistent_volume(
        client.V1PersistentVolume(
            metadata=client.V1ObjectMeta(name=_VOLUME),
            spec=client.V1PersistentVolumeSpec(
                capacity={"storage": "10Gi"},
                access_modes=["ReadWriteOnce"],
                host_path=client.V1HostPathVolumeSource(path=str(folder)),
                persistent_volume_reclaim_policy="Retain",
            ),
        )
    )
    try:
        yield
    finally:
        core.delete_persistent_volume(_VOLUME)


def _remove(lab: Lab, opened: Terminal, images: Registry) -> None:
    """Remove what is left where a test failed on its way, and the images."""
    opened.type(f"kubectl delete namespace {DOCUMENTED} --ignore-not-found --timeout=120s")
    for image in lab.engine.images():
        for name in (*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())):
            if name.startswith(images.address):
                try:
                    lab.engine.remove_image(name, force=True)
                except APIError:  # it went with another one of its names
                    continue
