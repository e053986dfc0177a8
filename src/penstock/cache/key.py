"""Everything an answer depends on → the key it is kept under."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import chain
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


def answer_key(
    *,
    query: bytes,
    version: str,
    fingerprint: str,
    wanted: str,
    options: Mapping[str, str] = _NONE,
) -> bytes:
    """Return 32 bytes that no other parts give.

    `query` is the query or its digest, `version` that of model and data, `fingerprint` that of the
    caller's View: it covers every value of the row guards, so two callers share an answer only if
    they see exactly the same. `wanted` names format and shape; the order of `options` is nothing.
    """
    texts = (version, fingerprint, wanted, *chain(*sorted(options.items())))
    parts = [query, *(text.encode("utf-8", "surrogatepass") for text in texts)]
    # How many, how long, then the parts themselves: nothing can run together.
    sizes = [len(part).to_bytes(8, "big") for part in parts]
    whole = b"".join((len(parts).to_bytes(8, "big"), *sizes, *parts))
    return blake2b(whole, digest_size=32).digest()
