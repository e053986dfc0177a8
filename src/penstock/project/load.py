"""A folder → Project, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.engine.load import engine_names
from penstock.policy.permit import Gate
from penstock.project.compose import compose
from penstock.project.connector import read_connector
from penstock.project.digest import digest_project
from penstock.project.document import Document
from penstock.project.files import ROOT_FILE, SourceFile, is_sql, read_files
from penstock.project.model import ReadModel, read_model
from penstock.project.policy import ReadPolicies, read_policies
from penstock.project.probes import Scene, read_probes
from penstock.project.report import Report
from penstock.project.root import Root, check_query_engine, read_root
from penstock.project.saved import read_saved
from penstock.project.saved_sql import read_saved_sql, split_sql
from penstock.project.types import Connector, Issue, Place, Probe, Project, ProjectError
from penstock.query.saved import SavedQuery
from penstock.query.types import Limits

_WITH_VARIABLES = frozenset({"", "connectors"})


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
    if not (root / ROOT_FILE).is_file():
        message = (
            "There is no penstock.yaml here." if root.is_dir() else f"There is no folder {folder}."
        )
        hint = "A project is a folder with a penstock.yaml that says at least `name: …`."
        report.add(Place(ROOT_FILE), "NO_PROJECT", message, hint)
        return None, report.issues
    project = _Reading(root, report, environ).project()
    issues = report.issues
    return (None, issues) if issues else (project, ())


@dataclass(slots=True)
class _Reading:
    root: Path
    report: Report
    environ: Mapping[str, str]
    files: list[SourceFile] = field(default_factory=list)
    documents: dict[str, dict[str, Document]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def project(self) -> Project | None:
        self.files = read_files(self.root, self.report)
        self.compose_all()
        connectors = self.connectors()
        model = read_model(
            list(self.section("models").values()),
            {f.name: connectors.get(f.name) for f in self.files if f.section == "connectors"},
            self.report,
            is_open="models" in self.unread,
        )
        policies = read_policies(self.section("policies").values(), model, self.report)
        top = self.section("").get("penstock")
        roles = None if "policies" in self.unread else policies.written
        root = None if top is None else read_root(top, self.root, roles, self.report)
        if top is not None and root is not None and "connectors" not in self.unread:
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
            root=self.root,
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

    def compose_all(self) -> None:
        for file in self.files:
            environ = self.environ if file.section in _WITH_VARIABLES else None
            text = split_sql(file.text)[0] or "{}" if is_sql(file) else file.text
            document = compose(file.path, text, self.report, environ)
            if document is None:
                self.unread.add(file.section)
            else:
                self.documents.setdefault(file.section, {})[file.name] = document

    def section(self, name: str) -> Mapping[str, Document]:
        return self.documents.get(name, {})

    def connectors(self) -> dict[str, Connector]:
        engines = engine_names()
        read = {
            name: read_connector(name, document, self.root, engines, self.report)
            for name, document in self.section("connectors").items()
        }
        return {name: connector for name, connector in read.items() if connector is not None}

    def saved(self, model: ReadModel, limits: Limits) -> dict[str, SavedQuery]:
        texts = {file.name: file.text for file in self.files if is_sql(file)}
        read = {
            name: read_saved_sql(name, document, texts[name], (model, limits), self.report)
            if name in texts
            else read_saved(name, document, model, limits, self.report)
            for name, document in self.section("queries").items()
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
            roles=None if "policies" in self.unread else policies.written,
            saved=None if self.report.issues else saved,
            gate=Gate(model.model, policies.policies) if is_whole else None,
            limits=root.limits,
        )

    def digest(self, root: Root) -> str:
        variables: dict[str, str] = {}
        for documents in self.documents.values():
            for document in documents.values():
                variables.update(document.variables)
        return digest_project(self.files, root.key_files, variables, self.root)

    def places(self, model: ReadModel) -> dict[tuple[str, ...], Place]:
        connectors: dict[tuple[str, ...], Place] = {
            ("connectors", name): document.place()
            for name, document in self.section("connectors").items()
        }
        return {**connectors, **model.places}
