"""The environment of a node → who it is, and whom it listens to."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.errors import ConfigurationError
from penstock.link.client import ManagerAddress, ManagerClient
from penstock.link.keeper import Post
from penstock.secret import Secret
from penstock.usage.event import Source

MANAGER: Final = "PENSTOCK_MANAGER"
TOKEN: Final = "PENSTOCK_NODE_TOKEN"  # noqa: S105 - the name of a variable
KEY: Final = "PENSTOCK_SNAPSHOT_KEY"

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Link:
    """How a node hears from its manager, and tells it."""

    client: ManagerClient
    key: str

    def post(self, source: Source, folder: Path) -> Post:
        return Post(api=source.api, environment=source.environment, key=self.key, folder=folder)


def read_source(environment: Mapping[str, str]) -> Source:
    """Return who this node is, as far as anybody said."""

    def said(name: str) -> str:
        return environment.get(f"PENSTOCK_{name}", "")

    return Source(
        api=said("API"),
        environment=said("ENVIRONMENT") or "production",
        version=said("VERSION"),
        deployment=said("DEPLOYMENT"),
        colour=said("COLOUR"),
        node=said("NODE"),
    )


def take_link(environment: MutableMapping[str, str]) -> Link | None:
    """Return how to reach the manager, None where there is none.

    The token is taken out of the environment: nothing that this process starts needs it. Raises
    ConfigurationError.
    """
    token = environment.pop(TOKEN, "")
    manager = environment.get(MANAGER, "")
    if not manager:
        return None
    missing = [
        name
        for name in (TOKEN, KEY, "PENSTOCK_API", "PENSTOCK_NODE")
        if not (token if name == TOKEN else environment.get(name))
    ]
    if missing:
        raise ConfigurationError(
            f"A node with a manager needs {', '.join(missing)} in its environment.",
            hint=f"The manager sets them when it starts a node; without {MANAGER} it uses the "
            "keys of the state folder.",
        )
    _check_key(environment[KEY])
    client = ManagerClient(ManagerAddress.parse(manager), Secret(token))
    return Link(client, environment[KEY])


def _check_key(text: str) -> None:
    try:
        is_key = len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        raise ConfigurationError(
            f"{KEY} is not a key.", hint="It is an Ed25519 public key: 32 bytes in base64."
        )
