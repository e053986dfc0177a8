"""Everything an answer depends on → the key it is kept under."""

from __future__ import annotations

from functools import lru_cache


def answer_key(*, query: bytes, version: str, fingerprint: str, wanted: str) -> bytes:
    """Return bytes that no other parts give; the query is the most of them.

    `query` is the query as it was sent, `version` that of model and data, `fingerprint` that of the
    caller's View: it covers every value of the row guards, so two callers share an answer only if
    they see exactly the same. `wanted` names format, shape and options.
    """
    return _prefix(version, fingerprint, wanted) + query


@lru_cache(maxsize=4096)
def _prefix(*texts: str) -> bytes:
    """Return texts in a row, each led by its length: nothing can run together."""
    return "".join(f"{len(text)}:{text}" for text in texts).encode("utf-8", "surrogatepass")
