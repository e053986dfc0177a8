"""What an artifact takes from its environment, and nothing there gives it."""

from __future__ import annotations

import re
from typing import Final

from penstock.control.world import World
from penstock.deploy.drivers.process.launch import INHERITED
from penstock.deploy.types import Place
from penstock.errors import ConflictError, PenstockError
from penstock.store import variables
from penstock.store.unit import looking

_SECRET: Final = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|PWD", re.IGNORECASE)
_OURS: Final = re.compile(r"PENSTOCK_\w+")


def check_variables(world: World, place: Place, digest: str) -> None:
    """Raise ConflictError that names all variables which nodes of this place would lack."""
    missing = missing_variables(world, place, digest)
    if missing:
        sealed = [name for name in missing if _SECRET.search(name)]
        plain = " ".join(f"{name}=…" for name in missing if name not in sealed)
        ways = [f"`penstock variables set --secret {name}`" for name in sealed]
        if plain:
            ways.insert(0, f"`penstock variables set {plain}`")
        raise ConflictError(
            f"Not set here, but taken from its environment by the project: {', '.join(missing)}.",
            hint=f"{', '.join(ways)}; then deploy again. With --secret nobody can read it back.",
        )


def missing_variables(world: World, place: Place, digest: str) -> tuple[str, ...]:
    """Return by name what a node would look for in vain; nothing where no artifact says so."""
    try:
        named = set(world.artifacts.manifest(digest).variables)
    except PenstockError:  # it left the store, and is prepared: its nodes say what they lack
        return ()
    if not named:
        return ()
    with looking(world.database) as look:
        known = {
            record.name
            for secret in (False, True)
            for record in variables.of(look, place, secret=secret)
        }
    given = known | INHERITED | world.artifacts.environment(digest)
    return tuple(sorted(name for name in named - given if not _OURS.fullmatch(name)))
