"""The saved queries → those that exist for a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penstock.errors import PenstockError
from penstock.plan.atlas import atlas
from penstock.plan.choose import references
from penstock.policy.types import View
from penstock.project.saved import example
from penstock.project.types import Project
from penstock.query.parameters import Parameter
from penstock.query.parse import read_query
from penstock.query.saved import SavedQuery, resolve
from penstock.query.types import Json, Limits


def visible_queries(project: Project, view: View) -> Mapping[str, SavedQuery]:
    """Return the saved queries that name nothing hidden, whatever the caller's arguments.

    A change that a caller could make to an attribute hidden from them is not among theirs.
    """
    whole, seen = atlas(project.model), atlas(view.model)

    def is_hidden(name: str) -> bool:
        return whole.is_known(name) and not seen.is_known(name)

    return {
        name: replace(
            saved,
            dynamic_parameters=tuple(
                d for d in saved.dynamic_parameters if not is_hidden(d.attribute)
            ),
        )
        for name, saved in project.saved.items()
        if not any(map(is_hidden, _names(saved, project.limits)))
    }


def _names(saved: SavedQuery, limits: Limits) -> set[str]:
    """Return every name in a query: with all that may be given, and with only what must be."""
    every = {p.name: _argument(p) for p in saved.parameters.values()}
    needed = {p.name: example(p) for p in saved.parameters.values() if p.required}
    return {name for given in (every, needed) for name in _named(saved, given, limits)}


def _argument(parameter: Parameter) -> Json:
    return example(parameter) if parameter.default is None else parameter.default


def _named(saved: SavedQuery, arguments: Mapping[str, Json], limits: Limits) -> set[str]:
    try:
        query = read_query(resolve(saved, {"parameters": arguments}), limits).query
    except PenstockError:
        # An example may stand where it means nothing; that the query can be read was checked.
        return set()
    return set(references(query))
