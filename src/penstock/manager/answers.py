"""What a handler gives -> status, headers, body; and back, for answers that are given again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.errors import ChangedError, UnconditionalError
from penstock.problems import Header

JSON: Final = b"application/json"


class Answer(msgspec.Struct, frozen=True):
    """A whole response; it is kept, encrypted, for who sends an Idempotency-Key twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def raw_headers(self) -> list[Header]:
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]


encode = msgspec.json.Encoder().encode
encode_answer = msgspec.json.Encoder().encode
decode_answer = msgspec.json.Decoder(Answer).decode


def etag_of(body: bytes) -> str:
    """Return the strong tag of a representation."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def answered(status: int, found: object, *, location: str | None = None) -> Answer:
    """Encode what was found; None has no body."""
    headers = {"cache-control": "no-store"}
    if location is not None:
        headers["location"] = location
    if found is None:
        return Answer(204, tuple(headers.items()), b"")
    body = encode(found)
    headers |= {"content-type": "application/json", "etag": etag_of(body)}
    return Answer(status, tuple(headers.items()), body)


def not_modified(answer: Answer, if_none_match: str | None) -> Answer:
    """Return the answer, or 304 where the caller has it already."""
    tag = dict(answer.headers).get("etag")
    if tag is None or if_none_match is None or not _names(if_none_match, tag):
        return answer
    return Answer(304, (("etag", tag), ("cache-control", "no-store")), b"")


def check_match(headers: Mapping[bytes, bytes], current: object | None) -> None:
    """Raise UnconditionalError without If-Match, ChangedError if it means another state.

    `current` is None for what is not there: then only If-None-Match: * may make it.
    """
    wanted = headers.get(b"if-match")
    if current is None:
        if wanted is not None:
            raise ChangedError("It is not there any more.", hint="Read it again.")
        if headers.get(b"if-none-match", b"").strip() != b"*":
            raise UnconditionalError(
                "This does not exist yet.", hint="Send `If-None-Match: *` to make it."
            )
        return
    if headers.get(b"if-none-match", b"").strip() == b"*":
        raise ChangedError("It exists already.", hint="Read it, and send its ETag as If-Match.")
    if wanted is None:
        raise UnconditionalError(
            "A change needs the header If-Match.",
            hint="Send the ETag that came with it, or * for whatever it is now.",
        )
    text = wanted.decode("latin-1")
    if text.strip() != "*" and not _names(text, etag_of(encode(current))):
        raise ChangedError(
            "It was changed since you read it.", hint="Read it again, then change it."
        )


def _names(header: str, tag: str) -> bool:
    """Whether a list of tags has this one; a weak one never means a strong one."""
    return tag in {part.strip() for part in header.split(",")}
