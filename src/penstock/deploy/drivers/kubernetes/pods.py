"""A node -> the pod that it is, the Secret of its secrets, and where asked its Service."""

from __future__ import annotations

import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from kubernetes.client import (
    V1Affinity,
    V1Capabilities,
    V1Container,
    V1ContainerPort,
    V1EmptyDirVolumeSource,
    V1EnvFromSource,
    V1EnvVar,
    V1HTTPGetAction,
    V1LabelSelector,
    V1LocalObjectReference,
    V1ObjectMeta,
    V1Pod,
    V1PodAffinityTerm,
    V1PodAntiAffinity,
    V1PodSecurityContext,
    V1PodSpec,
    V1Probe,
    V1ResourceRequirements,
    V1SeccompProfile,
    V1Secret,
    V1SecretEnvSource,
    V1SecurityContext,
    V1Service,
    V1ServicePort,
    V1ServiceSpec,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
    V1WeightedPodAffinityTerm,
)

from penstock.deploy.drivers.docker.containers import PORT, STATE, TMP, USER
from penstock.deploy.drivers.kubernetes.options import Expose, Options
from penstock.deploy.drivers.labels import DEPLOYMENT, INSTALLATION, NODE, label
from penstock.deploy.drivers.labels import name as name_of
from penstock.deploy.types import UNIT_BYTES, UNIT_CPUS, NodeSpec
from penstock.errors import DriverError
from penstock.secret import Secret

CONTAINER = "node"
_VALUE = re.compile(r"(?=.{1,63}$)[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
# A machine that is lost is given up after so many seconds; Kubernetes' own choice is 300.
_LOST_AFTER = 30
_LOST = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What all pods of this installation share; `pulled`: machines get the image themselves."""

    installation: str
    options: Options
    pulled: bool
    command: tuple[str, ...] | None

    def pod(self, node: NodeSpec, image: str) -> V1Pod:
        return V1Pod(
            metadata=self.metadata(node),
            spec=V1PodSpec(
                containers=[self._container(node, image)],
                volumes=[_memory("tmp", node.units * TMP), _memory("state", STATE)],
                # The manager restarts, with back-off, and wants to know how it ended.
                restart_policy="Never",
                termination_grace_period_seconds=math.ceil(self.options.grace),
                automount_service_account_token=False,
                enable_service_links=False,
                image_pull_secrets=self._pull_secrets(),
                security_context=V1PodSecurityContext(
                    run_as_non_root=True,
                    run_as_user=USER,
                    run_as_group=USER,
                    fs_group=USER,
                    seccomp_profile=V1SeccompProfile(type="RuntimeDefault"),
                ),
                affinity=_apart(node),
                tolerations=[_leave(key) for key in _LOST],
            ),
        )

    def secret(self, node: NodeSpec) -> V1Secret | None:
        """Return what the node may know and who lists pods may not; None where that is nothing."""
        found = {k: v.reveal() for k, v in node.environment.items() if isinstance(v, Secret)}
        if not found:
            return None
        data: dict[str, bytes | str] = {
            name: b64encode(value.encode()).decode() for name, value in found.items()
        }
        return V1Secret(metadata=self.metadata(node), data=data, type="Opaque")

    def service(self, node: NodeSpec) -> V1Service | None:
        if self.options.expose is Expose.POD:
            return None
        outside = self.options.expose is Expose.NODE_PORT
        return V1Service(
            metadata=self.metadata(node),
            spec=V1ServiceSpec(
                type="NodePort" if outside else "ClusterIP",
                # By the machine it is on, and not by way of another.
                external_traffic_policy="Local" if outside else None,
                # Who asks decides by itself whether the node is ready: it is asked to find out.
                publish_not_ready_addresses=True,
                selector=self.select({NODE: node.id}),
                ports=[V1ServicePort(name="http", port=PORT, target_port=PORT)],
            ),
        )

    def metadata(self, node: NodeSpec) -> V1ObjectMeta:
        """Labels to find it by, which hold 63 characters of few kinds; annotations hold all."""
        labels = label(self.installation, node)
        return V1ObjectMeta(
            name=name_of(self.installation, node.id),
            labels=encode(labels) | {"app.kubernetes.io/managed-by": "penstock"},
            annotations=labels,
        )

    def select(self, wanted: Mapping[str, str]) -> dict[str, str]:
        return encode({INSTALLATION: self.installation, **wanted})

    def _container(self, node: NodeSpec, image: str) -> V1Container:
        plain = {k: v for k, v in node.environment.items() if isinstance(v, str)}
        hidden = len(plain) < len(node.environment)
        refuse_socket(plain.get("PENSTOCK_MANAGER", ""))
        plain |= {"PENSTOCK_LISTEN": f"0.0.0.0:{PORT}", "PENSTOCK_STATE": "/state"}
        ours = V1SecretEnvSource(name=name_of(self.installation, node.id))
        return V1Container(
            name=CONTAINER,
            image=image,
            image_pull_policy="IfNotPresent" if self.pulled else "Never",
            command=[escape(word) for word in self.command] if self.command else None,
            env=[V1EnvVar(name=name, value=escape(value)) for name, value in plain.items()],
            env_from=[V1EnvFromSource(secret_ref=ours)] if hidden else None,
            ports=[V1ContainerPort(name="http", container_port=PORT)],
            resources=_bounds(node.units, self.options.reserve),
            # Nothing of ours needs it: it is for Services that teams put before their nodes.
            readiness_probe=V1Probe(
                http_get=V1HTTPGetAction(path="/readyz", port=PORT),
                period_seconds=2,
                timeout_seconds=2,
                failure_threshold=2,
            ),
            security_context=V1SecurityContext(
                allow_privilege_escalation=False,
                capabilities=V1Capabilities(drop=["ALL"]),
                privileged=False,
                read_only_root_filesystem=True,
                run_as_non_root=True,
            ),
            volume_mounts=[
                V1VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108 - the container's own
                V1VolumeMount(name="state", mount_path="/state"),
            ],
        )

    def _pull_secrets(self) -> list[V1LocalObjectReference] | None:
        name = self.options.pull_secret
        return [V1LocalObjectReference(name=name)] if name else None


def encode(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels that Kubernetes takes: what it would not take is told by its hash."""
    return {
        key: value if _VALUE.fullmatch(value) else f"h-{_hash(value)}"
        for key, value in labels.items()
    }


def selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def escape(text: str) -> str:
    """Keep Kubernetes from putting variables in for `$(NAME)`."""
    return text.replace("$", "$$")


def refuse_socket(manager: str) -> None:
    if manager.startswith("unix:"):
        raise DriverError(
            "Nodes in pods cannot reach the manager by its Unix socket",
            hint="Let the manager listen on an address that the cluster's pods reach.",
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _memory(name: str, size: int) -> V1Volume:
    """In memory, and counted as the node's."""
    return V1Volume(
        name=name, empty_dir=V1EmptyDirVolumeSource(medium="Memory", size_limit=str(size))
    )


def _bounds(units: int, reserve: float) -> V1ResourceRequirements:
    cpus, memory = units * UNIT_CPUS, units * UNIT_BYTES
    return V1ResourceRequirements(
        limits={"cpu": str(cpus), "memory": str(memory)},
        requests={"cpu": f"{int(cpus * 1000 * reserve)}m", "memory": str(int(memory * reserve))},
    )


def _apart(node: NodeSpec) -> V1Affinity:
    """Have nodes of one deployment on different machines, where there are some."""
    same = V1PodAffinityTerm(
        topology_key="kubernetes.io/hostname",
        label_selector=V1LabelSelector(match_labels=encode({DEPLOYMENT: node.deployment})),
    )
    preferred = V1WeightedPodAffinityTerm(weight=100, pod_affinity_term=same)
    return V1Affinity(
        pod_anti_affinity=V1PodAntiAffinity(
            preferred_during_scheduling_ignored_during_execution=[preferred]
        )
    )


def _leave(taint: str) -> V1Toleration:
    return V1Toleration(
        key=taint, operator="Exists", effect="NoExecute", toleration_seconds=_LOST_AFTER
    )
