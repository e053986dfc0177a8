from __future__ import annotations

import importlib
import pkgutil
import threading

import pytest
from sqlalchemy import text

from penstock import store
from penstock.errors import ConflictError, NotFoundError, StateError
from penstock.store import chain, projects
from penstock.store.audited import Audited, UnauditedWriteError
from penstock.store.database import Database
from penstock.store.projects import ProjectRow
from penstock.store.unit import LOCAL, Resource, looking, working
from store.made import make_version

WRITES = (
    "INSERT INTO projects VALUES ('p', 'n', '', 1, 1)",
    "UPDATE projects SET title = 'x'",
    'DELETE FROM "domains"',
)


@pytest.mark.parametrize("statement", WRITES)
def test_what_is_audited_cannot_be_written_outside_of_a_unit(
    database: Database, statement: str
) -> None:
    with pytest.raises(UnauditedWriteError), database.writing() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("statement", WRITES)
def test_a_unit_without_an_entry_is_not_committed(database: Database, statement: str) -> None:
    make_version(database)
    with pytest.raises(UnauditedWriteError), working(database, LOCAL, 1.0) as work:
        work.session.execute(text(statement))

    with looking(database) as look:
        assert projects.find(look, "shop").title == ""


def test_an_object_that_is_only_added_counts_as_written(database: Database) -> None:
    row = ProjectRow(id="p", name="n", title="", created=1.0, changed=1.0)
    with pytest.raises(UnauditedWriteError), working(database, LOCAL, 1.0) as work:
        work.session.add(row)

    with looking(database) as look, pytest.raises(NotFoundError):
        projects.get(look, "p")


def test_what_people_change_is_audited() -> None:
    for module in pkgutil.iter_modules(store.__path__, "penstock.store."):
        importlib.import_module(module.name)

    assert Audited.tables >= {
        "access_tokens",
        "api_keys",
        "apis",
        "artifacts",
        "bindings",
        "builds",
        "deployments",
        "domains",
        "projects",
        "roles",
        "settings",
        "subjects",
        "variables",
        "versions",
    }


def test_a_unit_that_fails_leaves_neither_rows_nor_entries(database: Database) -> None:
    def fail() -> None:
        with working(database, LOCAL, 1.0) as work:
            projects.create(work, "shop", "")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with looking(database) as look:
        assert chain.size(look.session) == 0
        with pytest.raises(NotFoundError):
            projects.find(look, "shop")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE sequence = 1",
    ],
)
def test_the_log_can_only_be_appended_to(database: Database, statement: str) -> None:
    make_version(database)

    with pytest.raises(StateError, match="can only be appended to"), database.writing() as session:
        session.execute(text(statement))
    with looking(database) as look:
        assert chain.verify(look.session).broken is None


def test_entries_written_at_once_are_one_chain(database: Database) -> None:
    def write(number: int) -> None:
        for i in range(5):
            with working(database, LOCAL, 1.0) as work:
                projects.create(work, f"p{number}-{i}", "")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with looking(database) as look:
        verdict = chain.verify(look.session)
        assert (verdict.entries, verdict.broken) == (20, None)
        entries = list(chain.entries(look.session))
    assert chain.hash_of(chain.NOTHING, 1, entries[0].entry) == entries[0].hash
    assert entries[-1].hash == verdict.head


def test_of_names_taken_at_once_one_is_given(database: Database) -> None:
    refused: list[str] = []

    def write() -> None:
        try:
            with working(database, LOCAL, 1.0) as work:
                projects.create(work, "shop", "")
        except ConflictError as error:
            refused.append(error.detail)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 5


def test_a_digest_of_nothing_is_nothing() -> None:
    assert chain.digest_of(None) is None
    assert chain.digest_of({"b": 1, "a": 2}) == chain.digest_of({"a": 2, "b": 1})
    assert Resource(kind="a", id="b").detail == ""
