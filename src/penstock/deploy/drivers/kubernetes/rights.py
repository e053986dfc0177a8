"""What the manager's account must be allowed -> what it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubernetes.client import (
    AuthorizationV1Api,
    V1ResourceAttributes,
    V1SelfSubjectAccessReview,
    V1SelfSubjectAccessReviewSpec,
)

from penstock.deploy.drivers.kubernetes.cluster import RAW, Cluster
from penstock.deploy.drivers.kubernetes.options import Expose
from penstock.deploy.drivers.kubernetes.views import Reviewed

_NODES = {
    "pods": ("create", "delete", "get", "list", "watch"),
    "pods/log": ("get",),
    # Never read: who has the manager's account does not have everybody's secrets.
    "secrets": ("create", "delete", "update"),
}
_SERVICES = {"services": ("create", "delete", "list")}


@dataclass(frozen=True, slots=True)
class Rights:
    cluster: Cluster
    expose: Expose

    def missing(self) -> list[str]:
        """Return what is not allowed, as `create pods`."""
        return [f"{verb} {kind}" for kind, verb in self._needed() if not self._has(kind, verb)]

    def _needed(self) -> Iterator[tuple[str, str]]:
        kinds = _NODES if self.expose is Expose.POD else {**_NODES, **_SERVICES}
        return ((kind, verb) for kind, verbs in kinds.items() for verb in verbs)

    def _has(self, kind: str, verb: str) -> bool:
        resource, _, part = kind.partition("/")
        asked = V1ResourceAttributes(
            namespace=self.cluster.namespace,
            resource=resource,
            subresource=part or None,
            verb=verb,
        )
        review = V1SelfSubjectAccessReview(
            spec=V1SelfSubjectAccessReviewSpec(resource_attributes=asked)
        )
        found = self.cluster.get(
            lambda api: AuthorizationV1Api(api).create_self_subject_access_review(review, **RAW),
            Reviewed,
        )
        return found.status.allowed
