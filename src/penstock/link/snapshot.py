"""What a node has to know of the world beyond its artifact ↔ signed bytes."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from penstock.auth.keyring import KeyRecord
from penstock.errors import Kind, PenstockError

MEDIA_TYPE: Final = "application/vnd.penstock.snapshot"
FORMAT: Final = 1

_HEAD: Final = b"penstock-snapshot-1\n"
_SIGNATURE: Final = 64  # bytes
_LARGEST: Final = 256 << 20  # bytes of a snapshot: some 500,000 keys


class SnapshotRefusedError(PenstockError):
    """A snapshot that is damaged, not signed by our manager, of another API, or an old one."""

    code = "SNAPSHOT_REFUSED"
    kind = Kind.UNAVAILABLE
    title = "The manager's snapshot cannot be used"


class NodeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits that a running node takes over; None leaves what the project says.

    `concurrency` and `queue` are numbers of queries, `queue_timeout` is in seconds.
    """

    concurrency: int | None = None
    queue: int | None = None
    queue_timeout: float | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """`sequence` grows strictly with each change of what is in it, `issued` is in epoch seconds.

    `api` is the API's id. `keys` are those of this API and those for all APIs, without secrets.
    `refresh` grows whenever somebody wants all nodes to count their tables anew.
    """

    sequence: int
    issued: float
    api: str
    environment: str
    keys: tuple[KeyRecord, ...] = ()
    limits: NodeLimits = NodeLimits()
    refresh: int = 0
    format: int = FORMAT


def new_signing_key() -> bytes:
    """Return a new private key, 32 bytes. Whoever has it says who may call."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def verification_key(private: bytes) -> str:
    """Return what nodes are given, as PENSTOCK_SNAPSHOT_KEY: the public half, in base64."""
    public = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return base64.b64encode(public.public_bytes_raw()).decode()


def sign_snapshot(snapshot: Snapshot, private: bytes) -> bytes:
    """Return a snapshot as it is sent: a head, the signature of all that follows, JSON."""
    body = _HEAD + msgspec.json.encode(snapshot)
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(body)
    return _HEAD + base64.b64encode(signature) + b"\n" + body.removeprefix(_HEAD)


def read_snapshot(signed: bytes, key: str) -> Snapshot:
    """Read a snapshot that the manager of this key signed. Raises SnapshotRefusedError."""
    body = _proved(signed, key)
    try:
        snapshot = _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise _refused(f"It cannot be read: {error}.") from error
    if snapshot.format != FORMAT:
        raise _refused(f"Its format is {snapshot.format}, this Penstock reads {FORMAT}.")
    return snapshot


def check_snapshot(snapshot: Snapshot, *, api: str, environment: str, after: int) -> None:
    """Raise SnapshotRefusedError unless it is for this place, and newer than `after`."""
    if (snapshot.api, snapshot.environment) != (api, environment):
        raise _refused(f"It is for {snapshot.api} in {snapshot.environment}.")
    if snapshot.sequence <= after:
        raise _refused(f"Its sequence is {snapshot.sequence}, and {after} is known already.")


def _proved(signed: bytes, key: str) -> bytes:
    """Return the JSON of a snapshot whose signature is right."""
    head, _, rest = signed[:_LARGEST].partition(b"\n")
    encoded, _, body = rest.partition(b"\n")
    if head + b"\n" != _HEAD:
        raise _refused("It does not begin like one.")
    try:
        signature = base64.b64decode(encoded, validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(signature, _HEAD + body)
        is_canonical = base64.b64encode(signature) == encoded
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise _refused("Its signature is not that of the manager.") from error
    if not is_canonical:  # the last letter has bits to spare
        raise _refused("Its signature is not written as it should be.")
    return body


def _refused(why: str) -> SnapshotRefusedError:
    return SnapshotRefusedError(
        f"The snapshot is refused. {why}",
        hint="The one known before stays in force, and the manager is asked again.",
    )


_DECODER: Final = msgspec.json.Decoder(Snapshot)
