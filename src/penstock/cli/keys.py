"""`penstock keys`: make, list, rotate and revoke API keys."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock.auth.apikey import Environment
from penstock.auth.keyring import KeyRecord
from penstock.auth.principal import AttributeValue
from penstock.auth.rotation import KeyState, key_state
from penstock.cli.completing import offer
from penstock.cli.home import DEFAULT_HOME, AsJson
from penstock.cli.key_api import api_names, find_api
from penstock.cli.key_checks import KeysHome, check_wishes
from penstock.cli.key_options import parse_attributes, parse_duration, parse_name, parse_words
from penstock.cli.listing import print_list
from penstock.cli.place import complete_api, text
from penstock.cli.remote import Manager
from penstock.errors import ConfigurationError
from penstock.secret import Secret
from penstock.store.database import Database, open_state
from penstock.store.keys import KeyDraft, KeyRepository

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Make, list, rotate and revoke API keys.",
    epilog="Start with: penstock keys create dashboard --role analyst --expires 90d",
)


def complete_key(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the keys that are in force, by name; the manager is asked, as that is quicker."""

    def read(manager: Manager) -> list[str]:
        return [text(k, "name") for k in manager.items("/keys") if k["state"] != "revoked"]

    return offer(context, incomplete, read)


Reference: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="The key's id, or its name if no other key has it.",
        autocompletion=complete_key,
    ),
]

_ONCE = "This is the only time the key is shown: store it now, as you would a password."
_HEADINGS = ("ID", "NAME", "FOR", "API", "ROLES", "ATTRIBUTES", "EXPIRES", "LAST USED", "STATE")
_WHOLE = {"ID", "EXPIRES", "LAST USED", "STATE"}  # cut short, these would be of no use
_STYLES = {
    KeyState.ACTIVE: "green",
    KeyState.ROTATING: "cyan",
    KeyState.EXPIRED: "yellow",
    KeyState.REVOKED: "red",
}


@dataclass(frozen=True, slots=True)
class _Named:
    """A key, with the name of the one API that it opens; None if it opens all."""

    record: KeyRecord
    api_name: str | None
    last_used: float | None = None


@app.command("create")
def create_key(  # noqa: PLR0913 each is an option of the command
    name: Annotated[str, typer.Argument(help="What the key is for, such as 'dashboard'.")],
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="A role of policies/; repeat it for more."),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What row filters read as $principal.NAME; commas or JSON make a list. Repeat it.",
        ),
    ] = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An operation to open, such as refresh. Repeat it."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="90d, 12h, …; never, if left out.")
    ] = None,
    environment: Annotated[
        Environment, typer.Option(help="Is part of the key's text, for people to see.")
    ] = Environment.LIVE,
    api: Annotated[
        str | None,
        typer.Option(
            help="The one API that it opens, `project/api` or `api`; all, if left out.",
            autocompletion=complete_api,
        ),
    ] = None,
    project: Annotated[
        Path,
        typer.Option(help="The project whose roles these are.", rich_help_panel="Where and how"),
    ] = Path(),
    home: KeysHome = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once.

    The key alone goes to standard output, so a script can take it:

        KEY=$(penstock keys create dashboard --role analyst)

    A key for two stations, for 90 days:

        penstock keys create newark --attribute stations=EWR,JFK --expires 90d

    """
    now = time.time()
    draft = KeyDraft(
        name=parse_name(name),
        environment=environment,
        roles=parse_words(role or (), "--role"),
        attributes=parse_attributes(attribute or ()),
        permissions=frozenset(parse_words(permission or (), "--permission")),
        expires=None if expires is None else now + parse_duration(expires, "--expires"),
    )
    remark = check_wishes(draft.roles, draft.permissions, project)
    if remark is not None:
        _remark(remark)
    with open_state(home, os.environ) as database:
        if api is not None:
            draft = replace(draft, api=find_api(database, api))
        record, secret = KeyRepository(database).create(draft, now)
        key = _named(record, database)
    _show_key(key, secret, f"Created {_sentence(key)}.", as_json=as_json)


@app.command("list")
def list_keys(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show revoked keys too.")] = False,
    home: KeysHome = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List the keys, never their secrets.

    For programs, and with the exact times:

        penstock keys list --json | jq '.[].id'

    """
    with open_state(home, os.environ, create=False) as database:
        found = KeyRepository(database).list()
        names = api_names(database)
    shown = [
        _Named(key.record, names.get(key.record.api or ""), key.last_used)
        for key in found
        if everything or key.record.revoked is None
    ]
    if as_json:
        _print_json([_as_json(key) for key in shown])
    elif shown:
        _show_list(shown, time.time())
    else:
        _remark("There is no key yet. Make one: penstock keys create NAME")


@app.command("revoke")
def revoke_key(
    reference: Reference, *, home: KeysHome = DEFAULT_HOME, as_json: AsJson = False
) -> None:
    """Refuse a key from now on, on every node within 5 seconds. This cannot be undone.

    By name, or by id:

        penstock keys revoke dashboard

    """
    now = time.time()
    with open_state(home, os.environ, create=False) as database:
        key = _named(KeyRepository(database).revoke(reference, now), database)
    if as_json:
        _print_json(_as_json(key))
    elif key.record.revoked != now:
        _remark(f"It was revoked already, {_date(key.record.revoked)}: {_sentence(key)}.")
    else:
        _remark(f"Revoked {_sentence(key)}. Every node refuses it within 5 seconds.")


@app.command("rotate")
def rotate_key(
    reference: Reference,
    *,
    grace: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long the old secret still works: 7d, 12h, …"),
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="End the old secret of a rotation now.")
    ] = False,
    home: KeysHome = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret. The old one works too until it is finished, or --grace ends.

    Begin, give the new secret to whoever uses the key, then end the old one:

        penstock keys rotate dashboard
        penstock keys rotate dashboard --finish

    """
    now = time.time()
    if finish and grace is not None:
        raise ConfigurationError(
            "--finish and --grace do not go together.",
            hint="--finish ends the old secret now, --grace later.",
        )
    seconds = None if grace is None else parse_duration(grace, "--grace")
    with open_state(home, os.environ, create=False) as database:
        keys = KeyRepository(database)
        if finish:
            key = _named(keys.finish_rotation(reference, now), database)
            _show_finished(key, as_json=as_json)
        else:
            record, secret = keys.rotate(reference, now, seconds)
            _show_rotated(_named(record, database), secret, as_json=as_json)


def _named(record: KeyRecord, database: Database) -> _Named:
    return _Named(record, api_names(database).get(record.api or ""))


def _show_finished(key: _Named, *, as_json: bool) -> None:
    if as_json:
        _print_json(_as_json(key))
    else:
        _remark(f"Only the new secret of {_sentence(key)} works now.")


def _show_rotated(key: _Named, secret: Secret, *, as_json: bool) -> None:
    record = key.record
    until = f"until {_date(record.overlap_ends)}" if record.overlap_ends else "as well"
    remark = (
        f"A new secret for {_sentence(key)}. The old one works {until}; "
        f"end it with: penstock keys rotate {record.id} --finish"
    )
    _show_key(key, secret, remark, as_json=as_json)


def _show_key(key: _Named, secret: Secret, remark: str, *, as_json: bool) -> None:
    """Print the key alone to standard output, everything about it to standard error."""
    if as_json:
        _print_json({"key": secret.reveal(), **_as_json(key)})
        return
    _remark(remark)
    typer.echo(secret.reveal())
    _remark(_ONCE)


def _show_list(keys: Iterable[_Named], now: float) -> None:
    rows = [(key_state(key.record, now), _cells(key)) for key in keys]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading, no_wrap=heading in _WHOLE, overflow="fold")
    for state, cells in rows:
        table.add_row(*map(Text, cells), Text(state, _STYLES[state]))
    print_list(table)


def _cells(key: _Named) -> tuple[str, ...]:
    record = key.record
    return (
        record.id,
        record.name,
        record.environment.value,
        key.api_name or record.api or "all",
        ", ".join(record.roles) or "–",
        _attributes(record) or "–",
        _day(record.expires),
        _day(key.last_used),
    )


def _sentence(key: _Named) -> str:
    record = key.record
    parts = [record.environment.value]
    if record.api is not None:
        parts.append(f"for {key.api_name or record.api} alone")
    if record.roles:
        parts.append(f"roles {', '.join(record.roles)}")
    if record.attributes:
        parts.append(_attributes(record))
    if record.permissions:
        parts.append(f"may {', '.join(sorted(record.permissions))}")
    if record.expires is not None:
        parts.append(f"expires {_date(record.expires)}")
    return f"key {record.name!r} ({record.id}; {'; '.join(parts)})"


def _attributes(record: KeyRecord) -> str:
    return ", ".join(f"{n}={_plain(value)}" for n, value in record.attributes.items())


def _plain(value: AttributeValue) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _as_json(key: _Named) -> dict[str, object]:
    record = key.record
    return {
        "id": record.id,
        "name": record.name,
        "environment": record.environment.value,
        "state": key_state(record, time.time()).value,
        "api": record.api,
        "api_name": key.api_name,
        "roles": record.roles,
        "attributes": dict(record.attributes),
        "permissions": sorted(record.permissions),
        "created": _timestamp(record.created),
        "expires": _timestamp(record.expires),
        "old_secret_ends": _timestamp(record.overlap_ends),
        "revoked": _timestamp(record.revoked),
        "last_used": _timestamp(key.last_used),
    }


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _remark(text: str) -> None:
    Console(stderr=True).print(Text(text), soft_wrap=True)


def _date(epoch: float | None) -> str:
    if epoch is None:
        return "never"
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(epoch: float | None) -> str:
    return "never" if epoch is None else datetime.fromtimestamp(epoch, UTC).date().isoformat()


def _timestamp(epoch: float | None) -> str | None:
    if epoch is None:
        return None
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
