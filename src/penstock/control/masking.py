"""What a node printed, without the secrets that it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from penstock.control.world import World
from penstock.deploy.types import Place
from penstock.link.token import NodeIdentity
from penstock.secret import Secret
from penstock.store import variables
from penstock.store.unit import looking

_SHORTEST: Final = 6  # characters: what is shorter stands in many words that are no secret
_MASK: Final = b"***"


@dataclass(frozen=True, slots=True)
class Mask:
    """`hidden` are bytes that nobody is to read, the longest first."""

    hidden: tuple[bytes, ...]

    def __call__(self, text: bytes) -> bytes:
        for secret in self.hidden:
            text = text.replace(secret, _MASK)
        return text


def mask_of(world: World, place: Place, node: str) -> Mask:
    """Return what hides a place's secrets, each line of them, and the node's own token.

    They are those of now: one that was changed since the node was started is not known any more.
    """
    with looking(world.database) as look:
        given = variables.environment_of(look, world.vault, place).values()
    token = world.link.token_of(NodeIdentity(node, place.api, place.environment))
    secrets = (value.reveal() for value in (*given, token) if isinstance(value, Secret))
    lines = {line.strip() for secret in secrets for line in secret.splitlines()}
    hidden = (line.encode() for line in lines if len(line) >= _SHORTEST)
    return Mask(tuple(sorted(hidden, key=len, reverse=True)))
