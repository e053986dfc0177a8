"""Access tokens of people and service accounts: `pt_<id>_<secret><crc>`; only hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from typing import Final

import msgspec
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import NotFoundError
from penstock.secret import Secret
from penstock.store import bindings, roles
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.grants import Grant, Grants
from penstock.store.paging import Page, Span, newest, paged
from penstock.store.roles import RoleRow
from penstock.store.subjects import SubjectKind, SubjectRecord, SubjectRow
from penstock.store.unit import Look, Resource, Work

PREFIX: Final = "pt_"
_SECRET_BYTES: Final = 32
_FORM: Final = re.compile(r"(pt_([a-z2-7]{16})_([0-9a-f]{64}))([0-9a-f]{8})")


class TokenRow(Row, Audited):
    __tablename__ = "access_tokens"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    subject: Mapped[str] = mapped_column(String, index=True)
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[float]
    expires: Mapped[float | None]
    revoked: Mapped[float | None]


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret; `subject` is whose it is; times are in epoch seconds."""

    id: str
    subject: str
    name: str
    created: float
    expires: float | None
    revoked: float | None


class Presented(msgspec.Struct, frozen=True):
    """What a caller sent, well formed; nothing is proved yet."""

    id: str
    hash: bytes


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is, and what they may do now."""

    token: TokenRecord
    subject: SubjectRecord
    grants: Grants


def mint(identifier: str, random: bytes) -> tuple[Secret, bytes]:
    """Return the text of a token, shown once, and the hash to keep."""
    secret = random.hex()
    text = f"{PREFIX}{identifier}_{secret}"
    return Secret(f"{text}{_checksum(text)}"), _hash(secret)


def parse(text: str) -> Presented | None:
    """Read a token; None for what none can look like, which its checksum tells without a store."""
    found = _FORM.fullmatch(text)
    if found is None or _checksum(found[1]) != found[4]:
        return None
    return Presented(f"tok_{found[2]}", _hash(found[3]))


def create(
    work: Work, subject: SubjectRecord, name: str, expires: float | None
) -> tuple[TokenRecord, Secret]:
    """Make a token; its text is returned this once."""
    identifier = work.new_id("")
    secret, hashed = mint(identifier, work.random(_SECRET_BYTES))
    row = TokenRow(
        id=f"tok_{identifier}",
        subject=subject.id,
        name=name,
        hash=hashed,
        created=work.now,
        expires=expires,
    )
    work.session.add(row)
    record = _record(row)
    work.note("people:tokens:create", _resource(record), None, record)
    return record, secret


def prove(look: Look, presented: Presented, now: float) -> Proved | None:
    """Return whose token it is; None if it is unknown, wrong, revoked or expired."""
    query = select(TokenRow, SubjectRow).join(SubjectRow, SubjectRow.id == TokenRow.subject)
    found = look.session.execute(query.where(TokenRow.id == presented.id)).first()
    # The comparison is always made: how long this takes does not tell which ids exist.
    equal = hmac.compare_digest(presented.hash, found[0].hash if found else bytes(32))
    if found is None or not equal:
        return None
    token, subject = found
    ended = token.expires is not None and now >= token.expires
    if ended or token.revoked is not None or subject.disabled:
        return None
    record = SubjectRecord(
        id=subject.id,
        kind=SubjectKind(subject.kind),
        name=subject.name,
        title=subject.title,
        disabled=subject.disabled,
        has_password=subject.password is not None,
        created=subject.created,
        changed=subject.changed,
    )
    return Proved(token=_record(token), subject=record, grants=grants_of(look, subject.id))


def grants_of(look: Look, subject: str) -> Grants:
    """Return what the roles of somebody allow; a role that is gone allows nothing."""
    held = bindings.of(look, subject)
    own = {one.role for one in held} - roles.BUILT_IN.keys()
    rows = look.session.scalars(select(RoleRow).where(RoleRow.name.in_(own))) if own else ()
    known = {name: role.permissions for name, role in roles.BUILT_IN.items()}
    known |= {row.name: tuple(row.permissions) for row in rows}
    return Grants(
        tuple(
            Grant(permissions=frozenset(known[one.role]), project=one.project, api=one.api)
            for one in held
            if one.role in known
        )
    )


def get(look: Look, token: str) -> TokenRecord:
    """Raise NotFoundError."""
    row = look.session.get(TokenRow, token)
    if row is None:
        raise NotFoundError(f"There is no token {token!r}.")
    return _record(row)


def page(look: Look, span: Span, subject: str) -> Page[TokenRecord]:
    query = select(TokenRow).where(TokenRow.subject == subject)
    rows = look.session.scalars(newest(query, TokenRow.created, TokenRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def revoke(work: Work, token: str) -> TokenRecord:
    """Refuse it from the next request on; one that is revoked stays so."""
    row = work.session.get(TokenRow, token)
    if row is None:
        raise NotFoundError(f"There is no token {token!r}.")
    before = _record(row)
    row.revoked = work.now if row.revoked is None else row.revoked
    after = _record(row)
    work.note("people:tokens:revoke", _resource(after), before, after)
    return after


def revoke_all(work: Work, subject: str) -> None:
    """Refuse all that somebody has, since the password changed for instance."""
    query = select(TokenRow).where(TokenRow.subject == subject, TokenRow.revoked.is_(None))
    for row in work.session.scalars(query).all():
        revoke(work, row.id)


def _hash(secret: str) -> bytes:
    # A fast hash is right here: 256 random bits cannot be guessed, unlike a password.
    return hashlib.sha256(secret.encode("ascii")).digest()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('ascii')):08x}"


def _record(row: TokenRow) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        subject=row.subject,
        name=row.name,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
    )


def _resource(record: TokenRecord) -> Resource:
    return Resource(kind="token", id=record.id, detail=f"of {record.subject}")
