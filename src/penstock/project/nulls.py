"""A table × its rows → whether each has what the model says that each has."""

from __future__ import annotations

from penstock.errors import PenstockError
from penstock.model.types import Table
from penstock.nulls import count_nulls
from penstock.project.visit import Visit


def check_nulls(table: Table, visit: Visit) -> None:
    """Report the attributes by which a count of rows would count too many."""
    timeout = visit.project.serving.timeout
    try:
        found = count_nulls(table, visit.engines[table.database], timeout=timeout)
    except PenstockError as error:
        visit.issue(("tables", table.name), error.code, error.detail, error.hint)
        return
    for name, rows in found.items():
        said = "1 row has" if rows == 1 else f"{rows} rows have"
        visit.issue(
            ("attributes", table.name, name),
            "HAS_NULLS",
            f"In {table.name}, {said} no {name}, so {name!r} is not `not_null`: counting it would"
            " count them.",
            "Leave `not_null` out, or mend the data.",
        )
