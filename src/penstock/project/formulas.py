"""The formulas of one table, checked against its attributes and each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from penstock.errors import suggestion
from penstock.model.types import Formula
from penstock.project.report import Report
from penstock.project.types import Place
from penstock.sql.formula import Analysis, FormulaError, analyse_formula


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    place: Place


def read_formulas(
    written: Mapping[str, Written], attributes: frozenset[str], report: Report
) -> dict[str, Formula]:
    """Return the formulas that hold, each saying whether it aggregates, itself or by another."""
    analysed: dict[str, Analysis] = {}
    for name, formula in written.items():
        analysis = _analysed(formula, attributes, report)
        if analysis is not None:
            analysed[name] = analysis
    cyclic = _report_cycles(analysed, written, report)
    aggregating = _aggregating(analysed)
    found: dict[str, Formula] = {}
    for name, analysis in analysed.items():
        if name in cyclic:
            continue
        _check_levels(analysis, aggregating, written, name, report)
        found[name] = replace(analysis.formula, aggregates=name in aggregating)
    return found


def _analysed(formula: Written, attributes: frozenset[str], report: Report) -> Analysis | None:
    try:
        analysis = analyse_formula(formula.text)
    except FormulaError as error:
        report.add(formula.place, error.code, error.detail, error.hint)
        return None
    unknown = [name for name in analysis.formula.uses if name not in attributes]
    for name in unknown:
        report.add(
            formula.place,
            "UNKNOWN_ATTRIBUTE",
            f"The table has no attribute {name!r}, which the formula uses.",
            suggestion(name, sorted(attributes))
            or "A formula uses attributes of its own table; text stands in 'single quotes'.",
        )
    return None if unknown else analysis


def _report_cycles(
    analysed: Mapping[str, Analysis], written: Mapping[str, Written], report: Report
) -> frozenset[str]:
    cyclic: set[str] = set()
    for name in analysed:
        cycle = _cycle(name, analysed)
        if cycle and name not in cyclic:
            report.add(
                written[name].place,
                "FORMULA_CYCLE",
                f"The formula comes back to itself: {' → '.join(cycle)}.",
                "Write one of them with columns only.",
            )
        cyclic.update(cycle)
    return frozenset(cyclic)


def _cycle(start: str, analysed: Mapping[str, Analysis]) -> tuple[str, ...]:
    """Return the way from a formula back to itself, empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for name in analysed[way[-1]].formula.uses:
            if name == start:
                return (*way, start)
            if name in analysed and name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()


def _aggregating(analysed: Mapping[str, Analysis]) -> frozenset[str]:
    found = {name for name, analysis in analysed.items() if analysis.formula.aggregates}
    while more := {
        name
        for name, analysis in analysed.items()
        if name not in found and found.intersection(analysis.formula.uses)
    }:
        found |= more
    return frozenset(found)


def _check_levels(
    analysis: Analysis,
    aggregating: frozenset[str],
    written: Mapping[str, Written],
    name: str,
    report: Report,
) -> None:
    """Check that a formula is about a row or a group: never both, never a group of groups."""
    place = written[name].place
    for inner in sorted(analysis.inside & aggregating):
        report.add(
            place,
            "INVALID_FORMULA",
            f"{inner!r} aggregates already, and stands inside an aggregate.",
            f"Use the columns that {inner!r} is made of.",
        )
    if name not in aggregating:
        return
    for bare in sorted(analysis.outside - aggregating):
        report.add(
            place,
            "INVALID_FORMULA",
            f"The formula aggregates, and {bare!r} stands outside of its aggregates.",
            f"Write SUM({bare}), MIN({bare}) or another aggregate of it.",
        )
