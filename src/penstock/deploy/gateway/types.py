"""What the gateway is to know: APIs, their nodes, where it listens, with which certificates."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.deploy.types import Address, Place
from penstock.secret import Secret


@dataclass(frozen=True, slots=True)
class Upstream:
    """A node. One that is draining gets nothing new, and may finish what it answers."""

    node: str
    address: Address
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with those above it, and its key, both PEM."""

    chain: str
    key: Secret


@dataclass(frozen=True, slots=True)
class Domain:
    """A name of an API's own: `api.example.com`, or `*.example.com` for all below.

    `client_ca` (PEM): callers must show a certificate that one of these authorities has signed.
    """

    name: str
    certificate: Certificate | None = None
    client_ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    """An API in one environment. `preview` are the nodes of the colour that does not serve.

    `timeout` in seconds: for so long a node may send nothing. `max_body` in bytes.
    """

    place: Place
    project: str
    api: str
    live: tuple[Upstream, ...] = ()
    preview: tuple[Upstream, ...] = ()
    domains: tuple[Domain, ...] = ()
    timeout: float = 60.0
    max_body: int | None = None

    @property
    def name(self) -> str:
        return f"{self.place.api}@{self.place.environment}"

    @property
    def certified(self) -> bool:
        """Whether callers need a certificate: then no address without that check may lead here."""
        return any(domain.client_ca is not None for domain in self.domains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port. With `redirect` a plain one answers nothing but where the encrypted one is."""

    port: int
    host: str = "127.0.0.1"
    tls: bool = False
    redirect: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds.

    `body` is for APIs without their own; `header_time` and `request_time` are what a caller may
    take to send a request's head and all of it; `idle` is how long a connection is kept unused.
    """

    body: int = 10 << 20
    header_time: float = 10.0
    request_time: float = 60.0
    idle: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """All that the gateway is to know.

    `certificate` is for paths, and for domains without their own; with `client_ca` (PEM) callers
    must show a certificate there. `trusted_hops` is how many proxies in front of the gateway add
    to X-Forwarded-For.
    """

    listeners: tuple[Listener, ...] = ()
    routes: tuple[ApiRoute, ...] = ()
    certificate: Certificate | None = None
    client_ca: str | None = None
    limits: Limits = field(default_factory=Limits)
    trusted_hops: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How Envoy is run; what changes here is in force once it is started anew.

    `connections` is how many callers may be connected at once. Times are in seconds. An `external`
    gateway is somebody else's to start and to end, on another machine's ports for all we know: we
    share its folder.
    """

    concurrency: int = 1
    connections: int = 20_000
    start_timeout: float = 10.0
    drain: float = 10.0
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What Envoy counted of a node since it knows it.

    `errors` are answers of 500 and above, and requests that got none; `refused` are connections
    that did not come about; `active` are requests being answered. `healthy` is what Envoy's own
    checks say, None before the first.
    """

    requests: int
    errors: int
    refused: int
    timeouts: int
    active: int
    healthy: bool | None
