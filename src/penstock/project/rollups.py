"""`rollup_of`: which table another one sums up, and what each of its columns was made of."""

from __future__ import annotations

from penstock.errors import suggestion
from penstock.model.types import Attribute, Column, DataType, Rollup, Table
from penstock.project.document import Step
from penstock.project.relationships import Scene


def read_rollup(written: Rollup | None, scene: Scene) -> Rollup | None:
    """Return what a table sums up as it was written, None after reporting all that cannot be so."""
    base = None if written is None else _base(written.table, scene)
    if written is None or base is None:
        return None
    measures = [_is_measure(name, made, base, scene) for name, made in written.measures.items()]
    keys = [_is_key(name, base, scene) for name in scene.owner.grain]
    return written if all(measures) and all(keys) else None


def _base(name: str, scene: Scene) -> Table | None:
    loc = ("rollup_of", "table")
    if not scene.names.has_table(name):
        hint = suggestion(name, scene.names.tables())
        scene.issue(loc, "UNKNOWN_TABLE", f"There is no table {name!r}.", hint)
        return None
    base = scene.tables.get(name)
    if base is not None and base.rollup is not None:
        scene.issue(
            loc,
            "INVALID_VALUE",
            f"{name!r} cannot be what {scene.owner.name!r} is a roll-up of.",
            "Name the table with the rows themselves.",
        )
        return None
    return base


def _is_measure(name: str, made: tuple[str, str], base: Table, scene: Scene) -> bool:
    of, compute = made
    loc: tuple[Step, ...] = ("rollup_of", "measures", name)
    own = _found(name, scene.owner, scene, loc)
    other = _found(of, base, scene, (*loc, "of"))
    if own is None or other is None:
        return False
    if not isinstance(own.source, Column):
        said = f"{name!r} is a formula, and a measure of a roll-up is a column."
        scene.issue(loc, "INVALID_VALUE", said, None)
        return False
    if other.aggregates or (compute == "sum" and not other.type.is_number):
        what = "an aggregate" if other.aggregates else f"of type {other.type}"
        said = f"{base.name}.{of} is {what}: there is no {compute} of it."
        scene.issue((*loc, "of"), "INVALID_VALUE", said, "Name an attribute of each row.")
        return False
    type_ = DataType.INTEGER if compute == "count" else other.type
    return _has_type(own, type_, f"the {compute} of {base.name}.{of}", scene, loc)


def _is_key(name: str, base: Table, scene: Scene) -> bool:
    """Whether what is no measure is an attribute of the other table, under the same name."""
    loc: tuple[Step, ...] = ("attributes", name)
    other = _found(name, base, scene, loc)
    if other is None:
        return False
    if other.aggregates:
        said = f"{base.name}.{name} is an aggregate: no groups are made by it."
        scene.issue(loc, "INVALID_VALUE", said, "Leave it out.")
        return False
    own = scene.owner.attributes[name]
    return _has_type(own, other.type, f"{base.name}.{name}", scene, loc)


def _has_type(
    own: Attribute, type_: DataType, other: str, scene: Scene, loc: tuple[Step, ...]
) -> bool:
    if own.type is type_:
        return True
    said = f"{own.name!r} is of type {own.type}, {other} of type {type_}."
    scene.issue(loc, "INVALID_VALUE", said, "A roll-up has the types of what it is made of.")
    return False


def _found(name: str, table: Table, scene: Scene, loc: tuple[Step, ...]) -> Attribute | None:
    attribute = table.attributes.get(name)
    if attribute is None and not scene.names.has(table.name, name):
        scene.issue(
            loc,
            "UNKNOWN_ATTRIBUTE",
            f"The table {table.name!r} has no attribute {name!r}.",
            suggestion(name, sorted(table.attributes)),
        )
    return attribute
