"""Options of nearly every command, in a module that costs a start nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

DEFAULT_HOME: Final = Path(".penstock")
PANEL: Final = "Where and how"

Home: TypeAlias = Annotated[
    Path,
    typer.Option("--home", envvar="PENSTOCK_HOME", help="The state folder.", rich_help_panel=PANEL),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs.", rich_help_panel=PANEL)
]


def is_typed(context: typer.Context, name: str) -> bool:
    """Whether an option's value was typed at the command, not left out or of the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option's value was typed, or is of the environment; not left out."""
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")
