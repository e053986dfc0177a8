"""Deployments of all times, and nodes of today, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from penstock.manager.routes import Call, Lists, Reads, Route, Streams
from penstock.manager.streams import follow_node
from penstock.manager.waiting import Wakeful
from penstock.store import apis, deployments, node_logs
from penstock.store.deployments import DeploymentFilter, DeploymentRecord
from penstock.store.desk import KeptLog, NodeStatus
from penstock.store.grants import Scope
from penstock.store.node_logs import KeptLogFilter
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look


class NodeFilter(msgspec.Struct, frozen=True, kw_only=True):
    api: str | None = None
    environment: str | None = None


class LogsFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The last `tail` lines; with `follow`, what comes then too."""

    tail: int | None = None
    follow: bool = False


class Nodes(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[NodeStatus, ...]


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, DeploymentFilter, from_attributes=True)
    found = deployments.page(look, reach, span, wanted)
    return Page(items=found.items, next=found.next)


def _show(look: Look, call: Call) -> DeploymentRecord:
    return deployments.get(look, call.ids["deployment_id"])


def _nodes(look: Look, call: Call) -> Nodes:
    wanted = msgspec.convert(call.query, NodeFilter, from_attributes=True)
    return Nodes(
        items=tuple(
            node
            for status in call.context.desk.statuses()
            if _sees(look, call, status.api)
            and wanted.api in {None, status.api}
            and wanted.environment in {None, status.environment}
            for node in status.nodes
        )
    )


def _sees(look: Look, call: Call, api: str) -> bool:
    scope = Scope(project=apis.project_of(look, api), api=api)
    return call.caller.grants.allow("deploy:nodes:read", scope)


def _kept(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, KeptLogFilter, from_attributes=True)
    found = node_logs.page(look, reach, span, wanted)
    return Page(items=found.items, next=found.next)


def _check(_: Look, call: Call) -> None:
    """See that there is such a log, while that can be answered: once it flows nothing can."""
    call.context.desk.logs(call.ids["node_id"], tail=0, follow=False)


def _logs(call: Call, wakeful: Wakeful) -> AsyncIterator[bytes]:
    wanted = msgspec.convert(call.query, LogsFilter, from_attributes=True)
    return follow_node(call, wakeful, tail=wanted.tail, follow=wanted.follow)


ROUTES: Final = (
    Route(
        method="GET",
        path="/deployments",
        permission="deploy:deployments:read",
        summary="List deployments, the newest first",
        handler=Lists(_list),
        query=DeploymentFilter,
        gives=DeploymentRecord,
    ),
    Route(
        method="GET",
        path="/deployments/{deployment_id}",
        permission="deploy:deployments:read",
        summary="Show a deployment",
        handler=Reads(_show),
        gives=DeploymentRecord,
    ),
    Route(
        method="GET",
        path="/nodes",
        permission="deploy:nodes:read",
        summary="List the nodes that run",
        handler=Reads(_nodes, narrowed=True),
        query=NodeFilter,
        gives=Nodes,
    ),
    Route(
        method="GET",
        path="/logs",
        permission="deploy:logs:read",
        summary="List the logs that were kept of nodes that failed, the newest first",
        handler=Lists(_kept),
        query=KeptLogFilter,
        gives=KeptLog,
    ),
    Route(
        method="GET",
        path="/nodes/{node_id}/logs",
        permission="deploy:logs:read",
        summary="Show or follow what a node prints; what was kept of one that failed",
        handler=Streams(_logs, _check, "text/plain; charset=utf-8"),
        query=LogsFilter,
    ),
)
