"""Two managers on one database: who waits at one is woken by what is written by the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.manager.waiting import Wakeful
from penstock.store import projects
from penstock.store.database import open_database
from penstock.store.relay import relayed
from penstock.store.signals import Ring
from penstock.store.unit import LOCAL, looking, working
from support.redis_server import RedisServer, find_program, run_redis

LATER = 3600.0  # seconds until it is time to look without being woken


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    if find_program() is None:
        pytest.skip("there is no redis-server here (apt install redis-server)")
    with run_redis() as server:
        yield server


def test_a_commit_of_another_manager_wakes_who_waits(redis: RedisServer, tmp_path: Path) -> None:
    hears = threading.Event()
    with (
        open_database(tmp_path) as one,
        open_database(tmp_path) as other,
        relayed(one.bell, redis.url, lambda _: None),
    ):
        other.bell.listen(hears.set, to=Ring.OTHERS)
        with relayed(other.bell, redis.url, lambda _: None):
            assert hears.wait(20)

            async def wait() -> bool:
                wakeful = Wakeful(other.bell, look=LATER)
                wakeful.start()
                changed = wakeful.waiter()
                with working(one, LOCAL, 1.0) as work:
                    projects.create(work, "shop", "")
                async with asyncio.timeout(20):
                    await wakeful.until(changed, LATER)
                wakeful.stop()
                return changed.is_set()

            assert asyncio.run(wait())
            with looking(other) as look:
                assert projects.find(look, "shop").name == "shop"
