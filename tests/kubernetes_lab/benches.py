"""The lab as what is behind a driver: a namespace, and an account that may do little."""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import yaml
from docker.api.client import APIClient
from kubernetes import client, utils

from deploy.drivers.bench import Bench, make_bench, until
from deploy.drivers.engines import IN_IMAGE
from kubernetes_lab.lab import NAMESPACES, Lab
from penstock.deploy.drivers.types import Driver, ImagePlace

MANIFESTS = Path(__file__).parents[2] / "deploy" / "kubernetes"
ACCOUNT = "penstock-manager"


@dataclass(frozen=True)
class Pods:
    """Pods in a namespace of their own. `core` is the administrator's view of it."""

    lab: Lab
    namespace: str
    core: client.CoreV1Api
    settings: Mapping[str, str]
    contained: bool = True
    command: tuple[str, ...] = IN_IMAGE

    @property
    def engine(self) -> APIClient:
        return self.lab.engine

    def pid(self, driver: Driver, node: str) -> int:
        assert driver.address(node)
        return int(self.engine.inspect_container(self.container(node))["State"]["Pid"])

    def container(self, node: str) -> str:
        wanted = {
            "label": [
                f"io.kubernetes.pod.name={self.name(node)}",
                "io.kubernetes.container.name=node",
            ],
            "status": "running",
        }
        (found,) = self.engine.containers(filters=wanted)
        return str(found["Id"])

    def name(self, node: str) -> str:
        (found,) = self.core.list_namespaced_pod(
            self.namespace, label_selector=f"penstock.node={node}"
        ).items
        assert found.metadata
        return str(found.metadata.name)

    def shown(self, home: Path) -> str:
        """What is said to those who may look, but not at Secrets."""
        assert not (home / "nodes").exists()
        said = [
            self.core.list_namespaced_pod(self.namespace).to_dict(),
            self.core.list_namespaced_event(self.namespace).to_dict(),
            self.core.list_namespaced_config_map(self.namespace).to_dict(),
        ]
        return json.dumps(said, default=str)


@contextmanager
def namespace(lab: Lab, **settings: str) -> Iterator[Pods]:
    """Have a namespace for a while, with the account of our manifests; all in it goes with it."""
    name = f"{NAMESPACES}{uuid4().hex[:8]}"
    with lab.client() as api:
        core = client.CoreV1Api(api)
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
        try:
            apply(api, name, "rbac.yaml")
            until(
                lambda: bool(core.list_namespaced_service_account(name).items[1:]) or None,
                "the namespace has its accounts",
            )
            kubeconfig = lab.configure(name, token_of(core, name), name)
            known = {"KUBECONFIG": str(kubeconfig), **lab.docker}
            # Of a small machine next to nothing is kept free: it has room for what a test starts.
            known |= {"PENSTOCK_KUBERNETES_RESERVE": "0.05", "PENSTOCK_KUBERNETES_GRACE": "3"}
            yield Pods(lab, name, core, {**known, **settings})
        finally:
            core.delete_namespace(name)
            until(lambda: not _exists(core, name) or None, f"{name} is gone", within=90)


def apply(api: client.ApiClient, namespace: str, name: str) -> None:
    """Make what a manifest says, in a namespace."""
    for document in yaml.safe_load_all((MANIFESTS / name).read_text()):
        utils.create_from_dict(api, document, namespace=namespace)  # type: ignore[no-untyped-call]  # it has no types


def token_of(core: client.CoreV1Api, namespace: str, account: str = ACCOUNT) -> str:
    """Return the token that Kubernetes made for an account."""

    def find() -> str | None:
        secrets = core.list_namespaced_secret(namespace).items
        for secret in secrets:
            notes = (secret.metadata.annotations if secret.metadata else None) or {}
            if notes.get("kubernetes.io/service-account.name") == account and secret.data:
                return b64decode(secret.data["token"]).decode()
        return None

    return until(find, f"{account} has a token")


def _exists(core: client.CoreV1Api, namespace: str) -> bool:
    return any(
        one.metadata.name == namespace for one in core.list_namespace().items if one.metadata
    )


@contextmanager
def bench_in(pods: Pods, image: ImagePlace) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as home:
        bench = make_bench("kubernetes", pods, image, Path(home))
        try:
            yield bench
        finally:
            bench.end()
            bench.driver.forget(bench.image.digest)
