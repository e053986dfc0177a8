"""Requests that may be sent twice -> their answers, encrypted, as one may hold a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.errors import ConflictError, Kind, ManagementError
from penstock.store.database import Database, Row
from penstock.store.vault import Vault

KEPT_SECONDS: Final = 86_400.0
_RUNNING_SECONDS: Final = (
    600.0  # after which one that was under way elsewhere must have died with its process
)


class RequestRow(Row):
    """`answer` is None while the request is under way; `owner` is the process that does it."""

    __tablename__ = "idempotent_requests"

    caller: Mapped[str] = mapped_column(String, primary_key=True)
    key: Mapped[str] = mapped_column(String, primary_key=True)
    request: Mapped[str]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[float]
    owner: Mapped[str | None]


class IdempotentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`request` is the digest of method, address and body."""

    caller: str
    key: str
    request: str

    @property
    def place(self) -> str:
        return f"answer\n{self.caller}\n{self.key}"


class ReusedKeyError(ManagementError):
    """The same Idempotency-Key with another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    kind = Kind.UNFIT
    title = "The Idempotency-Key belongs to another request"


@dataclass(frozen=True, slots=True)
class IdempotencyRepository:
    """`begin` and `cancel` are transactions of their own. All raise StateError.

    One process at a time has a `place`, and each has another `run`: what an earlier one of the
    same place had under way died with it, whatever a clock says.
    """

    database: Database
    vault: Vault
    place: str
    run: str

    def begin(self, request: IdempotentRequest, now: float) -> bytes | None:
        """Return the answer that was given, or None: then it is this caller's to do.

        Raises ReusedKeyError for another request of the same key, ConflictError while it is under
        way.
        """
        with self.database.writing() as session:
            session.execute(delete(RequestRow).where(RequestRow.created < now - KEPT_SECONDS))
            row = session.get(RequestRow, (request.caller, request.key))
            if row is not None and row.request != request.request:
                raise ReusedKeyError(
                    "This Idempotency-Key was sent with another request.",
                    hint="Take a new key, such as a UUID, for each request that is meant anew.",
                )
            if row is not None and row.answer is not None:
                return self.vault.open(row.answer, request.place)
            if row is not None and not self._died(row, now):
                raise ConflictError(
                    "The request of this Idempotency-Key is still under way.",
                    hint="Send it again in a moment.",
                )
            session.merge(
                RequestRow(
                    caller=request.caller,
                    key=request.key,
                    request=request.request,
                    created=now,
                    owner=self._owner,
                )
            )
        return None

    @property
    def _owner(self) -> str:
        return f"{self.place}\n{self.run}"

    def _died(self, row: RequestRow, now: float) -> bool:
        place, _, run = (row.owner or "").rpartition("\n")
        return (place == self.place and run != self.run) or row.created <= now - _RUNNING_SECONDS

    def complete(self, session: Session, request: IdempotentRequest, answer: bytes) -> None:
        """Keep the answer, in the transaction that did what was asked.

        Raises ConflictError where somebody else has taken it over, which undoes what was done.
        """
        row = session.get(RequestRow, (request.caller, request.key))
        if row is None or row.owner != self._owner:
            raise ConflictError(
                "The request took so long that another manager has begun it anew.",
                hint="Send it again: its answer will be that one's.",
            )
        row.answer = self.vault.seal(answer, request.place)

    def cancel(self, request: IdempotentRequest) -> None:
        """Forget a request that failed: it may be sent again."""
        with self.database.writing() as session:
            row = session.get(RequestRow, (request.caller, request.key))
            if row is not None and row.answer is None and row.owner == self._owner:
                session.delete(row)
