"""Everything an answer depends on → the key it is kept under."""

from __future__ import annotations

from hashlib import blake2b


def answer_key(*, query: bytes, version: str, fingerprint: str, wanted: str) -> bytes:
    """Return 32 bytes that no other parts give.

    `query` is the query as it was sent, `version` that of model and data, `fingerprint` that of the
    caller's View: it covers every value of the row guards, so two callers share an answer only if
    they see exactly the same. `wanted` names format, shape and options.
    """
    # Each text is led by its length, and the query comes last: nothing can run together.
    texts = f"{len(version)}:{version}{len(fingerprint)}:{fingerprint}{len(wanted)}:{wanted}"
    return blake2b(texts.encode("utf-8", "surrogatepass") + query, digest_size=32).digest()
