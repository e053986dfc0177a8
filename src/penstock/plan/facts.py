"""A question about several facts → one question for each, to be answered at its own grain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from penstock.errors import ComputeNotAllowedError, NoTableFoundError
from penstock.plan.atlas import Atlas, Reached
from penstock.plan.choose import choose_table, comparisons, references
from penstock.plan.filters import conjuncts
from penstock.query.conditions import all_of
from penstock.query.types import AnyCompute, Comparison, Compute, Field, Predicate, Query


@dataclass(frozen=True, slots=True)
class Facts:
    """One query for each table that answers a part, and what is tested of the groups together.

    `parts` also compute what only `tests` need.
    """

    parts: tuple[Query, ...]
    tests: tuple[Predicate, ...]


def split_facts(query: Query, atlas: Atlas, why: NoTableFoundError | None) -> Facts:
    """Ask for each measure the table that would answer it alone, by all scales and filters.

    Without a `why`, one table could answer, but would count some measure more than once.

    Raises `why` where the measures are not of several tables; NoTableFoundError, naming both, where
    a measure never meets a scale or a filter: it is never left unfiltered. And what `choose_table`
    raises.
    """
    rows, groups = _split_filter(query, atlas)
    tests = (*groups, *conjuncts(query.having))
    wanted = _measures(query, tests)
    shared = structs.replace(query, filter=all_of(list(rows)), having=None, order=(), fields=())
    if why is not None and _are_of_one_table(query, wanted, atlas):
        raise why
    fields: dict[str, dict[str, Field]] = {}
    for name, computes in wanted.items():
        alone = structs.replace(shared, fields=(Field(name, computes),))
        table = _choose(alone, name, atlas)
        fields.setdefault(table, {})[name] = Field(name, computes)
    parts = [structs.replace(shared, fields=tuple(own.values())) for own in fields.values()]
    return Facts((_with_selected_scales(parts[0], query), *parts[1:]), tests)


def _split_filter(query: Query, atlas: Atlas) -> tuple[list[Predicate], list[Predicate]]:
    """Return what is tested on rows, and what on groups."""
    rows: list[Predicate] = []
    groups: list[Predicate] = []
    for part in conjuncts(query.filter):
        kinds = {_aggregates(comparison.attribute, atlas) for comparison in comparisons(part)}
        if len(kinds) > 1:
            of = next(c for c in comparisons(part) if _aggregates(c.attribute, atlas))
            raise ComputeNotAllowedError(
                f"{of.attribute!r} is an aggregate, tested after grouping: an 'or' or a 'not'"
                " cannot mix it with attributes of rows.",
                hint="Filter on it beside the others, or in a group of aggregates alone.",
                pointer=of.pointer,
            )
        (groups if True in kinds else rows).append(part)
    return rows, groups


def _meanings(name: str, atlas: Atlas) -> Iterator[Reached]:
    for table in atlas.model.tables:
        found = atlas.resolve(name, table)
        if isinstance(found, Reached):
            yield found


def _aggregates(name: str, atlas: Atlas) -> bool:
    return any(found.attribute.aggregates for found in _meanings(name, atlas))


def _measures(query: Query, tests: Sequence[Predicate]) -> dict[str, tuple[AnyCompute, ...]]:
    """Return what is computed of groups, by attribute: what was asked for, then what is tested."""
    scales = _plain_scales(query)
    found: dict[str, dict[AnyCompute, None]] = {}
    for field in query.fields:
        for compute in field.computes:
            if compute.aggregates or field.attribute not in scales:
                found.setdefault(field.attribute, {})[compute] = None
    for comparison in (c for test in tests for c in comparisons(test)):
        found.setdefault(comparison.attribute, {})[computed(comparison)] = None
    return {name: tuple(computes) for name, computes in found.items()}


def computed(comparison: Comparison) -> AnyCompute:
    """Return what is compared: a compute, or an attribute that is an aggregate itself."""
    return comparison.compute or Compute.SELECT


def _plain_scales(query: Query) -> frozenset[str]:
    return frozenset(scale.attribute for scale in query.scales if scale.granularity is None)


def _with_selected_scales(part: Query, query: Query) -> Query:
    """Return a part in which the scales that were selected are, as in the query."""
    scales = _plain_scales(query)
    selected = [
        Field(field.attribute, computes)
        for field in query.fields
        if field.attribute in scales
        and (computes := tuple(c for c in field.computes if not c.aggregates))
    ]
    return structs.replace(part, fields=(*part.fields, *selected))


def _are_of_one_table(
    query: Query, wanted: Mapping[str, tuple[AnyCompute, ...]], atlas: Atlas
) -> bool:
    """Whether there are no several facts: nothing to split, or something that nobody has."""
    is_grouped = query.scales or any(
        compute.aggregates or _aggregates(name, atlas)
        for name, computes in wanted.items()
        for compute in computes
    )
    if query.table_name or not is_grouped or not all(map(atlas.is_known, references(query))):
        return True
    return any(
        all(isinstance(atlas.resolve(name, table), Reached) for name in wanted)
        for table in atlas.model.tables
    )


def _choose(alone: Query, name: str, atlas: Atlas) -> str:
    try:
        return choose_table(alone, atlas).table.name
    except NoTableFoundError as error:
        raise _apart(alone, name, atlas) from error


def _apart(alone: Query, name: str, atlas: Atlas) -> NoTableFoundError:
    """Name a measure, and the first scale or filter that it never meets."""
    names = references(alone)
    homes = [t for t in atlas.model.tables if isinstance(atlas.resolve(name, t), Reached)]
    other = next(
        (
            other
            for other in names
            if not any(isinstance(atlas.resolve(other, home), Reached) for home in homes)
        ),
        None,
    )
    if other is None:
        said = f"No table has {name!r} together with all scales and filters."
        return NoTableFoundError(
            said, hint="Ask for it in a query of its own.", pointer=names[name]
        )
    return NoTableFoundError(
        f"{name!r} is in {' and '.join(map(repr, homes))}, where there is no {other!r}.",
        hint=f"Leave {other!r} out, or ask for {name!r} in a query of its own.",
        pointer=names[other],
    )
