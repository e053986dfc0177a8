"""A folder → Project, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.policy.permit import Gate
from penstock.project.digest import digest_project
from penstock.project.document import Document
from penstock.project.files import ROOT_FILE, SECTIONS, is_folder, is_project, is_sql
from penstock.project.folder import Folder
from penstock.project.model import ReadModel, read_model
from penstock.project.policy import ReadPolicies, read_policies
from penstock.project.probes import Scene, read_probes
from penstock.project.report import Report
from penstock.project.root import Root, check_query_engine, read_root
from penstock.project.saved import read_saved
from penstock.project.saved_sql import read_saved_sql
from penstock.project.types import Issue, Place, Probe, Project, ProjectError
from penstock.query.saved import SavedQuery
from penstock.query.types import Limits


def load_project(folder: Path, environ: Mapping[str, str]) -> Project:
    """Read a project folder. Raises ProjectError, which holds every issue."""
    project, issues = check_project(folder, environ)
    if project is None:
        raise ProjectError(issues)
    return project


def check_project(
    folder: Path, environ: Mapping[str, str]
) -> tuple[Project | None, tuple[Issue, ...]]:
    """Read a project folder; the project is None where there is any issue."""
    root = folder.absolute()
    report = Report()
    if not is_project(root):
        message = (
            "There is no penstock.yaml here."
            if is_folder(root)
            else f"There is no folder {folder}."
        )
        hint = "A project is a folder with a penstock.yaml that says at least `name: …`."
        report.add(Place(ROOT_FILE), "NO_PROJECT", message, hint)
        return None, report.issues
    project = _Reading(Folder(root, environ, report), report).project()
    issues = report.issues
    return (None, issues) if issues else (project, ())


@dataclass(slots=True)
class _Reading:
    folder: Folder
    report: Report

    def project(self) -> Project | None:
        folder = self.folder
        folder.read()
        folder.compose("", *SECTIONS)
        connectors = folder.connectors()
        model = read_model(
            list(folder.section("models").values()),
            {f.name: connectors.get(f.name) for f in folder.files if f.section == "connectors"},
            self.report,
            is_open="models" in folder.unread,
        )
        policies = read_policies(folder.section("policies").values(), model, self.report)
        top = folder.top
        roles = None if "policies" in folder.unread else policies.written
        root = None if top is None else read_root(top, folder.root, roles, self.report)
        if top is not None and root is not None and "connectors" not in folder.unread:
            check_query_engine(root.federation.query_engine, connectors, top, self.report)
        saved = self.saved(model, Limits() if root is None else root.limits)
        probes: tuple[Probe, ...] = ()
        if top is not None and root is not None:
            probes = read_probes(root.probes, self.scene(top, root, model, (policies, saved)))
        if root is None or self.report.issues:
            return None
        return Project(
            name=root.name,
            title=root.title,
            description=root.description,
            api=root.api,
            root=folder.root,
            model=model.model,
            policies=policies.policies,
            connectors=connectors,
            saved=saved,
            limits=root.limits,
            serving=root.serving,
            cache=root.cache,
            refresh=root.refresh,
            authentication=root.authentication,
            federation=root.federation,
            probes=probes,
            digest=self.digest(root),
            places=self.places(model),
        )

    def saved(self, model: ReadModel, limits: Limits) -> dict[str, SavedQuery]:
        texts = {file.name: file.text for file in self.folder.files if is_sql(file)}
        read = {
            name: read_saved_sql(name, document, texts[name], (model, limits), self.report)
            if name in texts
            else read_saved(name, document, model, limits, self.report)
            for name, document in self.folder.section("queries").items()
        }
        return {name: query for name, query in read.items() if query is not None}

    def scene(
        self,
        top: Document,
        root: Root,
        model: ReadModel,
        read: tuple[ReadPolicies, dict[str, SavedQuery]],
    ) -> Scene:
        """Return what probes are read against: they are asked only where nothing else is wrong."""
        policies, saved = read
        is_whole = model.is_whole and not self.report.issues
        return Scene(
            document=top,
            report=self.report,
            roles=None if "policies" in self.folder.unread else policies.written,
            saved=None if self.report.issues else saved,
            gate=Gate(model.model, policies.policies) if is_whole else None,
            limits=root.limits,
        )

    def digest(self, root: Root) -> str:
        variables: dict[str, str] = {}
        for documents in self.folder.documents.values():
            for document in documents.values():
                variables.update(document.variables)
        return digest_project(self.folder.files, root.key_files, variables, self.folder.root)

    def places(self, model: ReadModel) -> dict[tuple[str, ...], Place]:
        connectors: dict[tuple[str, ...], Place] = {
            ("connectors", name): document.place()
            for name, document in self.folder.section("connectors").items()
        }
        return {**connectors, **model.places}
