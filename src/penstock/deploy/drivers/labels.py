"""What tells a node's container, service or pod from others on a shared engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from penstock.deploy.types import NodeSpec

INSTALLATION = "penstock.installation"
NODE = "penstock.node"
DEPLOYMENT = "penstock.deployment"
COLOUR = "penstock.colour"
API = "penstock.api"
ENVIRONMENT = "penstock.environment"
ARTIFACT = "penstock.artifact"


def label(installation: str, node: NodeSpec) -> dict[str, str]:
    return {
        INSTALLATION: installation,
        NODE: node.id,
        DEPLOYMENT: node.deployment,
        COLOUR: node.colour.value,
        API: node.place.api,
        ENVIRONMENT: node.place.environment,
        ARTIFACT: node.artifact,
    }


def filters(installation: str, **more: str) -> dict[str, list[str]]:
    """Return what an engine is asked for: `filters(ours, node="n-1")`."""
    wanted = {INSTALLATION: installation} | {f"penstock.{key}": more[key] for key in more}
    return {"label": [f"{name}={value}" for name, value in wanted.items()]}


def name(installation: str, node: str) -> str:
    """Return a name for the engine, DNS-safe, at most 53 characters, equal for equal nodes only."""
    return f"pst-{hashlib.sha256(installation.encode()).hexdigest()[:8]}-{node}"


def is_ours(labels: Mapping[str, str], installation: str) -> bool:
    return labels.get(INSTALLATION) == installation and NODE in labels
