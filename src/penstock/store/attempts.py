"""Logins that failed, by name and by address -> how long the next one has to wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, mapped_column

from penstock.store.database import Database, Row

_FREE: Final = 5  # attempts that cost nothing: people mistype
_LONGEST: Final = 900.0  # seconds
_FORGOTTEN: Final = 86_400.0  # seconds after which nothing is held against anybody


class AttemptRow(Row):
    __tablename__ = "login_attempts"

    key: Mapped[str] = mapped_column(String, primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[float]
    last: Mapped[float]


@dataclass(frozen=True, slots=True)
class AttemptRepository:
    """Every method is one transaction. All raise StateError."""

    database: Database

    def begin(self, keys: tuple[str, ...], now: float) -> float:
        """Count an attempt before the password is looked at; return seconds to wait instead.

        Counted before, many at once cannot all pass while none of them has failed yet.
        """
        with self.database.writing() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.last < now - _FORGOTTEN))
            rows = [session.get(AttemptRow, key) for key in keys]
            wait = max((row.blocked_until - now for row in rows if row), default=0.0)
            if wait > 0:
                return wait
            for key, row in zip(keys, rows, strict=True):
                failures = (row.failures if row else 0) + 1
                pause = _pause(failures)
                session.merge(
                    AttemptRow(key=key, failures=failures, blocked_until=now + pause, last=now)
                )
        return 0.0

    def succeeded(self, key: str) -> None:
        """Forget what was counted for a name; an address stays counted for the others."""
        with self.database.writing() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.key == key))


def _pause(failures: int) -> float:
    """Return how long the attempt after this one has to wait: 1 s, 2 s, 4 s, … 15 minutes."""
    if failures < _FREE:
        return 0.0
    return min(_LONGEST, 2.0 ** min(failures - _FREE, 20))
