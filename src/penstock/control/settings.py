"""How a manager is set up: what runs its nodes, where its gateway listens, how nodes find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

DEFAULT_PORT = 8080
GATEWAY = "PENSTOCK_GATEWAY"


class GatewayMode(StrEnum):
    """OWN: the manager starts it. EXTERNAL: it is run apart, by `penstock gateway`."""

    OWN = "own"
    EXTERNAL = "external"


def is_external(environment: Mapping[str, str]) -> bool:
    return environment.get(GATEWAY) == GatewayMode.EXTERNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """`host` and `port` are the gateway's; `address` is what callers know it by.

    `manager` is how nodes reach the manager, where they do not share its file system. With
    `certificate` and `key` (PEM files) the gateway speaks TLS; `client_ca` makes callers show a
    certificate of one of those authorities. An `external_gateway` is `penstock gateway`, which
    shares the folder `gateway/` of the state with this manager and nothing else.
    """

    driver: str = "process"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    address: str | None = None
    manager: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    trusted_hops: int = 0
    external_gateway: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Return where callers find the gateway, without a slash at the end."""
        if self.address is not None:
            return self.address.rstrip("/")
        scheme = "http" if self.certificate is None else "https"
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 it is compared
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"
