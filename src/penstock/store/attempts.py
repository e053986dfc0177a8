"""Logins that failed, by name and by address -> how long the next one has to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, mapped_column

from penstock.store.database import Database, Row

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

    def begin(self, keys: Mapping[str, int], now: float) -> float:
        """Count an attempt before the password is looked at; return seconds to wait instead.

        `keys` are what it is counted for, each with how many attempts cost nothing.

        Counted before, many at once cannot all pass while none of them has failed yet.
        """
        with self.database.writing() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.last < now - _FORGOTTEN))
            rows = {key: session.get(AttemptRow, key) for key in keys}
            for row in rows.values():
                if row is not None and row.last > now:  # the clock was set back meanwhile
                    row.blocked_until, row.last = now + row.blocked_until - row.last, now
            wait = max((row.blocked_until - now for row in rows.values() if row), default=0.0)
            if wait > 0:
                return wait
            for key, row in rows.items():
                failures = (row.failures if row else 0) + 1
                pause = _pause(failures - keys[key])
                session.merge(
                    AttemptRow(key=key, failures=failures, blocked_until=now + pause, last=now)
                )
        return 0.0

    def succeeded(self, own: str, shared: str) -> None:
        """Forget what was counted for a name, and for an address this one attempt alone.

        Whoever has one password must not be able to guess others by logging in between.
        """
        with self.database.writing() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.key == own))
            row = session.get(AttemptRow, shared)
            if row is not None:
                row.failures, row.blocked_until = max(0, row.failures - 1), 0.0


def _pause(beyond: int) -> float:
    """Return how long the attempt after this one has to wait: 1 s, 2 s, 4 s, … 15 minutes."""
    return 0.0 if beyond < 0 else min(_LONGEST, 2.0 ** min(beyond, 20))
