"""Things that a test needs to be there."""

from __future__ import annotations

from penstock.store import apis, projects, versions
from penstock.store.contents import Tree
from penstock.store.database import Database
from penstock.store.unit import LOCAL, working
from penstock.store.versions import VersionRecord

TREE = Tree("sha256:" + "0" * 64, 1, 10)


def make_version(database: Database, project: str = "shop") -> VersionRecord:
    """Make a project with an API with a version that has files."""
    with working(database, LOCAL, 1.0) as work:
        made = projects.create(work, project, "")
        api = apis.create(work, made.id, "sales", "")
        version = versions.create(work, api.id, "v1")
        return versions.fill(work, version.id, TREE, "test")
