"""The one answer to every credential that is not accepted."""

from __future__ import annotations

from penstock.errors import AuthenticationError


class RefusalReason(Exception):  # noqa: N818 it is never raised: it explains an error to the log
    """Why a credential was refused: the `__cause__` of the error, for the operator's eyes only."""


def refused(reason: str) -> AuthenticationError:
    """Return an error that says the same for every reason, and keeps the reason for the log."""
    error = AuthenticationError(
        "This request needs a valid credential.",
        hint="Send 'Authorization: Bearer …' with an API key or token, or 'X-API-Key' with a key.",
    )
    error.__cause__ = RefusalReason(reason)
    return error
