"""The saved queries → those that exist for a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penstock.errors import PenstockError
from penstock.plan.atlas import atlas
from penstock.plan.choose import references
from penstock.policy.types import View
from penstock.project.saved import example
from penstock.project.saved_sql import rehearse_sql
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
        if name in project.model.tables and name not in view.model.tables:
            return True
        return whole.is_known(name) and not seen.is_known(name)

    return {
        name: replace(
            saved,
            dynamic_parameters=tuple(
                d for d in saved.dynamic_parameters if not is_hidden(d.attribute)
            ),
        )
        for name, saved in project.saved.items()
        if not (
            _fails(saved, view, project.limits)
            if saved.is_sql
            else any(map(is_hidden, _names(saved, project.limits)))
        )
    }


def _fails(saved: SavedQuery, view: View, limits: Limits) -> bool:
    """Whether a query in SQL names something that is not there for the caller."""
    try:
        rehearse_sql(saved, view, limits)
    except PenstockError:
        return True
    return False


def _names(saved: SavedQuery, limits: Limits) -> set[str]:
    """Return every name in a query: with all that may be given, and with only what must be."""
    every = {p.name: _argument(p) for p in saved.parameters.values()}
    needed = {p.name: example(p) for p in saved.parameters.values() if p.required}
    named = {name for given in (every, needed) for name in _named(saved, given, limits)}
    # A parameter may be what is grouped by: what it may be is told to whoever sees the query.
    return named.union(_written([list(p.allowed) for p in saved.parameters.values()]))


def _written(raw: Json) -> set[str]:
    """Return every key and text of a template, wherever it stands: names are among them."""
    if isinstance(raw, str):
        return {raw.rpartition(":")[0] or raw}
    if isinstance(raw, Mapping):
        return set(raw).union(*map(_written, raw.values()))
    return set[str]().union(*map(_written, raw)) if isinstance(raw, list | tuple) else set()


def _argument(parameter: Parameter) -> Json:
    return example(parameter) if parameter.default is None else parameter.default


def _named(saved: SavedQuery, arguments: Mapping[str, Json], limits: Limits) -> set[str]:
    try:
        query = read_query(resolve(saved, {"parameters": arguments}), limits).query
    except PenstockError:
        # An example may stand where it means nothing: then the template tells what it can name.
        return _written(saved.query)
    table = set() if query.table_name is None else {query.table_name}
    return set(references(query)) | table
