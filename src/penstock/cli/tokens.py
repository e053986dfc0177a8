"""`penstock tokens`: what people and programs show to the manager, from another machine say."""

from __future__ import annotations

import shlex
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.key_options import parse_duration
from penstock.cli.place import text
from penstock.cli.remote import Manager, open_manager
from penstock.errors import ManagementError, NotFoundError
from penstock.query.types import Json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Make, list and revoke what opens the manager: PENSTOCK_TOKEN.",
    epilog="Start with: penstock tokens create ada --role owner",
)

_KINDS = {False: "people", True: "accounts"}
_ONCE = "This is the only time the token is shown: store it now, as you would a password."


@app.command("create")
def create_token(  # noqa: PLR0913 each is an option of the command
    name: Annotated[str, typer.Argument(help="Who it is for; made, if nobody is called so yet.")],
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE", help="A role to give them, such as owner or developer; repeat it."
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
    kind = _KINDS[robot]
    with open_manager(home) as manager:
        owner = _find(manager, kind, name) or _record(manager.post(f"/{kind}", {"name": name}))
        subject = text(owner, "id")
        held = {text(one, "role") for one in manager.items("/bindings", subject=subject)}
        for wanted in role or ():
            if wanted not in held:
                manager.post("/bindings", {"subject": subject, "role": wanted})
        held.update(role or ())
        wish: dict[str, Json] = {"name": label}
        if seconds is not None:
            wish["expires_in"] = seconds
        made = _record(manager.post(f"/{kind}/{subject}/tokens", wish))
    if as_json:
        typer.echo(msgspec.json.encode(made).decode())
        return
    said = Console(stderr=True, soft_wrap=True)
    roles = ", ".join(sorted(held)) or "no role: it may do nothing yet"
    again = f"penstock tokens create {shlex.quote(name)}{' --robot' * robot} --role developer"
    said.print(f"Created token {text(made, 'id')} of {name} ({roles}).", highlight=False)
    if not held:
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
        found = [
            {**token, "owner": text(owner, "name")}
            for kind in _KINDS.values()
            for owner in manager.items(f"/{kind}", limit=200)
            for token in manager.items(f"/{kind}/{text(owner, 'id')}/tokens", limit=200)
        ]
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    table = Table("ID", "OF", "FOR", "STATE", box=None, pad_edge=False)
    for token in found:
        state = "active" if token["revoked"] is None else "revoked"
        table.add_row(text(token, "id"), text(token, "owner"), text(token, "name"), state)
    Console().print(table if found else "There are none.")


@app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `list` shows it.")],
    *,
    home: Home = DEFAULT_HOME,
) -> None:
    """Refuse a token from the next request on.

    Example: penstock tokens revoke tok_abcdefghijklmnop
    """
    with open_manager(home) as manager:
        try:
            manager.delete(f"/tokens/{token}")
        except NotFoundError as error:
            hint = error.hint or "`penstock tokens list` shows the ids of all."
            raise NotFoundError(error.detail, hint=hint) from error
    Console(stderr=True).print(f"{token} is refused from now on.", highlight=False)


def _find(manager: Manager, kind: str, name: str) -> dict[str, Json] | None:
    everybody = manager.items(f"/{kind}", limit=200)
    return next((one for one in everybody if text(one, "name") == name), None)


def _record(answer: Json) -> dict[str, Json]:
    if not isinstance(answer, dict):
        raise ManagementError("The manager answered something else than a record.")
    return answer
