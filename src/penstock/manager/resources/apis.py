"""APIs over HTTP, each with its versions in brief."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.manager.forms import ApiChange, ApiForm
from penstock.manager.routes import Call, Changes, Lists, Makes, Reads, Route, taking
from penstock.store import apis, removal, versions
from penstock.store.apis import ApiFilter, ApiRecord
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, Work
from penstock.store.versions import VersionBrief


class ApiView(ApiRecord, frozen=True, kw_only=True):
    """An API with its versions, the oldest first."""

    versions: tuple[VersionBrief, ...]


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, ApiFilter, from_attributes=True)
    return _listed(look, reach, span, wanted)


def _list_of(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    return _listed(look, reach, span, ApiFilter(project=call.ids["project_id"]))


def _listed(look: Look, reach: Reach, span: Span, wanted: ApiFilter) -> Page[object]:
    found = apis.page(look, reach, span, wanted)
    of = versions.briefs_of(look, [api.id for api in found.items])
    views = tuple(_view(api, of.get(api.id, ())) for api in found.items)
    return Page(items=views, next=found.next)


def _show(look: Look, call: Call) -> ApiView:
    return _shown(look, apis.get(look, call.ids["api_id"]))


def _make(work: Work, call: Call, form: ApiForm) -> ApiView:
    return _view(apis.create(work, call.ids["project_id"], form.name, form.title or ""), ())


def _change(work: Work, call: Call, form: ApiChange) -> ApiView:
    changed = apis.update(work, call.ids["api_id"], name=form.name, title=form.title)
    return _shown(work, changed)


def _remove(work: Work, call: Call, _: object) -> None:
    removal.remove_api(work, call.ids["api_id"])


def _shown(look: Look, api: ApiRecord) -> ApiView:
    return _view(api, versions.briefs_of(look, [api.id]).get(api.id, ()))


def _view(api: ApiRecord, found: tuple[VersionBrief, ...]) -> ApiView:
    return ApiView(
        id=api.id,
        project=api.project,
        name=api.name,
        title=api.title,
        state=api.state,
        created=api.created,
        changed=api.changed,
        versions=found,
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/apis",
        permission="catalogue:apis:read",
        summary="List APIs with their versions",
        handler=Lists(_list),
        query=ApiFilter,
        gives=ApiView,
    ),
    Route(
        method="GET",
        path="/projects/{project_id}/apis",
        permission="catalogue:apis:read",
        summary="List the APIs of a project",
        handler=Lists(_list_of),
        gives=ApiView,
    ),
    Route(
        method="POST",
        path="/projects/{project_id}/apis",
        permission="catalogue:apis:create",
        summary="Make an API of a project",
        handler=Makes(taking(ApiForm, _make)),
        takes=ApiForm,
        gives=ApiView,
        status=201,
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/apis/{api_id}",
        permission="catalogue:apis:read",
        summary="Show an API with its versions",
        handler=Reads(_show),
        gives=ApiView,
    ),
    Route(
        method="PATCH",
        path="/apis/{api_id}",
        permission="catalogue:apis:update",
        summary="Change an API",
        handler=Changes(taking(ApiChange, _change), _show),
        takes=ApiChange,
        gives=ApiView,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path="/apis/{api_id}",
        permission="catalogue:apis:delete",
        summary="Remove an API that is stopped, with its versions",
        handler=Changes(_remove, _show),
        codes=("CONFLICT",),
    ),
)
