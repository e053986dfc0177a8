"""Which cluster, and as whom -> a client of its API server."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from kubernetes import config
from kubernetes.client import ApiClient, Configuration

from penstock.deploy.drivers.kubernetes.options import Options
from penstock.errors import ConfigurationError, DriverUnavailableError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_USUAL = "~/.kube/config"
# At level DEBUG the client prints the answers, and with them the Secrets that it made.
logging.getLogger("kubernetes.client.rest").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Access:
    """An open client, the namespace of the nodes, and the server's address for messages."""

    client: ApiClient
    namespace: str
    server: str


class _Settings(msgspec.Struct, frozen=True):
    namespace: str | None = None


class _Context(msgspec.Struct, frozen=True):
    name: str = ""
    context: _Settings = msgspec.field(default_factory=_Settings)


def open_access(options: Options, environment: Mapping[str, str]) -> Access:
    """Read the files again each time: tokens and certificates are renewed in them.

    A file that is named comes before the cluster that we run in, the usual file after it. Raises
    ConfigurationError for a file that says nonsense, DriverUnavailableError where there is none.
    """
    settings = Configuration()
    if options.config_file is None and "KUBERNETES_SERVICE_HOST" in environment:
        found = _join(settings)
    else:
        found = _read(options, settings)
    namespace = options.namespace or found or "default"
    # The pool is what threads share: follow several logs, and still ask.
    settings.connection_pool_maxsize = 32
    return Access(ApiClient(settings), namespace, settings.host)


def _join(settings: Configuration) -> str | None:
    try:
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # it has no types
    except config.ConfigException as error:
        raise DriverUnavailableError(
            f"This pod has no account at its cluster: {error}",
            hint="Give its service account a token (automountServiceAccountToken).",
        ) from error
    place = _ACCOUNT / "namespace"
    return place.read_text().strip() if place.exists() else None


def _read(options: Options, settings: Configuration) -> str | None:
    place = options.config_file or os.path.expanduser(_USUAL)  # noqa: PTH111 - may be a list of files
    if not any(Path(one).exists() for one in place.split(os.pathsep)):
        raise DriverUnavailableError(
            f"No cluster is known: there is no file {place}",
            hint="Name a kubeconfig in KUBECONFIG, or use the driver `process`.",
        )
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]  # it has no types
            config_file=place,
            context=options.context,
            client_configuration=settings,
            persist_config=False,
        )
        contexts, active = config.list_kube_config_contexts(config_file=place)  # type: ignore[no-untyped-call]  # it has no types
        known = msgspec.convert([*contexts, active], list[_Context])
    except (config.ConfigException, msgspec.ValidationError, OSError) as error:
        raise ConfigurationError(
            f"The kubeconfig {place} cannot be used: {error}",
            hint="kubectl config view --minify",
        ) from error
    wanted = options.context or known[-1].name
    return next((one.context.namespace for one in known if one.name == wanted), None)
