"""The end of everything that a manager started, when it is gone itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from penstock.control.open import DRIVER, installation_of, open_driver, open_gateway
from penstock.control.places import Places
from penstock.control.settings import ControlSettings, is_external
from penstock.errors import DriverError, PenstockError
from penstock.store.database import open_state
from penstock.store.rollouts import RolloutRepository
from penstock.store.sealed import SealedRepository
from penstock.store.vault import open_vault

_GRACE: Final = 10.0
_OURS: Final = "penstock.installation={}"
# What removes by hand what an engine has of an installation.
_BY_HAND: Final[Mapping[str, str]] = {
    "docker": f"docker rm --force --volumes $(docker ps --all --quiet --filter label={_OURS})",
    "swarm": f"docker service rm $(docker service ls --quiet --filter label={_OURS}). Where this"
    " machine has left its swarm, they went with it",
    "kubernetes": f"kubectl delete pods,services,secrets --selector {_OURS}",
}


def end_all(home: Path) -> int:
    """Stop the gateway and every node; return how many nodes there were.

    Raises DriverError where nodes may be left, with how to remove them.
    """
    if not home.exists():
        return 0
    home = home.absolute()
    with open_state(home, os.environ) as database:
        installation = installation_of(SealedRepository(database, open_vault(home, os.environ)))
        places = Places(RolloutRepository(database))
        places.refresh()
        known = sum(len(state.nodes) for state in places.all().values())
    gateway = open_gateway(home, external=is_external(os.environ))
    named = home / DRIVER
    name = named.read_text(encoding="utf-8").strip() if named.exists() else ControlSettings().driver
    gateway.stop(_GRACE)
    try:
        return _end_nodes(home, name, installation)
    except PenstockError as error:
        if not known:
            return 0  # there never was one: what is to be started is written down before
        raise _left(error, name, installation, known) from error


def _end_nodes(home: Path, name: str, installation: str) -> int:
    settings = ControlSettings(driver=name, environment=os.environ)
    driver = open_driver(home, settings, installation)
    try:
        nodes = driver.list()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda node: driver.stop(node.id, _GRACE), nodes))
    finally:
        driver.close()
    return len(nodes)


def _left(error: PenstockError, driver: str, installation: str, nodes: int) -> PenstockError:
    """Say what may still run, and how it goes."""
    several = f"{nodes} nodes" if nodes != 1 else "one node"
    again = "Once it answers, `penstock down` ends what is left"
    by_hand = _BY_HAND.get(driver)
    kind = type(error) if isinstance(error, DriverError) else DriverError
    return kind(
        f"Manager and gateway are down, but {several} may be left: {error.detail.rstrip('.')}.",
        hint=f"{again}. By hand: {by_hand.format(installation)}" if by_hand else f"{again}.",
    )
