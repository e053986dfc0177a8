"""A project's databases → files that only a node's environment would name: none has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from penstock.project.types import Connector, Issue


def find_unplaced(connectors: Iterable[Connector]) -> tuple[Issue, ...]:
    """Return an issue for each file whose path is a variable's.

    An artifact holds its project's data, and a node opens no others: here such a project can be
    asked, and no artifact can be built of it.
    """
    return tuple(
        Issue(
            code="FILE_FROM_VARIABLE",
            message=(
                f"Which file {f'the table {table!r}' if table else 'the database'} of"
                f" {connector.name!r} is, a variable says: no artifact would hold it."
            ),
            hint="Write the path of a file of the project; or keep the data in a database that is"
            " reached over the network, whose address may be a variable's.",
            **asdict(place),
        )
        for connector in connectors
        for table, place in sorted(connector.elsewhere.items())
    )
