"""A plan over several databases → one over an engine whose catalogs hold the tables of all."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from msgspec import structs

from penstock.plan.divide import databases_of
from penstock.plan.types import Earlier, Join, Label, Plan, Scan, Subtotal

_DEPTH = 3
"""A table's whole name: catalog, schema, table."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """The engine, itself a database of the project, and what it calls the others.

    A catalog may be given with a schema, `shop.public`, for tables that are named without one.
    """

    database: str
    catalogs: Mapping[str, str]

    def holds(self, plan: Plan) -> bool:
        """Whether a plan needs several databases, and all of them are here."""
        return self.joins(
            databases_of(plan).union(*(databases_of(total.plan) for total in plan.totals))
        )

    def joins(self, databases: AbstractSet[str]) -> bool:
        """Whether these are several databases, and all of them are here."""
        return len(databases) > 1 and databases <= {*self.catalogs, self.database}


def place_plan(plan: Plan, there: Gathering | None) -> Plan:
    """Leave what needs several databases to the engine that holds them all, if there is one."""
    return plan if there is None or not there.holds(plan) else gather_plan(plan, there)


def gather_plan(plan: Plan, there: Gathering) -> Plan:
    return replace(
        plan,
        database=there.database,
        scan=gather_scan(plan.scan, there),
        joins=tuple(_join(join, there) for join in plan.joins),
        labels=tuple(_label(label, there) for label in plan.labels),
        earlier=tuple(_earlier(earlier, there) for earlier in plan.earlier),
        totals=tuple(Subtotal(x.name, gather_plan(x.plan, there)) for x in plan.totals),
        parts=tuple(gather_plan(part, there) for part in plan.parts),
    )


def gather_scan(scan: Scan, there: Gathering) -> Scan:
    """Read a table under the name that the engine has for it. Its guard is tested there."""
    catalog = there.catalogs.get(scan.database)
    if catalog is None:
        return scan
    prefix = tuple(catalog.split("."))[: max(1, _DEPTH - len(scan.source))]
    return structs.replace(scan, source=(*prefix, *scan.source), database=there.database)


def _join(join: Join, there: Gathering) -> Join:
    return structs.replace(join, scan=gather_scan(join.scan, there))


def _label(label: Label, there: Gathering) -> Label:
    return structs.replace(label, scan=gather_scan(label.scan, there))


def _earlier(earlier: Earlier, there: Gathering) -> Earlier:
    return structs.replace(earlier, parts=tuple(gather_plan(part, there) for part in earlier.parts))
