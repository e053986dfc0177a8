"""A deployment that is under way beside the test, and the moment at which to strike."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator

from penstock.deploy.rollout.types import Phase
from penstock.deploy.types import Place
from penstock.store.database import open_state
from penstock.store.rollouts import RolloutRepository
from support.stack import Stack

_PATIENCE = 60.0  # seconds


@contextlib.contextmanager
def deploying(shop: Stack, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Have a deployment asked for beside us; its command waits for it through everything."""
    command = [shop.program, "-m", "penstock", "deploy", str(shop.project), *options]
    with subprocess.Popen(
        command, env=shop.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def phase_written(shop: Stack, place: Place) -> Phase | None:
    """Return the phase that is written down, asking nobody."""
    with open_state(shop.home, shop.environment) as database:
        stored = RolloutRepository(database).load(place)
    if stored is None:
        return None
    for phase in Phase:
        if f'"phase":"{phase.value}"'.encode() in stored.document.partition(b'"change":')[2]:
            return phase
    return None


def reaches(shop: Stack, place: Place, phase: Phase) -> bool:
    """Wait until a state is written down, or one after it; False where it went by."""
    wanted = list(Phase)[list(Phase).index(phase) : list(Phase).index(Phase.DONE)]
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if phase_written(shop, place) in wanted:
            return True
    return False
