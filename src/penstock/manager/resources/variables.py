"""Variables and secrets of a place over HTTP: a secret goes in, and never comes out again."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.manager.forms import ValueForm
from penstock.manager.resources.named import Named
from penstock.manager.routes import Call, Makes, Route, taking
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


_VARIABLES: Final = Named(
    f"{_ROOT}/variables",
    "config:variables",
    every=_variables,
    show=_variable,
    put=_set_variable,
    remove=_remove_variable,
    listing=Variables,
    record=VariableRecord,
    form=ValueForm,
    says=(
        "List the variables of an environment",
        "Show a variable",
        "Set a variable: nodes have it from their next start on",
        "Remove a variable",
    ),
    codes=("CONFLICT",),
)
_SECRETS: Final = Named(
    f"{_ROOT}/secrets",
    "config:secrets",
    every=_secrets,
    show=_secret,
    put=_set_secret,
    remove=_remove_secret,
    listing=Variables,
    record=VariableRecord,
    form=ValueForm,
    says=(
        "List the secrets of an environment, without their values",
        "Show when a secret was set, without its value",
        "Set a secret: nobody but the nodes is given its value again",
        "Remove a secret",
    ),
    codes=("CONFLICT",),
)

ROUTES: Final = (
    *_VARIABLES.routes(),
    *_SECRETS.routes(),
    Route(
        method="POST",
        path="/secrets/actions/reseal",
        permission="config:secrets:reseal",
        summary="Encrypt every secret anew by the newest master key",
        handler=Makes(taking(int, _reseal), _reseal_keys),
        gives=Resealed,
    ),
)
