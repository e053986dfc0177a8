"""Keys of the installation's own, made once, encrypted at rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.store.database import Database, Row
from penstock.store.vault import Vault


class SealedRow(Row):
    __tablename__ = "sealed"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class SealedRepository:
    """Every method is one transaction. All raise StateError, for a lost master key too."""

    database: Database
    vault: Vault

    def get_or_make(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a name; of several that ask at once, one makes it."""
        with self.database.reading() as session:
            row = session.get(SealedRow, name)
            if row is not None:
                return self.vault.open(row.value, _place(name))
        with self.database.writing() as session:
            row = session.get(SealedRow, name)
            if row is not None:
                return self.vault.open(row.value, _place(name))
            made = make()
            session.add(SealedRow(name=name, value=self.vault.seal(made, _place(name))))
        return made

    def reseal(self) -> int:
        """Encrypt anew what another key than today's sealed; return how many there were."""
        count = 0
        with self.database.writing() as session:
            for row in session.scalars(select(SealedRow)):
                if not self.vault.is_current(row.value):
                    plain = self.vault.open(row.value, _place(row.name))
                    row.value = self.vault.seal(plain, _place(row.name))
                    count += 1
        return count


def _place(name: str) -> str:
    return f"sealed\n{name}"
