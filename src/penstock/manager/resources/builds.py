"""Builds, what they print, and the artifacts they make, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from penstock.manager.routes import Acts, Call, Lists, Reads, Route, Streams
from penstock.manager.streams import follow_build
from penstock.manager.waiting import Wakeful
from penstock.store import artifacts, builds
from penstock.store.artifacts import ArtifactRecord
from penstock.store.builds import BuildFilter, BuildLogRepository, BuildRecord, LogLine
from penstock.store.desk import Collected
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, Resource

_LINES: Final = 1000


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`after` is the sequence number of the last line that was seen."""

    after: int = 0


class ArtifactFilter(msgspec.Struct, frozen=True, kw_only=True):
    api: str | None = None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """Up to 1000 lines, and how the build is."""

    build: BuildRecord
    lines: tuple[LogLine, ...]


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, BuildFilter, from_attributes=True)
    found = builds.page(look, reach, span, wanted)
    return Page(items=found.items, next=found.next)


def _show(look: Look, call: Call) -> BuildRecord:
    return builds.get(look, call.ids["build_id"])


def _log(look: Look, call: Call) -> Log:
    wanted = msgspec.convert(call.query, LogFilter, from_attributes=True)
    build = builds.get(look, call.ids["build_id"])
    repository = BuildLogRepository(call.context.database)
    return Log(build=build, lines=repository.lines(build.id, wanted.after, _LINES))


def _check(look: Look, call: Call) -> None:
    builds.get(look, call.ids["build_id"])


def _events(call: Call, wakeful: Wakeful) -> AsyncIterator[bytes]:
    return follow_build(call, wakeful)


def _artifacts(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, ArtifactFilter, from_attributes=True)
    found = artifacts.page(look, reach, span, wanted.api)
    return Page(items=found.items, next=found.next)


def _artifact(look: Look, call: Call) -> ArtifactRecord:
    return artifacts.get(look, call.ids["digest"])


def _collect(call: Call, _: object) -> Collected:
    return call.context.desk.collect()


def _about(_: Call) -> Resource:
    return Resource(kind="artifacts", id="all")


ROUTES: Final = (
    Route(
        method="GET",
        path="/builds",
        permission="build:builds:read",
        summary="List builds, the newest first",
        handler=Lists(_list),
        query=BuildFilter,
        gives=BuildRecord,
    ),
    Route(
        method="GET",
        path="/builds/{build_id}",
        permission="build:builds:read",
        summary="Show a build",
        handler=Reads(_show),
        gives=BuildRecord,
    ),
    Route(
        method="GET",
        path="/builds/{build_id}/log",
        permission="build:builds:read",
        summary="Show what a build has printed",
        handler=Reads(_log),
        query=LogFilter,
        gives=Log,
    ),
    Route(
        method="GET",
        path="/builds/{build_id}/events",
        permission="build:builds:read",
        summary="Follow what a build prints, until it ends (server-sent events)",
        handler=Streams(_events, _check),
    ),
    Route(
        method="GET",
        path="/artifacts",
        permission="build:artifacts:read",
        summary="List artifacts, the newest first",
        handler=Lists(_artifacts),
        query=ArtifactFilter,
        gives=ArtifactRecord,
    ),
    Route(
        method="GET",
        path="/artifacts/{digest}",
        permission="build:artifacts:read",
        summary="Show an artifact",
        handler=Reads(_artifact),
        gives=ArtifactRecord,
    ),
    Route(
        method="POST",
        path="/artifacts/actions/collect",
        permission="build:artifacts:collect",
        summary="Remove artifacts that nothing needs any more",
        handler=Acts(_collect, _about),
        gives=Collected,
    ),
)
