"""A node -> what its keeper is told: the command, the environment, the bounds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from penstock.deploy.drivers.environment import reveal
from penstock.deploy.drivers.process import keeper
from penstock.deploy.drivers.process.folder import NodeFolder
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.types import UNIT_BYTES, NodeSpec
from penstock.errors import DriverError

LOG_BYTES = 10_000_000  # then it is turned over; the part before is kept
# What a node has of the manager's environment. Nothing else: the manager's secrets are there.
INHERITED = frozenset(
    {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH"}
    | {"SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "USER"}
)
_STARTS_WITHIN = 20.0


def launch(
    folder: NodeFolder, node: NodeSpec, project: Path, settings: DriverSettings, groups: list[str]
) -> None:
    """Return once the node's process exists. Raises DriverError."""
    order = keeper.Order(
        folder=str(folder.path),
        command=_command(project, settings),
        environment=_environment(folder, node, settings.environment),
        cgroups=groups,
        # Without a group: what it may allocate, which counts more than what it uses.
        data=None if groups else 2 * node.units * UNIT_BYTES,
        log=LOG_BYTES,
    )
    # -S: it needs none of the installed packages, and looks for none.
    command = [sys.executable, "-I", "-S", str(Path(keeper.__file__))]
    try:
        done = subprocess.run(  # noqa: S603 our own program, by our own interpreter
            command,
            input=json.dumps(order).encode(),
            capture_output=True,
            check=False,
            timeout=_STARTS_WITHIN,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DriverError(
            f"The process of node {node.id} does not start: {type(error).__name__}",
            hint="The machine may be out of memory, or of processes.",
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise DriverError(f"The process of node {node.id} does not start: {''.join(said)}")


def _command(project: Path, settings: DriverSettings) -> list[str]:
    if settings.command is not None:
        return list(settings.command)
    # -P: a project's files must not stand in for modules.
    return [sys.executable, "-P", "-m", "penstock", "node", str(project)]


def _environment(folder: NodeFolder, node: NodeSpec, ours: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in ours.items() if name in INHERITED}
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        **reveal(node.environment),
        "PENSTOCK_LISTEN": f"unix:{folder.socket()}",
        "PENSTOCK_STATE": str(folder.state),
    }
