"""The end of everything that a manager started, when it is gone itself."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from penstock.control.open import DRIVER, installation_of, open_driver, open_gateway
from penstock.control.settings import ControlSettings, is_external
from penstock.store.database import open_state
from penstock.store.sealed import SealedRepository
from penstock.store.vault import open_vault

_GRACE = 10.0


def end_all(home: Path) -> int:
    """Stop every node and the gateway; return how many nodes there were."""
    if not home.exists():
        return 0
    home = home.absolute()
    with open_state(home, os.environ) as database:
        installation = installation_of(SealedRepository(database, open_vault(home, os.environ)))
    gateway = open_gateway(home, external=is_external(os.environ))
    named = home / DRIVER
    name = named.read_text(encoding="utf-8") if named.exists() else ControlSettings().driver
    settings = ControlSettings(driver=name, environment=os.environ)
    gateway.stop(_GRACE)
    driver = open_driver(home, settings, installation)
    try:
        nodes = driver.list()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda node: driver.stop(node.id, _GRACE), nodes))
    finally:
        driver.close()
    return len(nodes)
