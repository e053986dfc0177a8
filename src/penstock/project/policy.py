"""policies/*.yaml → Policies: every role, its filters and what it hides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from penstock.errors import suggestion
from penstock.model.types import DataType, Table
from penstock.policy.guard import PRINCIPAL
from penstock.policy.types import Policies, Role, RowFilter
from penstock.project.document import Document, Step
from penstock.project.fields import RoleName, Strict
from penstock.project.model import ReadModel
from penstock.project.rehearse import SAMPLES, isolate, place_of, rehearse
from penstock.project.report import Report
from penstock.project.validate import validate
from penstock.query.types import Json, Limits

_COMBINING = frozenset({"and", "or", "not"})
_GENEROUS = Limits(max_values=1_000_000, max_conditions=100_000, max_depth=64)


class RowsEntry(Strict):
    tables: Annotated[list[str], Field(min_length=1)]
    filter: Annotated[dict[str, JsonValue], Field(min_length=1)]


class RoleEntry(Strict):
    description: str | None = None
    rows: list[RowsEntry] = Field(default_factory=list)
    hidden: list[str] = Field(default_factory=list)


class PolicyFile(Strict):
    roles: dict[RoleName, RoleEntry]


@dataclass(frozen=True, slots=True)
class _Scene:
    """One role as written, and what it is checked against."""

    role: str
    model: ReadModel
    document: Document
    report: Report

    def issue(self, loc: tuple[Step, ...], code: str, message: str, hint: str | None) -> None:
        self.report.add(self.document.place("roles", self.role, *loc), code, message, hint)


@dataclass(frozen=True, slots=True)
class ReadPolicies:
    """The roles, and the names of all that are written, readable or not."""

    policies: Policies
    written: frozenset[str]


def read_policies(documents: Iterable[Document], model: ReadModel, report: Report) -> ReadPolicies:
    roles: dict[str, Role] = {}
    written: set[str] = set()
    for document in documents:
        written.update(document.names("roles"))
        valid = validate(PolicyFile, document, report)
        if valid is None:
            continue
        for name, entry in valid.value.roles.items():
            if name in roles:
                report.add(
                    document.key_place("roles", name),
                    "DUPLICATE_ROLE",
                    f"The role {name!r} is declared twice.",
                    "Put all of a role in one place.",
                )
                continue
            roles[name] = _role(entry, _Scene(name, model, valid.document, report))
    return ReadPolicies(Policies(roles=roles), frozenset(written))


def _role(entry: RoleEntry, scene: _Scene) -> Role:
    for i, rows in enumerate(entry.rows):
        for j, table in enumerate(rows.tables):
            _check_filter(table, rows.filter, ("rows", i), j, scene)
    hidden: dict[str, frozenset[str]] = {}
    for i, text in enumerate(entry.hidden):
        table, names = _hidden(text, ("hidden", i), scene)
        hidden[table] = hidden.get(table, frozenset()) | names
    return Role(
        name=scene.role,
        description=entry.description,
        rows=tuple(RowFilter(tables=tuple(r.tables), filter=r.filter) for r in entry.rows),
        hidden={table: names for table, names in hidden.items() if names},
    )


def _check_filter(
    name: str, filter_: Mapping[str, Json], loc: tuple[Step, ...], index: int, scene: _Scene
) -> None:
    table = _table(name, (*loc, "tables", index), scene)
    if table is None:
        return
    place = (*loc, "filter")
    if not _check_names(filter_, table, place, scene):
        return
    alone = isolate(table, scene.model.model)
    listed = next(iter(table.attributes))
    query: dict[str, Json] = {
        "data": {"fields": {listed: ["select"]}},
        "filter": _filled(filter_, table),
    }
    base: tuple[Step, ...] = ("roles", scene.role, *loc)
    for problem in rehearse(query, alone, _GENEROUS):
        scene.report.add(
            place_of(problem.pointer, scene.document, base),
            problem.code,
            f"For {name!r}: {problem.detail}",
            problem.hint,
        )


def _table(name: str, loc: tuple[Step, ...], scene: _Scene) -> Table | None:
    table = scene.model.model.tables.get(name)
    if table is None and not scene.model.names.has_table(name):
        scene.issue(
            loc,
            "UNKNOWN_TABLE",
            f"There is no table {name!r}.",
            suggestion(name, scene.model.names.tables()),
        )
    return table


def _check_names(
    filter_: Mapping[str, Json], table: Table, loc: tuple[Step, ...], scene: _Scene
) -> bool:
    """Report names and values that mean nothing; return whether everything means something."""
    is_good = True
    for name, value in filter_.items():
        if name in _COMBINING:
            parts = value if isinstance(value, list) else [value]
            for i, part in enumerate(parts):
                deeper = (*loc, name, i) if isinstance(value, list) else (*loc, name)
                if isinstance(part, Mapping):
                    is_good &= _check_names(part, table, deeper, scene)
            continue
        is_good &= _check_name(name, table, (*loc, name), scene)
        is_good &= _check_values(value, (*loc, name), scene)
    return is_good


def _check_name(name: str, table: Table, loc: tuple[Step, ...], scene: _Scene) -> bool:
    attribute = table.attributes.get(name)
    if attribute is None:
        if not scene.model.names.has(table.name, name):
            scene.issue(
                loc,
                "UNKNOWN_ATTRIBUTE",
                f"The table {table.name!r} has no attribute {name!r}.",
                suggestion(name, sorted(table.attributes))
                or "A row filter is about attributes of the table itself.",
            )
        return False
    if attribute.aggregates:
        scene.issue(
            loc, "INVALID_FILTER", f"{name!r} aggregates, and a row filter is about rows.", None
        )
        return False
    return True


def _check_values(value: Json, loc: tuple[Step, ...], scene: _Scene) -> bool:
    """Report what looks like a placeholder and is none: it would be compared as text."""
    if isinstance(value, str):
        if value.startswith("$") and not value.startswith(PRINCIPAL):
            scene.issue(
                loc,
                "INVALID_FILTER",
                f"{value!r} stands for nothing here.",
                f"Write {PRINCIPAL}<attribute> for what the caller's credential carries.",
            )
            return False
        return True
    if isinstance(value, Mapping):
        found = [_check_values(item, (*loc, key), scene) for key, item in value.items()]
        return all(found)
    if isinstance(value, list):
        found = [_check_values(item, (*loc, i), scene) for i, item in enumerate(value)]
        return all(found)
    return True


def _filled(filter_: Mapping[str, Json], table: Table) -> dict[str, Json]:
    """Put an example in the place of each value that a credential will bring."""
    filled: dict[str, Json] = {}
    for name, value in filter_.items():
        if name not in _COMBINING:
            filled[name] = _example(value, table.attributes[name].type)
        elif isinstance(value, list):
            filled[name] = [_filled(v, table) if isinstance(v, Mapping) else v for v in value]
        else:
            filled[name] = _filled(value, table) if isinstance(value, Mapping) else value
    return filled


def _example(value: Json, type_: DataType, operator: str = "") -> Json:
    if isinstance(value, str) and value.startswith(PRINCIPAL):
        example = SAMPLES[type_]
        return [example, example] if operator.endswith("between") else example
    if isinstance(value, Mapping):
        return {key: _example(item, type_, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_example(item, type_) for item in value]
    return value


def _hidden(text: str, loc: tuple[Step, ...], scene: _Scene) -> tuple[str, frozenset[str]]:
    """Return the table, and those of its attributes, that `table.attribute` or `table.*` name."""
    name, dot, attribute = text.partition(".")
    if not dot:
        scene.issue(
            loc,
            "INVALID_VALUE",
            f"{text!r} does not say which attribute is hidden.",
            f"Write {name}.attribute, or {name}.* for the whole table.",
        )
        return name, frozenset()
    table = _table(name, loc, scene)
    if table is None:
        return name, frozenset()
    if attribute == "*":
        return name, frozenset(table.attributes)
    if attribute not in table.attributes:
        if not scene.model.names.has(name, attribute):
            scene.issue(
                loc,
                "UNKNOWN_ATTRIBUTE",
                f"The table {name!r} has no attribute {attribute!r}.",
                suggestion(attribute, sorted(table.attributes)),
            )
        return name, frozenset()
    return name, frozenset({attribute})
