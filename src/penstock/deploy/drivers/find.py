"""A driver's name -> the driver."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.types import Driver
from penstock.errors import ConfigurationError, suggestion

# Modules are imported when asked for: the clients of Docker and Kubernetes are slow to import, and
# the latter is an extra.
DRIVERS = {
    "process": ("penstock.deploy.drivers.process.driver", "ProcessDriver"),
    "docker": ("penstock.deploy.drivers.docker.driver", "DockerDriver"),
    "swarm": ("penstock.deploy.drivers.swarm.driver", "SwarmDriver"),
    "kubernetes": ("penstock.deploy.drivers.kubernetes.driver", "KubernetesDriver"),
}
# What to install for a driver whose client is an extra.
EXTRAS = {"kubernetes": "penstock[kubernetes]"}


def check_driver(name: str) -> None:
    """Raise ConfigurationError for a name that is none."""
    if name not in DRIVERS:
        known = ", ".join(DRIVERS)
        hint = suggestion(name, tuple(DRIVERS)) or f"There are: {known}."
        raise ConfigurationError(f"There is no driver {name!r}", hint=hint)


def find_driver(name: str, settings: DriverSettings) -> Driver:
    """Raise ConfigurationError for a name that is none, or whose client is not installed."""
    check_driver(name)
    module, maker = DRIVERS[name]
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The driver {name!r} needs the package {error.name!r}, which is not installed",
            hint=f"pip install '{EXTRAS.get(name, 'penstock')}'",
        ) from error
    make = cast("Callable[[DriverSettings], Driver]", getattr(found, maker))
    return make(settings)
