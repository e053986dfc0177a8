"""An API in one environment, over HTTP: what runs, and what is to run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from penstock.deploy.rollout.types import Options, SmokeTest
from penstock.errors import ManagementError, NotFoundError
from penstock.manager.forms import DeployForm, OptionsForm, ReasonForm, ScaleForm, StopForm
from penstock.manager.routes import Acts, Call, Reads, Route, Streams, asking
from penstock.manager.streams import follow_journal
from penstock.manager.waiting import Wakeful
from penstock.store import artifacts, versions
from penstock.store.deployments import DeploymentRecord
from penstock.store.desk import DeployWish, PlaceStatus, ScaleWish
from penstock.store.rollouts import JournalEntry, RolloutRepository
from penstock.store.unit import Look, Resource

_ROOT: Final = "/apis/{api_id}/environments/{environment}"
_ENTRIES: Final = 500


class JournalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`after` is the sequence number of the last entry that was seen."""

    after: int = 0


class JournalView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; `sequence` counts from 1, `time` is in epoch seconds."""

    sequence: int
    time: float
    entry: msgspec.Raw


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    entries: tuple[JournalView, ...]


class Statuses(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[PlaceStatus, ...]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for is written down; the events tell what comes of it."""

    accepted: bool = True


def _list(_: Look, call: Call) -> Statuses:
    found = call.context.desk.statuses()
    return Statuses(items=tuple(one for one in found if one.api == call.ids["api_id"]))


def _show(_: Look, call: Call) -> PlaceStatus:
    found = call.context.desk.status(call.place)
    if found is None:
        raise NotFoundError(f"Nothing was ever deployed in {call.place.environment!r} of this API.")
    return found


def _journal(_: Look, call: Call) -> Journal:
    wanted = msgspec.convert(call.query, JournalFilter, from_attributes=True)
    repository = RolloutRepository(call.context.database)
    found = repository.journal(call.place, wanted.after, _ENTRIES)
    return Journal(entries=tuple(map(journal_view, found)))


def journal_view(entry: JournalEntry) -> JournalView:
    return JournalView(sequence=entry.sequence, time=entry.time, entry=msgspec.Raw(entry.entry))


def _check(_: Look, __: Call) -> None:
    """Let whoever may see a place follow it, also before anything is deployed there."""


def _events(call: Call, wakeful: Wakeful) -> AsyncIterator[bytes]:
    return follow_journal(call, wakeful)


def _deploy(call: Call, form: DeployForm) -> DeploymentRecord:
    wish = DeployWish(
        version=form.version,
        artifact=form.artifact,
        nodes=form.nodes,
        units=form.units,
        options=_options(form.options),
    )
    return call.context.desk.deploy(call.place, wish, call.caller.actor)


def _options(form: OptionsForm) -> Options:
    said = {
        name: value
        for name, value in msgspec.structs.asdict(form).items()
        if value is not None and name != "smoke"
    }
    tests = tuple(SmokeTest(**msgspec.structs.asdict(one)) for one in form.smoke)
    return Options(**said, smoke=tests)


def _check_deploy(look: Look, call: Call, form: object) -> None:
    """Refuse versions and artifacts of other APIs: the path says whose they must be."""
    if not isinstance(form, DeployForm) or (form.version is None) is (form.artifact is None):
        raise ManagementError("Exactly one of version and artifact is needed.", pointer="/")
    api = call.ids["api_id"]
    if form.version is not None and versions.get(look, form.version).api != api:
        raise NotFoundError(f"This API has no version {form.version!r}.", pointer="/version")
    if form.artifact is not None and artifacts.get(look, form.artifact).api_id != api:
        raise NotFoundError(f"This API has no artifact {form.artifact!r}.", pointer="/artifact")


def _promote(call: Call, _: object) -> Taken:
    call.context.desk.promote(call.place, call.caller.actor)
    return Taken()


def _abort(call: Call, form: ReasonForm) -> Taken:
    call.context.desk.abort(call.place, form.reason or "", call.caller.actor)
    return Taken()


def _rollback(call: Call, form: ReasonForm) -> DeploymentRecord:
    return call.context.desk.rollback(call.place, form.reason or "", call.caller.actor)


def _scale(call: Call, form: ScaleForm) -> Taken:
    if form.nodes is None and form.units is None:
        raise ManagementError("At least one of nodes and units is needed.", pointer="/")
    wish = ScaleWish(nodes=form.nodes, units=form.units)
    call.context.desk.scale(call.place, wish, call.caller.actor)
    return Taken()


def _stop(call: Call, form: StopForm) -> Taken:
    call.context.desk.stop(call.place, call.caller.actor, keep_size=form.keep_size)
    return Taken()


def _start(call: Call, _: object) -> DeploymentRecord:
    return call.context.desk.start(call.place, call.caller.actor)


def _about(call: Call) -> Resource:
    place = call.place
    return Resource(
        kind="environment",
        id=f"{place.api}/{place.environment}",
        project=call.scope.project,
        api=place.api,
    )


def _act(
    verb: str, summary: str, run: Callable[[Call, object], object], form: type | None, gives: type
) -> Route:
    return Route(
        method="POST",
        path=f"{_ROOT}/{verb}",
        permission=f"deploy:deployments:{verb}",
        summary=summary,
        handler=Acts(run, _about),
        takes=form,
        gives=gives,
        status=202,
        codes=("CONFLICT", "DEPLOYMENT_RUNNING"),
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/apis/{api_id}/environments",
        permission="deploy:deployments:read",
        summary="Show what runs of an API in every environment",
        handler=Reads(_list),
        gives=Statuses,
    ),
    Route(
        method="GET",
        path=_ROOT,
        permission="deploy:deployments:read",
        summary="Show what runs of an API in an environment",
        handler=Reads(_show),
        gives=PlaceStatus,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/journal",
        permission="deploy:deployments:read",
        summary="Show what happened in an environment",
        handler=Reads(_journal),
        query=JournalFilter,
        gives=Journal,
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/events",
        permission="deploy:deployments:read",
        summary="Follow what happens in an environment (server-sent events)",
        handler=Streams(_events, _check),
        query=JournalFilter,
    ),
    Route(
        method="POST",
        path=f"{_ROOT}/deploy",
        permission="deploy:deployments:deploy",
        summary="Deploy a version, or an artifact of old",
        handler=Acts(asking(DeployForm, _deploy), _about, _check_deploy),
        takes=DeployForm,
        gives=DeploymentRecord,
        status=202,
        codes=("CONFLICT", "DEPLOYMENT_RUNNING", "INVALID_ARTIFACT"),
    ),
    _act("promote", "Approve what is ready", _promote, None, Taken),
    _act("abort", "Give a deployment up", asking(ReasonForm, _abort), ReasonForm, Taken),
    _act(
        "rollback",
        "Go back to what served before",
        asking(ReasonForm, _rollback),
        ReasonForm,
        DeploymentRecord,
    ),
    _act(
        "scale",
        "Change the number or the size of nodes",
        asking(ScaleForm, _scale),
        ScaleForm,
        Taken,
    ),
    _act("stop", "Stop an API, which sets its size back", asking(StopForm, _stop), StopForm, Taken),
    _act("start", "Start what was stopped", _start, None, DeploymentRecord),
)
