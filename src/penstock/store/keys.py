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
from penstock.auth.rotation import begin_rotation, finish_rotation, revoke
from penstock.errors import ConfigurationError, NotFoundError, suggestion
from penstock.secret import Secret
from penstock.store.database import Database, Row

StoredValue: TypeAlias = Scalar | list[Scalar]

_TOPIC = "keys"
_TOKEN_BYTES = 8


class KeyRow(Row):
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


class GenerationRow(Row):
    """`token` changes with every change to the rows of a topic, in the same transaction.

    It is random and not a counter: a backup that is put back must look like a change too.
    """

    __tablename__ = "generations"

    topic: Mapped[str] = mapped_column(String, primary_key=True)
    token: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """What somebody wants of a new key; `expires` is in epoch seconds."""

    name: str
    environment: Environment = Environment.LIVE
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    expires: float | None = None


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

    def create(self, draft: KeyDraft, now: float) -> tuple[KeyRecord, Secret]:
        """Make a key. Its text is returned this once; nobody can find it again."""
        key_id = new_key_id(self.random(ID_BYTES))
        secret, hash_ = mint(draft.environment, key_id, self.random(SECRET_BYTES))
        record = KeyRecord(
            id=key_id,
            name=draft.name,
            environment=draft.environment,
            current=hash_,
            created=now,
            roles=draft.roles,
            attributes=draft.attributes,
            permissions=draft.permissions,
            expires=draft.expires,
        )
        with self.database.writing() as session:
            self._save(session, record, KeyRow(id=key_id))
        return record, secret

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
        return self._change(reference, lambda record: revoke(record, now))

    def rotate(self, reference: str, now: float, grace: float | None) -> tuple[KeyRecord, Secret]:
        """Give a key a second secret; the first ends after `grace` seconds, None: when finished.

        Raises ConfigurationError for a key that cannot have one.
        """
        with self.database.writing() as session:
            row = _find(session, reference)
            secret, hash_ = mint(Environment(row.environment), row.id, self.random(SECRET_BYTES))
            record = begin_rotation(_read(row), hash_, now, grace)
            self._save(session, record, row)
        return record, secret

    def finish_rotation(self, reference: str, now: float) -> KeyRecord:
        """End the first secret. Raises ConfigurationError for a key that is not rotating."""
        return self._change(reference, lambda record: finish_rotation(record, now))

    def touch(self, times: Mapping[str, float]) -> None:
        """Write when keys were last used, by id; no change that a node would have to know of."""
        with self.database.writing() as session:
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
        """Return every key with the generation it is of."""
        with self.database.reading() as session:
            ring = KeyRing.of(_read(row) for row in _rows(session))
            return _generation(session), ring

    def _change(self, reference: str, change: Callable[[KeyRecord], KeyRecord]) -> KeyRecord:
        with self.database.writing() as session:
            row = _find(session, reference)
            record = change(_read(row))
            self._save(session, record, row)
        return record

    def _save(self, session: Session, record: KeyRecord, row: KeyRow) -> None:
        _write(record, row)
        session.add(row)
        session.merge(GenerationRow(topic=_TOPIC, token=self.random(_TOKEN_BYTES).hex()))


def _rows(session: Session) -> list[KeyRow]:
    return list(session.scalars(select(KeyRow).order_by(KeyRow.created, KeyRow.id)))


def _find(session: Session, reference: str) -> KeyRow:
    by_id = session.get(KeyRow, reference)
    if by_id is not None:
        return by_id
    rows = _rows(session)
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
        f"There is no key {reference!r}.", hint=near or "`penstock keys list` shows every key."
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


def _generation(session: Session) -> str:
    found = session.get(GenerationRow, _TOPIC)
    return found.token if found else ""
