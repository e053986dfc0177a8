"""Which node is asking ↔ the token that the manager gave it."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

import msgspec

from penstock.secret import Secret

PREFIX: Final = "pn_"

_DOMAIN: Final = b"penstock-node-token-1\n"
_LONGEST: Final = 1024


class NodeIdentity(msgspec.Struct, frozen=True, array_like=True):
    """A node and its place; `api` is the API's id."""

    node: str
    api: str
    environment: str


def node_token(secret: bytes, identity: NodeIdentity) -> Secret:
    """Make a node's token from the manager's own secret, 32 bytes.

    It has no end: the manager accepts it while it knows the node.
    """
    body = _text(msgspec.json.encode(identity))
    return Secret(f"{PREFIX}{body}.{_text(_seal(secret, body))}")


def read_node_token(secret: bytes, token: str) -> NodeIdentity | None:
    """Return who shows this token, None for one that this manager did not make."""
    if not token.startswith(PREFIX) or len(token) > _LONGEST or not token.isascii():
        return None
    body, _, seal = token.removeprefix(PREFIX).partition(".")
    if not hmac.compare_digest(seal, _text(_seal(secret, body))):
        return None
    try:
        return _DECODER.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, msgspec.DecodeError):
        return None


def _seal(secret: bytes, body: str) -> bytes:
    return hmac.digest(secret, _DOMAIN + body.encode(), sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_DECODER: Final = msgspec.json.Decoder(NodeIdentity)
