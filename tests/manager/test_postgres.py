"""The same manager on PostgreSQL: what differs is below the store, so one walk shows it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.asking import Asked, managing
from manager.test_nodes import snapshot
from support.postgres_server import find_programs, run_postgres


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Asked]:
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb)")
    with run_postgres() as address, managing(tmp_path / "state", url=address.url) as asked:
        yield asked


def test_a_manager_works_on_postgresql(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    manager.change("PUT", f"{place}/secrets/A", {"value": "s"})
    build = manager.make(f"/versions/{version['id']}/actions/build", status=202)
    assert manager.send("GET", f"/builds/{build['id']}/events").text.count("event:") == 3
    manager.make(f"{place}/deploy", {"version": version["id"]}, status=202)
    assert manager.get(f"/versions/{version['id']}")["state"] == "deployed"
    key = manager.make("/keys", {"name": "all"})
    found = snapshot(manager, version["api"])
    assert found is not None
    assert [one.id for one in found.keys] == [key["id"]]

    def post(_: int) -> int:
        headers = {"idempotency-key": "k"}
        return manager.send("POST", "/keys", json={"name": "a"}, headers=headers).status_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert {*pool.map(post, range(6))} <= {201, 409}
    assert len(manager.get("/keys")["items"]) == 2  # type: ignore[arg-type] # a list
    page = manager.get("/audit?limit=2")
    assert manager.get(f"/audit?limit=2&cursor={page['next']}")["items"]
    assert manager.get("/audit/verify")["broken"] is None
    assert manager.get("/usage")["items"] == []
    assert not (manager.home / "penstock.db").exists()
