"""Variables and secrets of a place over HTTP: a secret goes in, and never comes out again."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.manager.forms import ValueForm
from penstock.manager.routes import Call, Changes, Makes, Reads, Route, taking
from penstock.secret import Secret
from penstock.store import variables
from penstock.store.sealed import SealedRepository
from penstock.store.unit import Look, Work
from penstock.store.variables import VariableRecord

_ROOT: Final = "/apis/{api_id}/environments/{environment}"


class Variables(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[VariableRecord, ...]


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """How many secrets are encrypted by the newest master key now, and were not before."""

    secrets: int


def _variables(look: Look, call: Call) -> Variables:
    return Variables(items=variables.of(look, call.place, secret=False))


def _secrets(look: Look, call: Call) -> Variables:
    return Variables(items=variables.of(look, call.place, secret=True))


def _variable(look: Look, call: Call) -> VariableRecord:
    return variables.get(look, call.place, call.ids["name"], secret=False)


def _secret(look: Look, call: Call) -> VariableRecord:
    return variables.get(look, call.place, call.ids["name"], secret=True)


def _set_variable(work: Work, call: Call, form: ValueForm) -> VariableRecord:
    return variables.set_variable(work, call.place, call.ids["name"], form.value)


def _set_secret(work: Work, call: Call, form: ValueForm) -> VariableRecord:
    vault, name = call.context.vault, call.ids["name"]
    return variables.set_secret(work, vault, call.place, name, Secret(form.value))


def _remove_variable(work: Work, call: Call, _: object) -> None:
    variables.remove(work, call.place, call.ids["name"], secret=False)


def _remove_secret(work: Work, call: Call, _: object) -> None:
    variables.remove(work, call.place, call.ids["name"], secret=True)


def _reseal_keys(call: Call, _: object) -> int:
    return SealedRepository(call.context.database, call.context.vault).reseal()


def _reseal(work: Work, call: Call, count: int) -> Resealed:
    return Resealed(secrets=count + variables.reseal(work, call.context.vault))


ROUTES: Final = (
    Route(
        method="GET",
        path=f"{_ROOT}/variables",
        permission="config:variables:read",
        summary="List the variables of an environment",
        handler=Reads(_variables),
        gives=Variables,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/variables/{{name}}",
        permission="config:variables:read",
        summary="Show a variable",
        handler=Reads(_variable),
        gives=VariableRecord,
    ),
    Route(
        method="PUT",
        path=f"{_ROOT}/variables/{{name}}",
        permission="config:variables:write",
        summary="Set a variable: nodes have it from their next start on",
        handler=Changes(taking(ValueForm, _set_variable), _variable, makes=True),
        takes=ValueForm,
        gives=VariableRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path=f"{_ROOT}/variables/{{name}}",
        permission="config:variables:delete",
        summary="Remove a variable",
        handler=Changes(_remove_variable, _variable),
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/secrets",
        permission="config:secrets:read",
        summary="List the secrets of an environment, without their values",
        handler=Reads(_secrets),
        gives=Variables,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/secrets/{{name}}",
        permission="config:secrets:read",
        summary="Show when a secret was set, without its value",
        handler=Reads(_secret),
        gives=VariableRecord,
    ),
    Route(
        method="PUT",
        path=f"{_ROOT}/secrets/{{name}}",
        permission="config:secrets:write",
        summary="Set a secret: nobody but the nodes is given its value again",
        handler=Changes(taking(ValueForm, _set_secret), _secret, makes=True),
        takes=ValueForm,
        gives=VariableRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path=f"{_ROOT}/secrets/{{name}}",
        permission="config:secrets:delete",
        summary="Remove a secret",
        handler=Changes(_remove_secret, _secret),
    ),
    Route(
        method="POST",
        path="/secrets/actions/reseal",
        permission="config:secrets:reseal",
        summary="Encrypt every secret anew by the newest master key",
        handler=Makes(taking(int, _reseal), _reseal_keys),
        gives=Resealed,
    ),
)
