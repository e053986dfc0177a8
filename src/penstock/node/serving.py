"""One project, open: everything that a change of its folder replaces, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from penstock.auth.authenticate import Authenticator
from penstock.auth.jwks import open_tokens
from penstock.auth.keyring import KeyRing
from penstock.auth.principal import Principal
from penstock.census import counts_of
from penstock.engine.types import Engine
from penstock.events import Observer
from penstock.node.catalogue import describe_view
from penstock.node.openapi import describe_api
from penstock.node.probing import ProbeRun
from penstock.node.visible import visible_queries
from penstock.pipeline import Pipeline
from penstock.policy.types import View
from penstock.project.ceased import list_ceased
from penstock.project.open import close_engines, open_engines, open_pipeline
from penstock.project.recorded import Recorded, read_versions, recall_counts, record_counts
from penstock.project.types import Project
from penstock.query.saved import SavedQuery

_MEMO = 1024


class Counts(Protocol):
    """Where the numbers of rows are kept, for the next node that starts."""

    def read(self, project: str) -> dict[str, Recorded]:
        """Return what is kept of a project's tables, by name. Raises StateError."""

    def write(self, project: str, recorded: Mapping[str, Recorded]) -> None:
        """Keep these; those of other tables stay. Raises StateError."""


@dataclass(slots=True)
class Serving:
    """`pipeline` is replaced when the tables are counted anew; the rest stays as it was opened."""

    project: Project
    engines: dict[str, Engine]
    pipeline: Pipeline
    authenticator: Authenticator
    probes: ProbeRun = field(default_factory=ProbeRun)
    _version: tuple[tuple[str | None, ...], str] | None = None
    _documents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _saved: dict[str, Mapping[str, SavedQuery]] = field(default_factory=dict)

    def version(self, *, now: bool = False) -> str:
        """Return what changes with the project, and with the data where that can be seen.

        It may be half a second old, unless it is to be of `now`.
        """
        versions = self.pipeline.versions(now=now)
        if self._version is None or self._version[0] != versions:
            parts = (self.project.digest, *(version or "" for version in versions))
            self._version = versions, "|".join(parts)
        return self._version[1]

    def failed_probes(self) -> dict[str, str]:
        """Return why each probe fails, by name, none once all have passed. For a thread."""
        return self.probes.failures(self.project, self.pipeline)

    def warnings(self) -> dict[str, str]:
        """Return what a project says that has ceased to be so of its data."""
        return list_ceased(self.project.model, self.pipeline.gate.model)

    def forget_documents(self) -> None:
        self._documents.clear()

    def saved_for(self, view: View) -> Mapping[str, SavedQuery]:
        """Return the saved queries whose every name exists for the caller."""
        if view.shape not in self._saved:
            if len(self._saved) >= _MEMO:
                self._saved.clear()
            self._saved[view.shape] = visible_queries(self.project, view)
        return self._saved[view.shape]

    def catalogue(self, view: View) -> bytes:
        project = self.project
        return self._document(
            "dataset",
            view,
            lambda: describe_view(view, project.name, project.title, project.description),
        )

    def openapi(self, view: View) -> bytes:
        project = self.project
        title = project.title or project.name
        return self._document(
            "openapi",
            view,
            lambda: describe_api(view, self.saved_for(view), title, project.description),
        )

    def close(self) -> None:
        close_engines(self.engines)

    def _document(self, kind: str, view: View, make: Callable[[], bytes]) -> bytes:
        key = (kind, view.shape)
        if key not in self._documents:
            if len(self._documents) >= _MEMO:
                self._documents.clear()
            self._documents[key] = make()
        return self._documents[key]


def open_serving(
    project: Project, keys: Callable[[], KeyRing], counts: Counts, observe: Observer
) -> Serving:
    """Open a project's databases and count the tables whose counts are not kept, or too old.

    Raises UnavailableError and its like, StateError.
    """
    engines = open_engines(project)
    try:
        pipeline = _open_pipeline(project, engines, counts)
    except BaseException:
        close_engines(engines)
        raise
    anonymous = project.authentication.anonymous
    return Serving(
        project=project,
        engines=engines,
        pipeline=pipeline,
        authenticator=Authenticator(
            keys=keys,
            tokens=open_tokens(project.authentication.issuers, observe),
            anonymous=None
            if anonymous is None
            else Principal(
                subject="anonymous",
                kind="keyless",
                roles=anonymous.roles,
                attributes=anonymous.attributes,
            ),
        ),
    )


def _open_pipeline(project: Project, engines: dict[str, Engine], counts: Counts) -> Pipeline:
    versions = read_versions(engines)
    known = recall_counts(project, versions, counts.read(project.name))
    pipeline = open_pipeline(project, engines, known=known)
    found = counts_of(pipeline.gate.model.tables)
    fresh = {name: count for name, count in found.items() if name not in known}
    counts.write(project.name, record_counts(project, versions, fresh))
    return pipeline
