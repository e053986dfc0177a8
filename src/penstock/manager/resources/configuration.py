"""Domains and settings over HTTP."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.deploy.types import Place
from penstock.errors import ManagementError
from penstock.link.snapshot import NodeLimits
from penstock.manager.forms import DomainForm, SettingForm
from penstock.manager.reading import read_object
from penstock.manager.resources.named import Named
from penstock.manager.routes import Call, Changes, Makes, Reads, Route, taking
from penstock.store import domains, settings
from penstock.store.domains import DomainRecord
from penstock.store.settings import SettingRecord
from penstock.store.unit import Look, Work

_ROOT: Final = "/apis/{api_id}/environments/{environment}"
_LARGEST_NUMBER: Final = 1 << 62
_LARGEST: Final = 65_536  # bytes of a setting's JSON
LIMITS: Final = "limits"  # the setting that running nodes take over
REFRESHED: Final = "refreshed"  # a number: where it grows, running nodes count their tables anew


class Domains(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[DomainRecord, ...]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[SettingRecord, ...]


def _domains(look: Look, call: Call) -> Domains:
    return Domains(items=domains.of(look, call.place))


def _domain(look: Look, call: Call) -> DomainRecord:
    return domains.get(look, call.place, call.ids["domain"])


def _add_domain(work: Work, call: Call, form: DomainForm) -> DomainRecord:
    return domains.add(work, call.place, form.name)


def _remove_domain(work: Work, call: Call, _: object) -> None:
    domains.remove(work, call.place, call.ids["domain"])


def _where(call: Call) -> Place | None:
    """Return the place that a path names, None where it is of the whole installation."""
    return call.place if "api_id" in call.ids else None


def _settings(look: Look, call: Call) -> Settings:
    return Settings(items=settings.of(look, _where(call)))


def _setting(look: Look, call: Call) -> SettingRecord:
    return settings.get(look, _where(call), call.ids["name"])


def _set(work: Work, call: Call, form: SettingForm) -> SettingRecord:
    name = call.ids["name"]
    return settings.write(work, _where(call), name, _checked(name, form.value))


def _remove(work: Work, call: Call, _: object) -> None:
    settings.remove(work, _where(call), call.ids["name"])


def _settings_of(whose: str, path: str) -> tuple[Route, ...]:
    return Named(
        path,
        "config:settings",
        every=_settings,
        show=_setting,
        put=_set,
        remove=_remove,
        listing=Settings,
        record=SettingRecord,
        form=SettingForm,
        says=(
            f"List the settings of {whose}",
            f"Show a setting of {whose}",
            f"Set a setting of {whose}",
            f"Remove a setting of {whose}",
        ),
    ).routes()


def _checked(name: str, value: object) -> object:
    """Raise ManagementError for what is too large, and for limits that no node could read."""
    if len(msgspec.json.encode(value)) > _LARGEST:
        raise ManagementError(f"A setting may have {_LARGEST} bytes.", pointer="/value")
    if name == LIMITS:
        read_object(value, NodeLimits)
    if name == REFRESHED and (type(value) is not int or not 0 <= value < _LARGEST_NUMBER):
        raise ManagementError("This setting is a whole number.", pointer="/value")
    return value


ROUTES: Final = (
    Route(
        method="GET",
        path=f"{_ROOT}/domains",
        permission="config:domains:read",
        summary="List the domains that lead to an environment",
        handler=Reads(_domains),
        gives=Domains,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/domains/{{domain}}",
        permission="config:domains:read",
        summary="Show a domain",
        handler=Reads(_domain),
        gives=DomainRecord,
    ),
    Route(
        method="POST",
        path=f"{_ROOT}/domains",
        permission="config:domains:create",
        summary="Lead a domain to an environment",
        handler=Makes(taking(DomainForm, _add_domain)),
        takes=DomainForm,
        gives=DomainRecord,
        status=201,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path=f"{_ROOT}/domains/{{domain}}",
        permission="config:domains:delete",
        summary="Lead a domain nowhere",
        handler=Changes(_remove_domain, _domain),
    ),
    *_settings_of("an environment", f"{_ROOT}/settings"),
    *_settings_of("the installation", "/settings"),
)
