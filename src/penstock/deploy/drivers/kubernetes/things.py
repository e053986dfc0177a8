"""Pods, Secrets and Services of this installation: made, found, watched, removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from kubernetes.client import (
    ApiClient,
    CoreV1Api,
    CustomObjectsApi,
    V1DeleteOptions,
    V1Pod,
    V1Preconditions,
    V1Secret,
    V1Service,
)
from kubernetes.utils.quantity import parse_quantity

from penstock.deploy.drivers.kubernetes.cluster import (
    RAW,
    TIMEOUT,
    AbsentError,
    Cluster,
    TakenError,
)
from penstock.deploy.drivers.kubernetes.pods import CONTAINER, encode, selector
from penstock.deploy.drivers.kubernetes.views import (
    Event,
    Metrics,
    Pod,
    Pods,
    Service,
    Services,
)
from penstock.deploy.drivers.labels import INSTALLATION, is_ours
from penstock.deploy.drivers.labels import name as name_of
from penstock.deploy.drivers.lines import Lines
from penstock.errors import DriverError, DriverUnavailableError

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Things:
    """Each has the name of its node's pod: it is found without a search, and made but once."""

    cluster: Cluster
    installation: str

    def pods(self, **more: str) -> tuple[Pod, ...]:
        wanted, namespace = self._select(more), self.cluster.namespace
        found = self.cluster.get(
            lambda api: CoreV1Api(api).list_namespaced_pod(namespace, label_selector=wanted, **RAW),
            Pods,
        )
        return tuple(pod for pod in found.items if self._is_ours(pod))

    def pod(self, node: str) -> Pod | None:
        name, namespace = self._name(node), self.cluster.namespace
        try:
            found = self.cluster.get(
                lambda api: CoreV1Api(api).read_namespaced_pod(name, namespace, **RAW),
                Pod,
            )
        except AbsentError:
            return None
        return found if self._is_ours(found) else None

    def make_pod(self, pod: V1Pod, *, only_try: bool = False) -> None:
        """Raise TakenError where there is one of this name; `only_try` asks whether it could be."""
        namespace = self.cluster.namespace
        self.cluster.call(
            lambda api: CoreV1Api(api).create_namespaced_pod(
                namespace,
                pod,
                dry_run="All" if only_try else None,
                **RAW,
            )
        )

    def end_pod(self, pod: Pod, grace: int) -> Pod | None:
        """Have it ended, by SIGTERM and after `grace` by SIGKILL; with 0 only forget it.

        Returns it as it ends, None where it is gone.
        """
        name, namespace = pod.metadata.name, self.cluster.namespace
        options = V1DeleteOptions(
            grace_period_seconds=grace, preconditions=V1Preconditions(uid=pod.metadata.uid)
        )
        try:
            answer = self.cluster.call(
                lambda api: CoreV1Api(api).delete_namespaced_pod(
                    name, namespace, body=options, **RAW
                )
            )
        except (AbsentError, TakenError):  # it is gone, or another one has its name
            return None
        found = msgspec.json.decode(answer, type=Pod)
        return found if found.metadata.uid == pod.metadata.uid else None

    def watch(self, pod: Pod, deadline: float) -> Iterator[tuple[Pod, bool]]:
        """Yield the pod whenever it changes, and whether it is gone now, until the deadline.

        The last is what a look would miss: how it ended is written just before it goes.
        """
        while (left := deadline - time.monotonic()) > 0:
            for event in self._events(pod, max(1, int(left))):
                if event.type not in {"ADDED", "MODIFIED", "DELETED"}:
                    break  # the server forgot where we were: look, and go on from there
                pod = msgspec.json.decode(event.object, type=Pod)
                yield pod, event.type == "DELETED"
            now = self.pod(pod.node)
            if now is None or now.metadata.uid != pod.metadata.uid:
                yield pod, True
                return
            pod = now
            yield pod, False

    def log(self, pod: Pod, *, tail: int | None, follow: bool) -> Iterator[bytes]:
        name, namespace = pod.metadata.name, self.cluster.namespace

        def ask(api: ApiClient) -> object:
            return CoreV1Api(api).read_namespaced_pod_log(
                name,
                namespace,
                container=CONTAINER,
                follow=follow,
                tail_lines=tail,
                _preload_content=False,
                # Who follows waits for what a node may print tomorrow.
                _request_timeout=(TIMEOUT[0], _DAY) if follow else TIMEOUT,
            )

        return self.cluster.stream(ask, beats=follow)

    def put_secret(self, secret: V1Secret) -> None:
        """Write it, without a look at what was there: the manager need not read Secrets."""
        namespace = self.cluster.namespace
        name = secret.metadata.name if secret.metadata else None
        try:
            self.cluster.call(
                lambda api: CoreV1Api(api).create_namespaced_secret(namespace, secret, **RAW)
            )
        except TakenError:
            self.cluster.call(
                lambda api: CoreV1Api(api).replace_namespaced_secret(
                    str(name), namespace, secret, **RAW
                )
            )

    def remove_secret(self, node: str) -> None:
        name, namespace = self._name(node), self.cluster.namespace
        try:
            self.cluster.call(
                lambda api: CoreV1Api(api).delete_namespaced_secret(name, namespace, **RAW)
            )
        except AbsentError:
            return

    def services(self, **more: str) -> dict[str, Service]:
        """Return the Services, by the name of their pods."""
        wanted, namespace = self._select(more), self.cluster.namespace
        found = self.cluster.get(
            lambda api: CoreV1Api(api).list_namespaced_service(
                namespace, label_selector=wanted, **RAW
            ),
            Services,
        )
        return {service.metadata.name: service for service in found.items}

    def make_service(self, service: V1Service) -> None:
        namespace = self.cluster.namespace
        try:
            self.cluster.call(
                lambda api: CoreV1Api(api).create_namespaced_service(namespace, service, **RAW)
            )
        except TakenError:
            return  # it says what it would say now: whose node it is

    def remove_service(self, node: str) -> None:
        name, namespace = self._name(node), self.cluster.namespace
        try:
            self.cluster.call(
                lambda api: CoreV1Api(api).delete_namespaced_service(name, namespace, **RAW)
            )
        except AbsentError:
            return

    def memory(self, pod: Pod) -> int | None:
        """Return the bytes in use, None where nobody measures, has not yet, or may not tell us."""
        name, namespace = pod.metadata.name, self.cluster.namespace
        try:
            found = self.cluster.get(
                lambda api: CustomObjectsApi(api).get_namespaced_custom_object(
                    "metrics.k8s.io",
                    "v1beta1",
                    namespace,
                    "pods",
                    name,
                    **RAW,
                ),
                Metrics,
            )
        except DriverUnavailableError:
            raise
        except DriverError:
            return None
        used: list[int] = [int(parse_quantity(one.usage.memory)) for one in found.containers]  # type: ignore[no-untyped-call]  # it has no types
        return sum(used)

    def _events(self, pod: Pod, seconds: int) -> Iterator[Event]:
        name, namespace = pod.metadata.name, self.cluster.namespace

        def ask(api: ApiClient) -> object:
            return CoreV1Api(api).list_namespaced_pod(
                namespace,
                field_selector=f"metadata.name={name}",
                resource_version=pod.metadata.resource_version,
                watch=True,
                timeout_seconds=seconds,
                _preload_content=False,
                _request_timeout=(TIMEOUT[0], seconds + TIMEOUT[0]),
            )

        lines = Lines()
        for chunk in self.cluster.stream(ask):
            for line in lines.add(chunk):
                yield msgspec.json.decode(line, type=Event)

    def _select(self, more: dict[str, str]) -> str:
        named = {f"penstock.{key}": more[key] for key in more}
        return selector(encode({INSTALLATION: self.installation, **named}))

    def _name(self, node: str) -> str:
        return name_of(self.installation, node)

    def _is_ours(self, pod: Pod) -> bool:
        return is_ours(pod.metadata.annotations, self.installation)
