"""API keys as they are stored: hashes, never secrets."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from sqlalchemy import JSON, LargeBinary, String, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.auth.apikey import ID_BYTES, SECRET_BYTES, Environment, mint, new_key_id
from penstock.auth.keyring import KeyRecord, KeyRing
from penstock.auth.principal import AttributeValue, Scalar
from penstock.auth.rotation import begin_rotation
from penstock.auth.rotation import finish_rotation as finished
from penstock.auth.rotation import revoke as revoked
from penstock.errors import ConfigurationError, NotFoundError, suggestion
from penstock.secret import Secret
from penstock.store import apis, sequences
from penstock.store.apis import ApiRow
from penstock.store.audited import Audited, AuditedWrites
from penstock.store.database import Database, Row
from penstock.store.paging import Page, Reach, Span, paged, spanned
from penstock.store.unit import LOCAL, Actor, Look, Resource, Work, working

StoredValue: TypeAlias = Scalar | list[Scalar]

_TOPIC = "keys"
_TOKEN_BYTES = 8
_USED = frozenset({"api_keys"})  # when a key was last used is no change that anybody made


class KeyRow(Row, Audited):
    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str]
    environment: Mapped[str]
    current_hash: Mapped[bytes] = mapped_column(LargeBinary)
    next_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    overlap_ends: Mapped[float | None]
    roles: Mapped[list[str]] = mapped_column(JSON)
    attributes: Mapped[dict[str, StoredValue]] = mapped_column(JSON)
    permissions: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[float]
    expires: Mapped[float | None]
    revoked: Mapped[float | None]
    last_used: Mapped[float | None]
    api: Mapped[str | None] = mapped_column(String, index=True)


class GenerationRow(Row):
    """`token` changes with every change to the rows of a topic, in the same transaction.

    It is random and not a counter: a backup that is put back must look like a change too.
    """

    __tablename__ = "generations"

    topic: Mapped[str] = mapped_column(String, primary_key=True)
    token: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """What somebody wants of a new key; `expires` is in epoch seconds.

    `api` is the id of the one API it is for, None for all of them.
    """

    name: str
    environment: Environment = Environment.LIVE
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    expires: float | None = None
    api: str | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """`last_used` is up to a minute late: it is written in batches."""

    record: KeyRecord
    last_used: float | None


@dataclass(frozen=True, slots=True)
class KeyRepository:
    """Every method is one transaction. All raise StateError where the file cannot be used."""

    database: Database
    random: Callable[[int], bytes] = secrets.token_bytes
    by: Actor = LOCAL

    def create(self, draft: KeyDraft, now: float) -> tuple[KeyRecord, Secret]:
        """Make a key. Its text is returned this once; nobody can find it again."""
        with working(self.database, self.by, now, self.random) as work:
            return create(work, draft)

    def list(self) -> tuple[StoredKey, ...]:
        """Return every key, revoked ones too, the oldest first."""
        with self.database.reading() as session:
            return tuple(_stored(row) for row in _rows(session))

    def find(self, reference: str) -> StoredKey:
        """Return the key of an id, or of a name that one key alone has.

        Raises NotFoundError, with a suggestion, and ConfigurationError for a name of several.
        """
        with self.database.reading() as session:
            return _stored(_find(session, reference))

    def revoke(self, reference: str, now: float) -> KeyRecord:
        """Refuse a key from now on, within 5 seconds on every node."""
        with working(self.database, self.by, now, self.random) as work:
            return revoke(work, _find(work.session, reference).id)

    def rotate(self, reference: str, now: float, grace: float | None) -> tuple[KeyRecord, Secret]:
        """Give a key a second secret; the first ends after `grace` seconds, None: when finished.

        Raises ConfigurationError for a key that cannot have one.
        """
        with working(self.database, self.by, now, self.random) as work:
            return rotate(work, _find(work.session, reference).id, grace)

    def finish_rotation(self, reference: str, now: float) -> KeyRecord:
        """End the first secret. Raises ConfigurationError for a key that is not rotating."""
        with working(self.database, self.by, now, self.random) as work:
            return finish_rotation(work, _find(work.session, reference).id)

    def touch(self, times: Mapping[str, float]) -> None:
        """Write when keys were last used, by id; no change that a node would have to know of."""
        with self.database.writing(AuditedWrites(exempt=_USED)) as session:
            for key_id, used in times.items():
                earlier = or_(KeyRow.last_used.is_(None), KeyRow.last_used < used)
                session.execute(
                    update(KeyRow).where(KeyRow.id == key_id, earlier).values(last_used=used)
                )

    def generation(self) -> str:
        """Return a token that changes when any key does; cheap enough to ask twice a second."""
        with self.database.reading() as session:
            return _generation(session)

    def snapshot(self) -> tuple[str, KeyRing]:
        """Return every key that is for all APIs, with the generation it is of.

        One for a single API is for the nodes of that API: see `snapshot_of`.
        """
        with self.database.reading() as session:
            ring = KeyRing.of(_read(row) for row in _rows(session) if row.api is None)
            return _generation(session), ring


def create(work: Work, draft: KeyDraft) -> tuple[KeyRecord, Secret]:
    """Make a key. Its text is returned this once. Raises NotFoundError for an API of no such id."""
    if draft.api is not None:
        apis.get(work, draft.api)
    key_id = new_key_id(work.random(ID_BYTES))
    secret, hash_ = mint(draft.environment, key_id, work.random(SECRET_BYTES))
    record = KeyRecord(
        id=key_id,
        name=draft.name,
        environment=draft.environment,
        current=hash_,
        created=work.now,
        roles=draft.roles,
        attributes=draft.attributes,
        permissions=draft.permissions,
        expires=draft.expires,
        api=draft.api,
    )
    _save(work, "access:keys:create", record, KeyRow(id=key_id))
    return record, secret


def get(look: Look, key: str) -> StoredKey:
    """Raise NotFoundError for an id that no key has."""
    return _stored(_row(look, key))


def page(look: Look, reach: Reach, span: Span, api: str | None = None) -> Page[StoredKey]:
    """Return what is in reach, revoked keys too; those of one API only, if it is given."""
    query = select(KeyRow).outerjoin(ApiRow, ApiRow.id == KeyRow.api)
    query = query.where(reach.holds(ApiRow.project, KeyRow.api))
    if api is not None:
        query = query.where(KeyRow.api == api)
    rows = look.session.scalars(spanned(query, KeyRow.created, KeyRow.id, span))
    found = [_stored(row) for row in rows]
    return paged(found, span, lambda one: (one.record.created, one.record.id))


def snapshot_of(look: Look, api: str) -> KeyRing:
    """Return the keys that open an API: its own, and those that are for all."""
    query = select(KeyRow).where(or_(KeyRow.api.is_(None), KeyRow.api == api))
    rows = look.session.scalars(query.order_by(KeyRow.created, KeyRow.id))
    return KeyRing.of(_read(row) for row in rows)


def revoke(work: Work, key: str) -> KeyRecord:
    """Refuse a key from now on, within 5 seconds on every node."""
    return _change(work, key, "access:keys:revoke", lambda record: revoked(record, work.now))


def rotate(work: Work, key: str, grace: float | None) -> tuple[KeyRecord, Secret]:
    """Give a key a second secret. Raises ConfigurationError for a key that cannot have one."""
    row = _row(work, key)
    secret, hash_ = mint(Environment(row.environment), row.id, work.random(SECRET_BYTES))
    record = _change(
        work, key, "access:keys:rotate", lambda old: begin_rotation(old, hash_, work.now, grace)
    )
    return record, secret


def finish_rotation(work: Work, key: str) -> KeyRecord:
    """End the first secret. Raises ConfigurationError for a key that is not rotating."""
    return _change(work, key, "access:keys:finish", lambda old: finished(old, work.now))


def revoke_all(work: Work, api: str) -> None:
    """Refuse all keys of an API."""
    query = select(KeyRow.id).where(KeyRow.api == api, KeyRow.revoked.is_(None))
    for key in work.session.scalars(query).all():
        revoke(work, key)


def _change(
    work: Work, key: str, action: str, change: Callable[[KeyRecord], KeyRecord]
) -> KeyRecord:
    row = _row(work, key)
    record = change(_read(row))
    _save(work, action, record, row)
    return record


def _save(work: Work, action: str, record: KeyRecord, row: KeyRow) -> None:
    """Write a key, and that keys have changed: for who watches the file, and for nodes."""
    before = _noted(_read(row)) if row in work.session else None
    _write(record, row)
    work.session.add(row)
    work.session.merge(GenerationRow(topic=_TOPIC, token=work.random(_TOKEN_BYTES).hex()))
    sequences.advance(work.session, record.api, work.now)
    api = work.session.get(ApiRow, record.api) if record.api else None
    resource = Resource(
        kind="key",
        id=record.id,
        project=api.project if api else None,
        api=record.api,
        detail=record.name,
    )
    work.note(action, resource, before, _noted(record))


def _noted(record: KeyRecord) -> dict[str, object]:
    """Return what the audit log may have a digest of: all but hashes of secrets."""
    return {
        "id": record.id,
        "name": record.name,
        "environment": record.environment.value,
        "roles": record.roles,
        "attributes": dict(record.attributes),
        "permissions": sorted(record.permissions),
        "expires": record.expires,
        "overlap_ends": record.overlap_ends,
        "rotating": record.next is not None,
        "revoked": record.revoked,
        "api": record.api,
    }


def _row(look: Look, key: str) -> KeyRow:
    row = look.session.get(KeyRow, key)
    if row is None:
        raise NotFoundError(f"There is no key {key!r}.")
    return row


def _rows(session: Session) -> list[KeyRow]:
    return list(session.scalars(select(KeyRow).order_by(KeyRow.created, KeyRow.id)))


def _find(session: Session, reference: str) -> KeyRow:
    rows = _rows(session)  # all of them, looked through here: a reference may hold any sign
    by_id = next((row for row in rows if row.id == reference), None)
    if by_id is not None:
        return by_id
    named = [row for row in rows if row.name == reference]
    living = [row for row in named if row.revoked is None] or named
    if len(living) == 1:
        return living[0]
    if living:
        raise ConfigurationError(
            f"{len(living)} keys are named {reference!r}.",
            hint=f"Give the id of one of them: {', '.join(row.id for row in living)}",
        )
    near = suggestion(reference, [word for row in rows for word in (row.id, row.name)])
    raise NotFoundError(
        f"There is no key {reference!r}.",
        hint=near or "`penstock keys list --all` shows every key.",
    )


def _read(row: KeyRow) -> KeyRecord:
    attributes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.attributes.items()
    }
    return KeyRecord(
        id=row.id,
        name=row.name,
        environment=Environment(row.environment),
        current=row.current_hash,
        next=row.next_hash,
        overlap_ends=row.overlap_ends,
        roles=tuple(row.roles),
        attributes=MappingProxyType(attributes),
        permissions=frozenset(row.permissions),
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        api=row.api,
    )


def _stored(row: KeyRow) -> StoredKey:
    return StoredKey(_read(row), row.last_used)


def _write(record: KeyRecord, row: KeyRow) -> None:
    row.name = record.name
    row.environment = record.environment.value
    row.current_hash = record.current
    row.next_hash = record.next
    row.overlap_ends = record.overlap_ends
    row.roles = list(record.roles)
    row.attributes = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in record.attributes.items()
    }
    row.permissions = sorted(record.permissions)
    row.created = record.created
    row.expires = record.expires
    row.revoked = record.revoked
    row.api = record.api


def _generation(session: Session) -> str:
    found = session.get(GenerationRow, _TOPIC)
    return found.token if found else ""
