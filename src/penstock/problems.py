"""The only place where an error becomes an HTTP response (RFC 9457)."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from penstock.errors import Kind, PenstockError

Header: TypeAlias = tuple[bytes, bytes]

MEDIA_TYPE: Final = b"application/problem+json"

STATUS: Final = {
    Kind.QUERY: 400,
    Kind.AUTHENTICATION: 401,
    Kind.PERMISSION: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD: 405,
    Kind.NOT_ACCEPTABLE: 406,
    Kind.CONFLICT: 409,
    Kind.CHANGED: 412,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.UNFIT: 422,
    Kind.UNCONDITIONAL: 428,
    Kind.THROTTLED: 429,
    Kind.ENGINE: 500,
    Kind.CONFIGURATION: 500,
    Kind.BUSY: 503,
    Kind.UNAVAILABLE: 503,
    Kind.TIMEOUT: 504,
    Kind.FULL: 507,
}

_RETRY = 5  # seconds after which a database that was down may be asked again


class _Part(msgspec.Struct, omit_defaults=True):
    code: str
    title: str
    detail: str
    hint: str | None = None
    pointer: str | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of every error. `errors` holds all problems where there are several."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    pointer: str | None = None
    errors: list[_Part] = []
    success: bool | None = None


def problem_of(error: PenstockError) -> Problem:
    parts = [_Part(p.code, p.title, p.detail, p.hint, p.pointer) for p in error.parts]
    first = parts[0]
    return Problem(
        type="about:blank",
        title=first.title,
        status=STATUS[error.parts[0].kind],
        code=first.code,
        detail=first.detail,
        hint=first.hint,
        pointer=first.pointer,
        errors=parts if len(parts) > 1 else [],
        success=False,
    )


def problem_headers(error: PenstockError, status: int) -> list[Header]:
    headers = [(b"content-type", MEDIA_TYPE), (b"cache-control", b"no-store")]
    if status == STATUS[Kind.AUTHENTICATION]:
        headers.append((b"www-authenticate", b'Bearer realm="penstock"'))
    if status in {STATUS[Kind.UNAVAILABLE], STATUS[Kind.THROTTLED]}:
        after = getattr(error, "retry_after", _RETRY)
        headers.append((b"retry-after", str(after).encode()))
    return headers


encode_problem = msgspec.json.Encoder().encode
