"""A relationship × the rows of both of its tables → whether each finds as many as it says."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.alone import count_rows_alone
from penstock.errors import PenstockError
from penstock.model.types import Relationship, Table
from penstock.project.referred import count_referred
from penstock.project.visit import Visit
from penstock.sql.inspect import count_duplicates, count_matched_duplicates


def check_partners(table: Table, relationship: Relationship, visit: Visit) -> None:
    """Report a relationship by which rows would be counted several times, or not at all."""
    meeting = _Meeting(table, visit.project.model.tables[relationship.table], relationship, visit)
    try:
        meeting.check_target()
        meeting.check_owner()
        meeting.check_each()
    except PenstockError as error:
        meeting.issue(error.code, error.detail, error.hint)


@dataclass(frozen=True, slots=True)
class _Meeting:
    owner: Table
    target: Table
    relationship: Relationship
    visit: Visit

    def issue(self, code: str, message: str, hint: str | None) -> None:
        place = ("relationships", self.owner.name, self.relationship.name)
        self.visit.issue(place, code, message, hint)

    def check_target(self) -> None:
        """Check that no row meets two on the other side: each of its numbers would count twice."""
        others = [key.other_column for key in self.relationship.keys]
        found = self._count(self.target, others)
        # Duplicates that no row refers to are harmless, and common: the hour that a clock strikes
        # twice in autumn, a closed account. They become an issue on the day one is referred to.
        # Of another database's they are looked for in a list; where it is too long, all count.
        is_sure = True
        if found and self.target.database == self.owner.database:
            statement = count_matched_duplicates(
                self.target.source, self.owner.source, self._pairs(), dialect=self._dialect()
            )
            found = self.visit.number(self.owner.database, statement)
        elif found:
            timeout = self.visit.project.serving.timeout
            referred = count_referred(
                self.owner, self.target, self.relationship, self.visit.engines, timeout
            )
            is_sure = bool(referred)
            found = found if referred is None else referred
        if found:
            names = ", ".join(key.other for key in self.relationship.keys)
            self.issue(
                "NOT_UNIQUE",
                f"Several rows of {self.target.name} have the same {names}, and rows of"
                f" {self.owner.name} {'refer' if is_sure else 'may refer'} to them ({found} ×):"
                " joined, they would be counted several times.",
                "Add the key that is missing from `on`, or make the rows of the target unique.",
            )

    def check_owner(self) -> None:
        """Check that no two rows meet one, where it says so."""
        if not self.relationship.one_to_one:
            return
        repeated = self._count(self.owner, [key.own_column for key in self.relationship.keys])
        if repeated:
            self.issue(
                "NOT_UNIQUE",
                f"Several rows of {self.owner.name} have the same key ({repeated} ×), so"
                f" {self.relationship.name!r} is not one to one.",
                "Declare it `kind: many_to_one`.",
            )

    def check_each(self) -> None:
        """Check that every row meets one, where it says so: who does not would be left out."""
        if not self.relationship.mandatory or self.target.database != self.owner.database:
            return
        engine, timeout = (
            self.visit.engines[self.owner.database],
            self.visit.project.serving.timeout,
        )
        alone = count_rows_alone(
            self.owner, self.target, self.relationship, engine, timeout=timeout
        )
        if alone:
            said = "1 row has" if alone == 1 else f"{alone} rows have"
            self.issue(
                "NO_PARTNER",
                f"In {self.owner.name}, {said} no partner in {self.target.name}, so"
                f" {self.relationship.name!r} is not mandatory: joined, they would be left out.",
                "Leave `mandatory` out, or mend the data.",
            )

    def _count(self, table: Table, columns: list[str]) -> int:
        dialect = self.visit.engines[table.database].dialect
        statement = count_duplicates(table.source, columns, dialect=dialect)
        return self.visit.number(table.database, statement)

    def _pairs(self) -> list[tuple[str, str]]:
        return [(key.own_column, key.other_column) for key in self.relationship.keys]

    def _dialect(self) -> str:
        return self.visit.engines[self.owner.database].dialect
