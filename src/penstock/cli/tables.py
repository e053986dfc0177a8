"""Answers and explanations → tables for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from penstock.explain import Explanation
from penstock.plan.types import Column

_SHOWN = 50
_DECIMALS = 4


def print_answer(console: Console, columns: Sequence[Column], answer: pa.Table) -> None:
    """Print the first rows of an answer, and say how many there are."""
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column.name, justify="right" if column.type.is_number else "left")
    for row in answer.slice(0, _SHOWN).to_pylist():
        table.add_row(*(_cell(row[column.name]) for column in columns))
    console.print(table)
    rows = answer.num_rows
    more = f", the first {_SHOWN} shown (--format csv gives them all)" if rows > _SHOWN else ""
    console.print(Text(f"{rows} row{'' if rows == 1 else 's'}{more}", style="dim"))


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
    candidates = Table("table", "rows", "verdict", header_style="bold", title="Tables")
    for candidate in explanation.candidates:
        rows = "?" if candidate.rows is None else f"{candidate.rows:,}"
        style = "bold green" if candidate.table == explanation.table else ""
        candidates.add_row(candidate.table, rows, candidate.verdict, style=style)
    console.print(candidates)
    steps = Table("step", "what", header_style="bold", title="Plan")
    for step in explanation.plan:
        steps.add_row(step.step, Text(step.what))
    console.print(steps)
    print_sql(console, explanation.sql)
    for number, value in enumerate(explanation.values, 1):
        console.print(Text(f"${number} = {value}"))
    if explanation.warning:
        console.print(Text(f"warning: {explanation.warning}", style="yellow"))


def print_sql(console: Console, sql: str) -> None:
    if console.is_terminal:
        console.print(Syntax(sql, "sql", word_wrap=True, background_color="default"))
    else:
        console.print(Text(sql), soft_wrap=True)
