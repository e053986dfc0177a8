"""The manager's environment -> what the driver is told of the cluster and of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from penstock.errors import ConfigurationError, suggestion

_PREFIX = "PENSTOCK_KUBERNETES_"
_LONGEST = 86_400.0


class Expose(StrEnum):
    """By which address nodes are reached.

    A pod's own, where the gateway is on the cluster's network; a Service for each node with an
    address of the cluster; or one with a port of the machine that the node is on.
    """

    POD = "pod"
    SERVICE = "service"
    NODE_PORT = "node-port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`config_file` and `context` say which cluster, None: the usual file, or the one we run in.

    `grace` is what a node has that somebody else ends, `patience` what one may wait for a machine
    or an image, in seconds. `reserve` is the share of a node's size that is kept free for it.
    """

    config_file: str | None
    context: str | None
    namespace: str | None
    registry: str | None
    pull_secret: str | None
    expose: Expose
    reserve: float
    grace: float
    patience: float


def read_options(environment: Mapping[str, str]) -> Options:
    """Raise ConfigurationError for a value that cannot be meant."""
    given = {name: value for name, value in environment.items() if value}
    return Options(
        config_file=given.get("KUBECONFIG"),
        context=given.get(f"{_PREFIX}CONTEXT"),
        namespace=given.get(f"{_PREFIX}NAMESPACE"),
        registry=given.get(f"{_PREFIX}REGISTRY"),
        pull_secret=given.get(f"{_PREFIX}PULL_SECRET"),
        expose=_expose(given.get(f"{_PREFIX}EXPOSE", Expose.POD)),
        reserve=_number(given, "RESERVE", 0.5, most=1.0),
        grace=_number(given, "GRACE", 30.0, most=_LONGEST),
        patience=_number(given, "PROGRESS", 120.0, most=_LONGEST),
    )


def _expose(text: str) -> Expose:
    try:
        return Expose(text)
    except ValueError as error:
        hint = suggestion(text, tuple(Expose)) or f"There are: {', '.join(Expose)}."
        raise ConfigurationError(
            f"{_PREFIX}EXPOSE is no way to reach a node: {text!r}", hint=hint
        ) from error


def _number(given: Mapping[str, str], name: str, default: float, *, most: float) -> float:
    text = given.get(f"{_PREFIX}{name}")
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 < number <= most:
        raise ConfigurationError(
            f"{_PREFIX}{name} is no number above 0, at most {most:g}: {text!r}",
            hint=f"Such as {default:g}.",
        )
    return number
