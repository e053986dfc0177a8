"""Domains and settings over HTTP."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.errors import ManagementError
from penstock.link.snapshot import NodeLimits
from penstock.manager.forms import DomainForm, SettingForm
from penstock.manager.reading import read_object
from penstock.manager.routes import Call, Changes, Makes, Reads, Route, taking
from penstock.store import domains, settings
from penstock.store.domains import DomainRecord
from penstock.store.settings import SettingRecord
from penstock.store.unit import Look, Work

_ROOT: Final = "/apis/{api_id}/environments/{environment}"
_LARGEST: Final = 65_536  # bytes of a setting's JSON
LIMITS: Final = "limits"  # the setting that running nodes take over


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


def _place_settings(look: Look, call: Call) -> Settings:
    return Settings(items=settings.of(look, call.place))


def _place_setting(look: Look, call: Call) -> SettingRecord:
    return settings.get(look, call.place, call.ids["name"])


def _set_in_place(work: Work, call: Call, form: SettingForm) -> SettingRecord:
    name = call.ids["name"]
    return settings.write(work, call.place, name, _checked(name, form.value))


def _remove_in_place(work: Work, call: Call, _: object) -> None:
    settings.remove(work, call.place, call.ids["name"])


def _settings(look: Look, _: Call) -> Settings:
    return Settings(items=settings.of(look, None))


def _setting(look: Look, call: Call) -> SettingRecord:
    return settings.get(look, None, call.ids["name"])


def _set(work: Work, call: Call, form: SettingForm) -> SettingRecord:
    name = call.ids["name"]
    return settings.write(work, None, name, _checked(name, form.value))


def _remove(work: Work, call: Call, _: object) -> None:
    settings.remove(work, None, call.ids["name"])


def _checked(name: str, value: object) -> object:
    """Raise ManagementError for what is too large, and for limits that no node could read."""
    if len(msgspec.json.encode(value)) > _LARGEST:
        raise ManagementError(f"A setting may have {_LARGEST} bytes.", pointer="/value")
    if name == LIMITS:
        read_object(value, NodeLimits)
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
    Route(
        method="GET",
        path=f"{_ROOT}/settings",
        permission="config:settings:read",
        summary="List the settings of an environment",
        handler=Reads(_place_settings),
        gives=Settings,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/settings/{{name}}",
        permission="config:settings:read",
        summary="Show a setting of an environment",
        handler=Reads(_place_setting),
        gives=SettingRecord,
    ),
    Route(
        method="PUT",
        path=f"{_ROOT}/settings/{{name}}",
        permission="config:settings:write",
        summary="Set a setting of an environment",
        handler=Changes(taking(SettingForm, _set_in_place), _place_setting, makes=True),
        takes=SettingForm,
        gives=SettingRecord,
    ),
    Route(
        method="DELETE",
        path=f"{_ROOT}/settings/{{name}}",
        permission="config:settings:delete",
        summary="Remove a setting of an environment",
        handler=Changes(_remove_in_place, _place_setting),
    ),
    Route(
        method="GET",
        path="/settings",
        permission="config:settings:read",
        summary="List the settings of the installation",
        handler=Reads(_settings),
        gives=Settings,
    ),
    Route(
        method="GET",
        path="/settings/{name}",
        permission="config:settings:read",
        summary="Show a setting of the installation",
        handler=Reads(_setting),
        gives=SettingRecord,
    ),
    Route(
        method="PUT",
        path="/settings/{name}",
        permission="config:settings:write",
        summary="Set a setting of the installation",
        handler=Changes(taking(SettingForm, _set), _setting, makes=True),
        takes=SettingForm,
        gives=SettingRecord,
    ),
    Route(
        method="DELETE",
        path="/settings/{name}",
        permission="config:settings:delete",
        summary="Remove a setting of the installation",
        handler=Changes(_remove, _setting),
    ),
)
