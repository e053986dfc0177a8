"""Answers and explanations → tables for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from penstock.explain import CandidateLine, Explanation, PartLine
from penstock.plan.types import Column

_SHOWN = 50
_WIDEST = 10_000  # signs: the width that no terminal has
_DECIMALS = 4


def print_answer(console: Console, columns: Sequence[Column], answer: pa.Table) -> None:
    """Print the first rows of an answer, and say how many there are.

    A terminal too narrow for a row's values gets them below each other: none is ever cut.
    """
    rows = [
        [_cell(row[column.name]) for column in columns]
        for row in answer.slice(0, _SHOWN).to_pylist()
    ]
    table = Table(header_style="bold")
    for column in columns:
        is_number = column.type.is_number
        table.add_column(column.name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    wide = console.options.update(max_width=_WIDEST)
    if console.measure(table, options=wide).maximum > console.width:
        _print_upright(console, [column.name for column in columns], rows)
    else:
        console.print(table)
    number = answer.num_rows
    more = f", the first {_SHOWN} shown (--format csv gives them all)" if number > _SHOWN else ""
    console.print(Text(f"{number} row{'' if number == 1 else 's'}{more}", style="dim"))


def _print_upright(console: Console, names: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print a line for each value, its column's name before it."""
    width = max(map(cell_len, names))
    for number, row in enumerate(rows, 1):
        console.print(Text(f"── {number} ", style="dim"), soft_wrap=True)
        for name, value in zip(names, row, strict=True):
            said = Text.assemble((set_cell_size(name, width), "bold"), "  ", value)
            console.print(said, soft_wrap=True)


def _cell(value: object) -> Text:
    if value is None:
        return Text("null", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.{_DECIMALS}f}")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    return Text(str(value))


def print_explanation(console: Console, explanation: Explanation) -> None:
    """Print which table was chosen and why, the plan, the SQL and its values."""
    print_candidates(console, explanation.candidates, chosen=explanation.table)
    steps = Table("step", "what", header_style="bold", title="Plan")
    for step in explanation.plan:
        steps.add_row(step.step, Text(step.what))
    console.print(steps)
    for part in explanation.parts:
        _print_part(console, part)
    if explanation.parts:
        console.print(Text("\nthe parts, joined here:", style="bold"))
    _print_statement(console, explanation.sql, explanation.values)
    for further in explanation.further:
        console.print(Text(f"\n{further.name}:", style="bold"))
        _print_statement(console, further.sql, further.values)
    if explanation.warning:
        console.print(Text(f"warning: {explanation.warning}", style="yellow"))


def _print_part(console: Console, part: PartLine) -> None:
    rows = "?" if part.rows is None else f"{part.rows:,}"
    said = f"\npart {part.name!r}, from {part.database!r}: {rows} rows in its first table"
    console.print(Text(said, style="bold"))
    for pushed in part.pushed:
        console.print(Text(f"  {pushed}"), soft_wrap=True)
    _print_statement(console, part.sql, part.values)


def print_candidates(
    console: Console, candidates: Sequence[CandidateLine], *, chosen: str | None
) -> None:
    """Print of each table why it answers or not."""
    table = Table(header_style="bold", title="Tables")
    table.add_column("table", overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for candidate in candidates:
        rows = "?" if candidate.rows is None else f"{candidate.rows:,}"
        style = "bold green" if candidate.table == chosen else ""
        table.add_row(candidate.table, rows, candidate.verdict, style=style)
    console.print(table)


def _print_statement(console: Console, sql: str, values: Sequence[str]) -> None:
    print_sql(console, sql)
    for number, value in enumerate(values, 1):
        console.print(Text(f"${number} = {value}"), soft_wrap=True)


def print_sql(console: Console, sql: str) -> None:
    if console.is_terminal:
        console.print(Syntax(sql, "sql", word_wrap=True, background_color="default"))
    else:
        console.print(Text(sql), soft_wrap=True)
