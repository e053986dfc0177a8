from __future__ import annotations

import pytest

from penstock.errors import NotFoundError
from penstock.store import apis, node_logs, projects, removal
from penstock.store.database import Database
from penstock.store.desk import KeptLog
from penstock.store.node_logs import KEPT, LARGEST, KeptLogFilter, last_part
from penstock.store.paging import ALL, Span
from penstock.store.unit import LOCAL, SYSTEM, looking, working


def make_api(database: Database, name: str) -> str:
    with working(database, LOCAL, 1.0) as work:
        return apis.create(work, projects.create(work, name, "").id, name, "").id


def keep(database: Database, api: str, number: int, text: bytes = b"boom\n") -> None:
    log = KeptLog(
        node=f"n-{api[4:]}-{number}",
        api=api,
        environment="production",
        deployment=f"dep_{number}",
        reason="it exited",
        created=float(number),
        size=len(text),
    )
    with working(database, SYSTEM, log.created) as work:
        node_logs.keep(work, log, text)


def kept(database: Database, api: str | None = None) -> list[str]:
    with looking(database) as look:
        found = node_logs.page(look, ALL, Span(), KeptLogFilter(api=api))
    return [log.deployment for log in found.items]


def test_the_newest_logs_of_each_api_are_kept(database: Database) -> None:
    one, other = make_api(database, "one"), make_api(database, "other")
    keep(database, other, 0)
    for number in range(KEPT + 3):
        keep(database, one, number)

    assert kept(database, one) == [f"dep_{n}" for n in range(KEPT + 2, 2, -1)]
    assert kept(database, other) == ["dep_0"]


def test_a_log_that_is_kept_again_replaces_the_one_before(database: Database) -> None:
    api = make_api(database, "one")
    keep(database, api, 1, b"first\n")
    keep(database, api, 1, b"first\nsecond\n")

    with looking(database) as look:
        assert node_logs.lines(look, f"n-{api[4:]}-1") == [b"first", b"second"]
    assert kept(database) == ["dep_1"]


def test_an_api_that_is_removed_takes_its_logs_along(database: Database) -> None:
    api = make_api(database, "one")
    keep(database, api, 1)
    with working(database, LOCAL, 2.0) as work:
        removal.remove_api(work, api)

    with looking(database) as look, pytest.raises(NotFoundError):
        node_logs.get(look, f"n-{api[4:]}-1")
    with pytest.raises(NotFoundError):
        keep(database, api, 2)


@pytest.mark.parametrize("length", [1, 1000, LARGEST, 3 * LARGEST])
def test_what_is_kept_is_the_end_and_never_too_long(length: int) -> None:
    lines = [b"%d" % number + b"x" * length for number in range(200)]

    found = last_part(lines)

    whole = b"\n".join(lines) + b"\n"
    assert whole.endswith(found)
    assert min(len(whole), LARGEST) - length - 4 < len(found) <= LARGEST
