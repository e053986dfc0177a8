"""Options of nearly every command, in a module that costs a start nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

DEFAULT_HOME: Final = Path(".penstock")
_PANEL: Final = "Where and how"

Home: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--home", envvar="PENSTOCK_HOME", help="The state folder.", rich_help_panel=_PANEL
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs.", rich_help_panel=_PANEL)
]
