"""A project's folder → its files as documents, and its databases: what is read before its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from penstock.engine.load import engine_names
from penstock.project.compose import compose
from penstock.project.connector import read_connector
from penstock.project.document import Document
from penstock.project.files import SourceFile, is_sql, read_files
from penstock.project.report import Report
from penstock.project.saved_text import split_sql
from penstock.project.types import Connector

_WITH_VARIABLES: Final = frozenset({"", "connectors"})


@dataclass(slots=True)
class Folder:
    """`unread` are the sections with a file that cannot be read, which was reported."""

    root: Path
    environ: Mapping[str, str]
    report: Report
    files: list[SourceFile] = field(default_factory=list)
    documents: dict[str, dict[str, Document]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def read(self) -> None:
        self.files = read_files(self.root, self.report)

    def compose(self, *sections: str) -> None:
        for file in self.files:
            if file.section in sections:
                self._compose(file)

    def section(self, name: str) -> Mapping[str, Document]:
        return self.documents.get(name, {})

    @property
    def top(self) -> Document | None:
        """The document of penstock.yaml, None where it cannot be read."""
        return self.section("").get("penstock")

    def connectors(self) -> dict[str, Connector]:
        engines = engine_names()
        read = {
            name: read_connector(name, document, self.root, engines, self.report)
            for name, document in self.section("connectors").items()
        }
        return {name: connector for name, connector in read.items() if connector is not None}

    def _compose(self, file: SourceFile) -> None:
        environ = self.environ if file.section in _WITH_VARIABLES else None
        text = split_sql(file.text)[0] or "{}" if is_sql(file) else file.text
        document = compose(file.path, text, self.report, environ)
        if document is None:
            self.unread.add(file.section)
        else:
            self.documents.setdefault(file.section, {})[file.name] = document
