"""The probes of penstock.yaml → Probe: rehearsed against the model, as the roles they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from penstock.auth.principal import Principal
from penstock.errors import ForbiddenError, PenstockError, suggestion
from penstock.plan.build import build_plan
from penstock.policy.permit import Gate
from penstock.project.document import Document, Step
from penstock.project.probe_entry import ProbeEntry
from penstock.project.rehearse import place_of
from penstock.project.report import Report
from penstock.project.roles import check_roles
from penstock.project.types import Expectation, Probe
from penstock.query.parse import read_query
from penstock.query.saved import SavedQuery, resolve, types_of
from penstock.query.sql import read_sql
from penstock.query.types import Limits
from penstock.sql.bind import bind_values
from penstock.sql.compile import compile_plan
from penstock.sql.mode.translate import translate_sql

_BASE: Final = "probes"
_DIALECT: Final = "duckdb"  # any does: the names of the columns are the same in all of them
_TODAY: Final = datetime(2000, 6, 15, tzinfo=UTC)  # any day does too


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What probes are read against. `gate` is None where the project cannot be asked anything yet.

    `roles` are those the policies declare, `saved` every saved query that can be read; None for
    either if some of them cannot.
    """

    document: Document
    report: Report
    roles: frozenset[str] | None
    saved: Mapping[str, SavedQuery] | None
    gate: Gate | None
    limits: Limits

    def issue(self, loc: tuple[Step, ...], code: str, message: str, hint: str | None) -> None:
        self.report.add(self.document.place(_BASE, *loc), code, message, hint)


def read_probes(entries: Sequence[ProbeEntry], scene: Scene) -> tuple[Probe, ...]:
    times = Counter(entry.name for entry in entries)
    for i, entry in enumerate(entries):
        if times[entry.name] > 1:
            message = f"The probe {entry.name!r} is here {times[entry.name]} times."
            scene.issue((i, "name"), "INVALID_VALUE", message, "Give each one a name of its own.")
    return tuple(_probe(i, entry, scene) for i, entry in enumerate(entries))


def _probe(index: int, entry: ProbeEntry, scene: Scene) -> Probe:
    expect = entry.expect
    probe = Probe(
        name=entry.name,
        query=entry.query,
        saved=entry.saved,
        parameters=entry.parameters,
        roles=tuple(entry.roles),
        attributes={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entry.attributes.items()
        },
        expect=Expectation(
            columns=None if expect.columns is None else tuple(expect.columns),
            min_rows=expect.min_rows,
            max_rows=expect.max_rows,
            max_seconds=expect.max_seconds,
        ),
    )
    before = len(scene.report.issues)
    _check_form(index, entry, scene)
    loc = (_BASE, index, "roles")
    check_roles(entry.roles, scene.roles, scene.document, loc, scene.report)
    if scene.gate is not None and len(scene.report.issues) == before:
        _rehearse(index, probe, scene.gate, scene)
    return probe


def _check_form(index: int, entry: ProbeEntry, scene: Scene) -> None:
    if (entry.query is None) == (entry.saved is None):
        scene.issue(
            (index, "name"),
            "INVALID_VALUE",
            f"The probe {entry.name!r} asks {'nothing' if entry.query is None else 'twice'}.",
            "Give it either `query: {…}`, or the name of a saved query as `saved: …`.",
        )
    if entry.parameters and entry.query is not None:
        scene.issue(
            (index, "parameters"),
            "INVALID_VALUE",
            "Parameters are for a saved query.",
            "Write the values into the query.",
        )
    if entry.saved is not None and scene.saved is not None and entry.saved not in scene.saved:
        scene.issue(
            (index, "saved"),
            "INVALID_VALUE",
            f"There is no saved query {entry.saved!r}.",
            suggestion(entry.saved, tuple(scene.saved)) or "Saved queries are in queries/.",
        )
    most = entry.expect.max_rows
    if most is not None and most < entry.expect.min_rows:
        scene.issue(
            (index, "expect", "max_rows"),
            "INVALID_VALUE",
            f"No answer has {entry.expect.min_rows} rows at least and {most} at most.",
            "`min_rows` is 1 unless it is given." if entry.expect.min_rows == 1 else None,
        )


def _rehearse(index: int, probe: Probe, gate: Gate, scene: Scene) -> None:
    """Ask the probe without a database, and look whether it can answer as expected."""
    base: tuple[Step, ...] = (_BASE, index) if probe.saved else (_BASE, index, "query")
    caller = Principal(
        subject="probe", kind="probe", roles=probe.roles, attributes=probe.attributes
    )
    try:
        columns = _columns(probe, gate, caller, scene)
    except ForbiddenError as error:
        hint = "Give the probe the `roles`, and the `attributes`, that a caller has."
        scene.issue((index, "roles"), error.code, f"{probe.name!r}: {error.detail}", hint)
        return
    except PenstockError as error:
        for part in error.parts:
            place = place_of(part.pointer, scene.document, base)
            scene.report.add(place, part.code, f"{probe.name!r}: {part.detail}", part.hint)
        return
    wanted = probe.expect.columns
    if wanted is not None and wanted != columns:
        scene.issue(
            (index, "expect", "columns"),
            "INVALID_VALUE",
            f"The answer to {probe.name!r} has other columns.",
            f"They are [{', '.join(columns)}].",
        )


def _columns(probe: Probe, gate: Gate, caller: Principal, scene: Scene) -> tuple[str, ...]:
    """Return the names of the columns of an answer, or raise what is wrong with the question."""
    saved = None if probe.saved is None else (scene.saved or {})[probe.saved]
    view = gate.view(caller)
    body = probe.query if saved is None else resolve(saved, {"parameters": probe.parameters})
    if saved is not None and saved.is_sql:
        sql = read_sql(body, scene.limits, types_of(saved))
        dialects = {table.database: _DIALECT for table in view.model.tables.values()}
        translated = translate_sql(sql.query, view, scene.limits, dialects)
        return tuple(column.name for column in translated.columns)
    asked = read_query(body, scene.limits)
    plan = build_plan(gate.permit(asked, caller))
    bind_values(compile_plan(plan, dialect=_DIALECT).rows, asked.values, view.values, _TODAY)
    return tuple(column.name for column in plan.columns)
