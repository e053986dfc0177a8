"""Versions over HTTP: their files come from a ZIP, a folder or a Git repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from penstock.errors import ConflictError, ManagementError
from penstock.manager.forms import DuplicateForm, SynchroniseForm, VersionChange, VersionForm
from penstock.manager.routes import (
    Acts,
    Call,
    Changes,
    Download,
    Downloads,
    Lists,
    Makes,
    Reads,
    Route,
    asking,
    taking,
)
from penstock.manager.sources.folder import check_folder, read_folder
from penstock.manager.sources.git import check_repository, read_repository
from penstock.manager.sources.zip import read_zip, write_zip
from penstock.store import removal, versions
from penstock.store.builds import BuildRecord
from penstock.store.contents import Tree
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, Resource, Work, looking
from penstock.store.versions import VersionFilter, VersionRecord


class Filled(msgspec.Struct, frozen=True):
    """Files that were kept, and where they are from."""

    tree: Tree
    source: str


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, VersionFilter, from_attributes=True)
    return _listed(look, reach, span, wanted)


def _list_of(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    return _listed(look, reach, span, VersionFilter(api=call.ids["api_id"]))


def _listed(look: Look, reach: Reach, span: Span, wanted: VersionFilter) -> Page[object]:
    found = versions.page(look, reach, span, wanted)
    return Page(items=found.items, next=found.next)


def _show(look: Look, call: Call) -> VersionRecord:
    return versions.get(look, call.ids["version_id"])


def _make(work: Work, call: Call, form: VersionForm) -> VersionRecord:
    return versions.create(work, call.ids["api_id"], form.name, form.like)


def _change(work: Work, call: Call, form: VersionChange) -> VersionRecord:
    return versions.rename(work, call.ids["version_id"], form.name)


def _remove(work: Work, call: Call, _: object) -> None:
    removal.remove_version(work, call.ids["version_id"])


def _duplicate(work: Work, call: Call, form: DuplicateForm) -> VersionRecord:
    original = versions.get(work, call.ids["version_id"])
    return versions.create(work, original.api, form.name, original.id)


def _activate(work: Work, call: Call, _: object) -> VersionRecord:
    return versions.activate(work, call.ids["version_id"])


def _fill(work: Work, call: Call, filled: Filled) -> VersionRecord:
    return versions.fill(work, call.ids["version_id"], filled.tree, filled.source)


def _unpack(call: Call, path: Path) -> Filled:
    _check_new(call)
    return Filled(read_zip(call.context.contents, path, call.context.settings), "ZIP")


def _fetch(call: Call, form: SynchroniseForm) -> Filled:
    """Read the files before the unit of work begins: a repository may take its time."""
    settings, store = call.context.settings, call.context.contents
    if (form.folder is None) is (form.url is None):
        raise ManagementError("Exactly one of folder and url is needed.", pointer="/")
    _check_new(call)
    if form.folder is not None:
        folder = check_folder(Path(form.folder), settings, local=call.caller.local)
        return Filled(read_folder(store, folder, settings), f"folder {folder}")
    local = call.caller.local
    repository = check_repository(form.url or "", form.reference, settings, local=local)
    tree, commit = read_repository(store, repository, settings)
    return Filled(tree, f"{repository.url} at {commit[:40]}")


def _check_new(call: Call) -> None:
    """Refuse early what is refused in the end: a deployed version is read-only."""
    with looking(call.context.database) as look:
        version = versions.get(look, call.ids["version_id"])
    if version.state is versions.VersionState.DEPLOYED:
        raise ConflictError(
            f"Version {version.name!r} is deployed, and so it is read-only.",
            hint="Duplicate it and change the copy, or stop it first.",
        )


def _download(call: Call) -> Download:
    with looking(call.context.database) as look:
        version = versions.get(look, call.ids["version_id"])
    if version.content is None:
        raise ConflictError(f"Version {version.name!r} has no files yet.")
    path = write_zip(call.context.contents, version.content)
    return Download(path, f"{version.name}.zip", "application/zip")


def _build(call: Call, _: object) -> BuildRecord:
    return call.context.desk.build(call.ids["version_id"], call.caller.actor)


def _about(call: Call) -> Resource:
    scope = call.scope
    identifier = call.ids["version_id"]
    return Resource(kind="version", id=identifier, project=scope.project, api=scope.api)


ROUTES: Final = (
    Route(
        method="GET",
        path="/versions",
        permission="catalogue:versions:read",
        summary="List versions",
        handler=Lists(_list),
        query=VersionFilter,
        gives=VersionRecord,
    ),
    Route(
        method="GET",
        path="/apis/{api_id}/versions",
        permission="catalogue:versions:read",
        summary="List the versions of an API",
        handler=Lists(_list_of),
        gives=VersionRecord,
    ),
    Route(
        method="POST",
        path="/apis/{api_id}/versions",
        permission="catalogue:versions:create",
        summary="Make a version of an API",
        handler=Makes(taking(VersionForm, _make)),
        takes=VersionForm,
        gives=VersionRecord,
        status=201,
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/versions/{version_id}",
        permission="catalogue:versions:read",
        summary="Show a version",
        handler=Reads(_show),
        gives=VersionRecord,
    ),
    Route(
        method="PATCH",
        path="/versions/{version_id}",
        permission="catalogue:versions:update",
        summary="Rename a version that is not deployed",
        handler=Changes(taking(VersionChange, _change), _show),
        takes=VersionChange,
        gives=VersionRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path="/versions/{version_id}",
        permission="catalogue:versions:delete",
        summary="Remove a version that is not deployed",
        handler=Changes(_remove, _show),
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/versions/{version_id}/content",
        permission="catalogue:versions:download",
        summary="Download the files of a version as a ZIP",
        handler=Downloads(_download),
        gives=Path,
        codes=("CONFLICT", "INVALID_ARTIFACT"),
    ),
    Route(
        method="PUT",
        path="/versions/{version_id}/content",
        permission="catalogue:versions:synchronise",
        summary="Replace the files of a version by those of a ZIP",
        handler=Changes(taking(Filled, _fill), _show, prepare=asking(Path, _unpack)),
        takes=Path,
        gives=VersionRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="POST",
        path="/versions/{version_id}/actions/synchronise",
        permission="catalogue:versions:synchronise",
        summary="Replace the files of a version by those of a folder or a Git repository",
        handler=Makes(taking(Filled, _fill), asking(SynchroniseForm, _fetch)),
        takes=SynchroniseForm,
        gives=VersionRecord,
        codes=("CONFLICT", "DATABASE_UNAVAILABLE"),
    ),
    Route(
        method="POST",
        path="/versions/{version_id}/actions/duplicate",
        permission="catalogue:versions:create",
        summary="Make a version with the same files",
        handler=Makes(taking(DuplicateForm, _duplicate)),
        takes=DuplicateForm,
        gives=VersionRecord,
        codes=("CONFLICT",),
        status=200,
    ),
    Route(
        method="POST",
        path="/versions/{version_id}/actions/activate",
        permission="catalogue:versions:activate",
        summary="Make a version the one that is being edited",
        handler=Makes(_activate),
        gives=VersionRecord,
    ),
    Route(
        method="POST",
        path="/versions/{version_id}/actions/build",
        permission="build:builds:create",
        summary="Build an artifact from a version",
        handler=Acts(_build, _about),
        gives=BuildRecord,
        status=202,
        codes=("CONFLICT",),
    ),
)
