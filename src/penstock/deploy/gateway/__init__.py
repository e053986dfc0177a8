"""The stable address in front of the nodes: Envoy, configured by files."""

from penstock.deploy.gateway.access_log import AccessRecord, access_records
from penstock.deploy.gateway.certificates import read_certificate
from penstock.deploy.gateway.foreground import run_gateway
from penstock.deploy.gateway.gateway import Gateway
from penstock.deploy.gateway.types import (
    ApiRoute,
    Certificate,
    Domain,
    Figures,
    GatewayConfig,
    GatewaySettings,
    Limits,
    Listener,
    Upstream,
)

__all__ = [
    "AccessRecord",
    "ApiRoute",
    "Certificate",
    "Domain",
    "Figures",
    "Gateway",
    "GatewayConfig",
    "GatewaySettings",
    "Limits",
    "Listener",
    "Upstream",
    "access_records",
    "read_certificate",
    "run_gateway",
]
