"""What a node printed last -> the reason that is told, and the log that is kept once it is gone."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from penstock.control.masking import mask_of
from penstock.control.world import World
from penstock.deploy.rollout.types import Node, Phase, Rollout
from penstock.deploy.types import Place, RunningNode
from penstock.errors import PenstockError
from penstock.store import node_logs
from penstock.store.desk import KeptLog
from penstock.store.unit import SYSTEM, working

_TOLD, _WIDTH = 8, 300  # lines in a reason, and characters of each
_READ: Final = 4000  # lines that are read to find the last part that is kept
_FAILED: Final = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED, Phase.STUCK})


def how_it_ended(world: World, place: Place, node: Node, found: RunningNode) -> str:
    """Say how a node ended, with the last lines that it printed, secrets taken out."""
    said = "" if found.exit_code is None else f" with {found.exit_code}"
    try:
        mask = mask_of(world, place, node.id)
        lines = [mask(line) for line in world.driver.logs(node.id, tail=_TOLD)]
    except PenstockError:
        lines = []
    told = [line.decode(errors="replace").strip()[:_WIDTH] for line in lines[-_TOLD:]]
    last = " | ".join(line for line in told if line)
    return f"it exited{said}" + (f": {last}" if last else "")


def failure_of(state: Rollout, node: Node) -> str | None:
    """Return why a node goes, where it or its deployment failed; None where it did its work."""
    if node.problem:
        return node.problem
    for change in (state.change, state.last):
        is_own = change is not None and change.deployment == node.deployment
        if change is not None and is_own and change.phase in _FAILED:
            return change.reason or change.phase.value
    return None


def keep_log(world: World, place: Place, node: Node, reason: str) -> None:
    """Keep the end of a node's log before the node is taken away; that never waits for it.

    Secrets are masked: whoever reads logs may not read them, and what is kept is in backups.
    """
    with suppress(PenstockError, OSError):
        mask = mask_of(world, place, node.id)
        lines = (mask(line) for line in world.driver.logs(node.id, tail=_READ))
        text = node_logs.last_part(lines)
        kept = KeptLog(
            node=node.id,
            api=place.api,
            environment=place.environment,
            deployment=node.deployment,
            reason=reason,
            created=time.time(),
            size=len(text),
        )
        with working(world.database, SYSTEM, kept.created) as work:
            node_logs.keep(work, kept, text)
