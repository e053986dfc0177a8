"""A relationship or a label as written → checked against both of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from penstock.errors import suggestion
from penstock.model.types import Attribute, Column, DataType, Key, Relationship, Table
from penstock.project.document import Document, Step
from penstock.project.names import Names
from penstock.project.report import Report


@dataclass(frozen=True, slots=True)
class Scene:
    """What a check of one table needs: the tables, the names written, where it stands."""

    owner: Table
    tables: Mapping[str, Table]
    names: Names
    document: Document
    report: Report

    def issue(self, loc: tuple[Step, ...], code: str, message: str, hint: str | None) -> None:
        place = self.document.place("tables", self.owner.name, *loc)
        self.report.add(place, code, message, hint)


class WrittenRelationship(Protocol):
    @property
    def to(self) -> str: ...
    @property
    def on(self) -> Mapping[str, str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def mandatory(self) -> bool: ...


def read_relationship(name: str, written: WrittenRelationship, scene: Scene) -> Relationship | None:
    """Return a relationship that leads somewhere, None after reporting why it does not."""
    loc: tuple[Step, ...] = ("relationships", name)
    if not scene.names.has_table(written.to):
        scene.issue(
            (*loc, "to"),
            "UNKNOWN_TABLE",
            f"There is no table {written.to!r}.",
            suggestion(written.to, scene.names.tables()),
        )
        return None
    target = scene.tables.get(written.to)
    if target is None:
        return None
    keys = [_key(own, other, target, scene, (*loc, "on", own)) for own, other in written.on.items()]
    found = tuple(key for key in keys if key is not None)
    if len(found) < len(keys):
        return None
    if written.mandatory and target.database != scene.owner.database:
        scene.issue(
            (*loc, "mandatory"),
            "INVALID_VALUE",
            f"{target.name!r} is in another database, which nobody can hold to having each key.",
            "Leave `mandatory` out: rows without a partner are kept then.",
        )
    return Relationship(
        name=name,
        table=written.to,
        keys=found,
        one_to_one=written.kind == "one_to_one",
        mandatory=written.mandatory,
    )


def _key(own: str, other: str, target: Table, scene: Scene, loc: tuple[Step, ...]) -> Key | None:
    owned = _side(own, scene.owner, scene, loc)
    aimed = _side(other, target, scene, loc)
    if owned is None or aimed is None:
        return None
    if not comparable(owned[0].type, aimed[0].type):
        scene.issue(
            loc,
            "INVALID_KEY",
            f"{own!r} is of type {owned[0].type}, {target.name}.{other} of type {aimed[0].type}.",
            "Both sides of a key have the same type.",
        )
    return Key(own, other, owned[1].name, aimed[1].name, owned[0].type, aimed[0].type)


def _side(
    name: str, table: Table, scene: Scene, loc: tuple[Step, ...]
) -> tuple[Attribute, Column] | None:
    attribute = table.attributes.get(name)
    if attribute is None:
        if not scene.names.has(table.name, name):
            scene.issue(
                loc,
                "UNKNOWN_ATTRIBUTE",
                f"The table {table.name!r} has no attribute {name!r}.",
                suggestion(name, sorted(table.attributes)),
            )
        return None
    if not isinstance(attribute.source, Column):
        scene.issue(
            loc,
            "INVALID_KEY",
            f"{table.name}.{name} is a formula, and tables are joined on columns.",
            None,
        )
        return None
    return attribute, attribute.source


def comparable(left: DataType, right: DataType) -> bool:
    return left is right or {left, right} == {DataType.INTEGER, DataType.DECIMAL}


def read_label(
    attribute: str, text: str, relationships: Mapping[str, Relationship], scene: Scene
) -> tuple[str, str] | None:
    """Return `relationship.attribute` as its two parts, None after reporting what is wrong."""
    loc: tuple[Step, ...] = ("attributes", attribute, "label")
    step, _, name = text.partition(".")
    if not name:
        scene.issue(
            loc,
            "INVALID_LABEL",
            f"{text!r} does not say where the label is.",
            "Write relationship.attribute, such as airline.name.",
        )
        return None
    if step not in scene.document.names("tables", scene.owner.name, "relationships"):
        scene.issue(
            loc,
            "UNKNOWN_RELATIONSHIP",
            f"The table has no relationship {step!r}.",
            suggestion(step, sorted(relationships)),
        )
        return None
    relationship = relationships.get(step)
    return None if relationship is None else _label(attribute, relationship, name, loc, scene)


def _label(
    attribute: str,
    relationship: Relationship,
    name: str,
    loc: tuple[Step, ...],
    scene: Scene,
) -> tuple[str, str] | None:
    if tuple(key.own for key in relationship.keys) != (attribute,):
        scene.issue(
            loc,
            "INVALID_LABEL",
            f"{relationship.name!r} does not join on {attribute!r} alone, so it cannot name it.",
            f"A label comes by a relationship whose only key is {attribute!r}.",
        )
        return None
    target = scene.tables[relationship.table]
    found = target.attributes.get(name)
    if found is None:
        if not scene.names.has(target.name, name):
            scene.issue(
                loc,
                "UNKNOWN_ATTRIBUTE",
                f"The table {target.name!r} has no attribute {name!r}.",
                suggestion(name, sorted(target.attributes)),
            )
        return None
    if found.aggregates:
        scene.issue(
            loc, "INVALID_LABEL", f"{target.name}.{name} aggregates, and names no single row.", None
        )
        return None
    return relationship.name, name
