"""How many rows each table had when it was last counted, project by project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.model.types import Count
from penstock.project.recorded import Recorded
from penstock.store.database import BIG, Database, Row


class CountRow(Row):
    __tablename__ = "table_counts"

    project: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    place: Mapped[str]
    version: Mapped[str | None]
    rows: Mapped[int] = mapped_column(BIG)
    newest: Mapped[str | None]
    counted: Mapped[float]


@dataclass(frozen=True, slots=True)
class CountRepository:
    """Every method is one transaction. All raise StateError where the file cannot be used."""

    database: Database

    def read(self, project: str) -> dict[str, Recorded]:
        """Return what is kept of a project's tables, by name."""
        with self.database.reading() as session:
            rows = session.scalars(select(CountRow).where(CountRow.project == project))
            return {
                row.name: Recorded(row.place, row.version, Count(row.rows, row.counted, row.newest))
                for row in rows
            }

    def write(self, project: str, recorded: Mapping[str, Recorded]) -> None:
        """Keep these; those of other tables stay."""
        if not recorded:
            return
        with self.database.writing() as session:
            for name, kept in recorded.items():
                count = kept.count
                session.merge(
                    CountRow(
                        project=project,
                        name=name,
                        place=kept.place,
                        version=kept.version,
                        rows=count.rows,
                        newest=count.newest,
                        counted=count.at,
                    )
                )
