"""Projects over HTTP."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.manager.forms import ProjectChange, ProjectForm
from penstock.manager.routes import Call, Changes, Lists, Makes, Reads, Route, taking
from penstock.store import projects, removal
from penstock.store.paging import Page, Reach, Span
from penstock.store.projects import ProjectRecord
from penstock.store.unit import Look, Work


class ProjectFilter(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, ProjectFilter, from_attributes=True)
    found = projects.page(look, reach, span, wanted.name)
    return Page(items=found.items, next=found.next)


def _show(look: Look, call: Call) -> ProjectRecord:
    return projects.get(look, call.ids["project_id"])


def _make(work: Work, _: Call, form: ProjectForm) -> ProjectRecord:
    return projects.create(work, form.name, form.title or "")


def _change(work: Work, call: Call, form: ProjectChange) -> ProjectRecord:
    return projects.update(work, call.ids["project_id"], name=form.name, title=form.title)


def _remove(work: Work, call: Call, _: object) -> None:
    removal.remove_project(work, call.ids["project_id"])


ROUTES: Final = (
    Route(
        method="GET",
        path="/projects",
        permission="catalogue:projects:read",
        summary="List projects",
        handler=Lists(_list),
        query=ProjectFilter,
        gives=ProjectRecord,
    ),
    Route(
        method="POST",
        path="/projects",
        permission="catalogue:projects:create",
        summary="Make a project",
        handler=Makes(taking(ProjectForm, _make)),
        takes=ProjectForm,
        gives=ProjectRecord,
        status=201,
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/projects/{project_id}",
        permission="catalogue:projects:read",
        summary="Show a project",
        handler=Reads(_show),
        gives=ProjectRecord,
    ),
    Route(
        method="PATCH",
        path="/projects/{project_id}",
        permission="catalogue:projects:update",
        summary="Change a project",
        handler=Changes(taking(ProjectChange, _change), _show),
        takes=ProjectChange,
        gives=ProjectRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path="/projects/{project_id}",
        permission="catalogue:projects:delete",
        summary="Remove a project that has no API",
        handler=Changes(_remove, _show),
        codes=("CONFLICT",),
    ),
)
