"""The manifests that we ship, given to a real server: it takes them, and drops no word of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import yaml
from kubernetes import dynamic
from kubernetes.dynamic.exceptions import ConflictError

from deploy.drivers.bench import Bench
from kubernetes_lab.benches import MANIFESTS, Pods
from kubernetes_lab.lab import Lab
from penstock.deploy.drivers.docker.containers import PORT
from penstock.deploy.drivers.kubernetes.options import read_options
from penstock.deploy.drivers.kubernetes.pods import Layout

NAMES = sorted(path.name for path in MANIFESTS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_server_takes_a_manifest_whole(name: str, lab: Lab, pods: Pods) -> None:
    with lab.client() as api:
        server = dynamic.DynamicClient(api)  # type: ignore[no-untyped-call]  # it has no types
        for document in yaml.safe_load_all((MANIFESTS / name).read_text()):
            kind = server.resources.get(api_version=document["apiVersion"], kind=document["kind"])
            called = {"namespace": pods.namespace, "name": document["metadata"]["name"]}
            try:
                kind.create(body=document, namespace=pods.namespace)
            except ConflictError:  # the account that the tests have is made of it
                assert name == "rbac.yaml"

            assert lost(document, kind.get(**called).to_dict()) == []


def lost(wanted: object, got: object, place: str = "") -> list[str]:
    """Return what is not as it was wanted: unknown words a server drops without one of its own."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return [at for key in wanted for at in lost(wanted[key], got.get(key), f"{place}.{key}")]
    if isinstance(wanted, Sequence) and isinstance(got, Sequence) and not isinstance(wanted, str):
        pairs = zip(wanted, got, strict=False)
        return [
            at
            for index, (one, two) in enumerate(pairs)
            for at in lost(one, two, f"{place}[{index}]")
        ]
    return [] if wanted == got else [place]


def test_the_policy_is_about_the_port_and_the_label_that_nodes_have(bench: Bench) -> None:
    policy = yaml.safe_load((MANIFESTS / "network.yaml").read_text())["spec"]
    options = read_options({})
    installation = bench.settings.installation
    layout = Layout(installation=installation, options=options, pulled=True, command=None)
    labels = layout.metadata(bench.spec()).labels

    assert labels
    assert labels.items() >= policy["podSelector"]["matchLabels"].items()
    assert policy["ingress"][0]["ports"] == [{"protocol": "TCP", "port": PORT}]
