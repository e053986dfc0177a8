"""`penstock tokens`: what people and programs show to the manager, from another machine say."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from penstock.cli.completing import offer
from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.key_options import parse_duration
from penstock.cli.listing import print_list
from penstock.cli.place import text
from penstock.cli.remote import Manager, open_manager, part
from penstock.errors import ManagementError, NotFoundError
from penstock.query.types import Json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Make, list and revoke what opens the manager: PENSTOCK_TOKEN.",
    epilog="Start with: penstock tokens create ada --role owner",
)

_KINDS = ("people", "accounts")
_POWERLESS = "no role: it may do nothing yet"
_ONCE = "This is the only time the token is shown: store it now, as you would a password."


def complete_role(context: typer.Context, incomplete: str) -> list[str]:
    def read(manager: Manager) -> list[str]:
        return [text(role, "name") for role in manager.items("/roles")]

    return offer(context, incomplete, read)


def complete_token(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the tokens that still open something."""

    def read(manager: Manager) -> list[str]:
        return [text(token, "id") for token in _tokens(manager) if token["revoked"] is None]

    return offer(context, incomplete, read)


@app.command("create")
def create_token(  # noqa: PLR0913 each is an option of the command
    name: Annotated[str, typer.Argument(help="Who it is for; made, if nobody is called so yet.")],
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE",
            help="A role to give them, such as owner or developer; repeat it.",
            autocompletion=complete_role,
        ),
    ] = None,
    robot: Annotated[
        bool, typer.Option("--robot", help="For a service account: a program, not a person.")
    ] = False,
    label: Annotated[str, typer.Option(help="What it is for, to tell it from others.")] = "cli",
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="90d, 12h, …; never, if left out.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make a token, and show it this once; its owner too, if there is none of that name.

    Where the manager runs this needs no token: who may read the state folder may. The token alone
    goes to standard output, so a script can take it:

        PENSTOCK_TOKEN=$(docker-compose exec -T manager penstock tokens create ada --role owner)

    """
    seconds = None if expires is None else parse_duration(expires, "--expires")
    wish: dict[str, Json] = {
        "name": name,
        "robot": robot,
        "roles": list(role or ()),
        "label": label,
        "expires_in": seconds,
    }
    with open_manager(home) as manager:
        made = _record(manager.post("/tokens", wish))
    if as_json:
        typer.echo(msgspec.json.encode(made).decode())
        return
    said = Console(stderr=True, soft_wrap=True)
    held = made.get("roles")
    roles = ", ".join(map(str, held)) if isinstance(held, list) else ""
    again = f"penstock tokens create {shlex.quote(name)}{' --robot' * robot} --role developer"
    said.print(
        f"Created token {text(made, 'id')} of {name} ({roles or _POWERLESS}).", highlight=False
    )
    if not roles:
        said.print(f"A role is given by `{again}`, for this token too.", highlight=False)
    typer.echo(text(made, "token"))
    said.print(_ONCE)


@app.command("list")
def list_tokens(
    *,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List everybody's tokens, never their secrets.

    Example: penstock tokens list
    """
    with open_manager(home) as manager:
        found = list(_tokens(manager))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    table = Table("ID", "OF", "FOR", "STATE", box=None, pad_edge=False)
    for token in found:
        state = "active" if token["revoked"] is None else "revoked"
        table.add_row(text(token, "id"), text(token, "owner"), text(token, "name"), state)
    print_list(table, "There are none.")


@app.command("revoke")
def revoke_token(
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN", help="Its id, as `list` shows it.", autocompletion=complete_token
        ),
    ],
    *,
    home: Home = DEFAULT_HOME,
) -> None:
    """Refuse a token from the next request on.

    Example: penstock tokens revoke tok_abcdefghijklmnop
    """
    with open_manager(home) as manager:
        try:
            manager.delete(f"/tokens/{part(token)}")
        except NotFoundError as error:
            hint = error.hint or "`penstock tokens list` shows the ids of all."
            raise NotFoundError(error.detail, hint=hint) from error
    Console(stderr=True).print(f"{token} is refused from now on.", highlight=False)


def _tokens(manager: Manager) -> Iterator[dict[str, Json]]:
    for kind in _KINDS:
        for owner in manager.items(f"/{kind}", limit=200):
            for token in manager.items(f"/{kind}/{text(owner, 'id')}/tokens", limit=200):
                yield {**token, "owner": text(owner, "name")}


def _record(answer: Json) -> dict[str, Json]:
    if not isinstance(answer, dict):
        raise ManagementError("The manager answered something else than a record.")
    return answer
