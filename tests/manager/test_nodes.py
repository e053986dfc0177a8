from __future__ import annotations

import concurrent.futures
import time

import pytest

from manager.asking import Asked
from penstock.deploy.types import Place
from penstock.link.snapshot import Snapshot, read_snapshot, verification_key
from penstock.link.token import NodeIdentity, node_token
from penstock.manager.context import NODE_SECRET, SIGNING_KEY
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft, KeyRepository
from penstock.store.sealed import SealedRepository
from penstock.usage.event import Source, UsageEvent, encode_events

OWN = (("GET", "/node/v1/snapshot"), ("POST", "/node/v1/usage"), ("POST", "/node/v1/refresh"))


def token(manager: Asked, api: str, node: str = "n-1") -> str:
    secret = SealedRepository(manager.database, manager.vault).get_or_make(NODE_SECRET, bytes)
    return node_token(secret, NodeIdentity(node, api, "production")).reveal()


def snapshot(manager: Asked, api: str, after: int = 0, wait: float = 0) -> Snapshot | None:
    path = f"/node/v1/snapshot?after={after}&wait={wait}"
    answer = manager.send("GET", path, token=token(manager, api))
    if answer.status_code == 304:
        return None
    assert answer.status_code == 200, answer.text
    private = SealedRepository(manager.database, manager.vault).get_or_make(SIGNING_KEY, bytes)
    return read_snapshot(answer.content, verification_key(private))


def test_a_node_is_given_the_keys_that_open_its_api(manager: Asked) -> None:
    mine, theirs = manager.version("mine"), manager.version("theirs")
    everywhere = manager.make("/keys", {"name": "all"})
    own = manager.make(f"/apis/{mine['api']}/keys", {"name": "own"})
    manager.make(f"/apis/{theirs['api']}/keys", {"name": "other"})
    place = f"/apis/{mine['api']}/environments/production"
    manager.change("PUT", f"{place}/settings/limits", {"value": {"concurrency": 3}})

    found = snapshot(manager, mine["api"])

    assert found is not None
    assert {key.id for key in found.keys} == {everywhere["id"], own["id"]}
    assert found.limits.concurrency == 3
    assert (found.api, found.environment) == (mine["api"], "production")


def test_the_sequence_grows_with_each_change_and_not_otherwise(manager: Asked) -> None:
    api = manager.version()["api"]
    key = manager.make(f"/apis/{api}/keys", {"name": "own"})
    seen = [snapshot(manager, api)]
    manager.make("/keys", {"name": "all"})
    seen.append(snapshot(manager, api))
    manager.make(f"/keys/{key['id']}/actions/revoke", status=200)
    seen.append(snapshot(manager, api))
    sequences = [one.sequence for one in seen if one is not None]

    assert sequences == sorted({*sequences})
    assert len(sequences) == 3
    manager.make("/projects", {"name": "unrelated"})
    assert snapshot(manager, api, after=sequences[-1]) is None


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_waits_is_told_of_a_change(manager: Asked, *, elsewhere: bool) -> None:
    api = manager.version()["api"]
    first = snapshot(manager, api)
    assert first is not None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(snapshot, manager, api, first.sequence, 20)
        if elsewhere:
            with open_database(manager.home) as other:
                KeyRepository(other).create(KeyDraft(name="new"), now=2_000)
        else:
            manager.make("/keys", {"name": "new"})
        found = waiting.result(30)

    assert found is not None
    assert [key.name for key in found.keys] == ["new"]
    assert time.monotonic() - began < 20


def test_a_node_ahead_of_a_restored_backup_is_overtaken(manager: Asked) -> None:
    api = manager.version()["api"]
    ahead = int(manager.clock.now * 1000) + 5_000

    found = snapshot(manager, api, after=ahead)

    assert found is not None
    assert found.sequence > ahead
    assert snapshot(manager, api, after=ahead * 1_000_000) is None


@pytest.mark.parametrize("bad", [None, "pn_x", "pt_x", ""])
def test_only_nodes_of_ours_are_answered(manager: Asked, bad: str | None) -> None:
    assert manager.send("GET", "/node/v1/snapshot", token=bad).status_code == 401
    assert manager.send("POST", "/node/v1/usage", token=bad, content=b"").status_code == 401


def test_the_token_of_a_node_that_was_removed_opens_nothing(manager: Asked) -> None:
    api = manager.version()["api"]
    own = token(manager, api)
    manager.desk.removed.add((Place(api), "n-1"))

    for method, path in OWN:
        told = manager.send(method, path, token=own, content=encode_events([event("1", api)]))
        assert (told.status_code, told.json()["code"]) == (401, "UNAUTHENTICATED")
    assert manager.get("/usage")["items"] == []


def test_a_node_that_is_removed_while_it_waits_is_sent_away(manager: Asked) -> None:
    api = manager.version()["api"]
    first = snapshot(manager, api)
    assert first is not None
    path = f"/node/v1/snapshot?after={first.sequence}&wait=25"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(manager.send, "GET", path, token=token(manager, api))
        manager.desk.removed.add((Place(api), "n-1"))

        assert waiting.result(20).status_code == 401


def test_a_refresh_that_one_node_is_asked_for_is_told_to_all(manager: Asked) -> None:
    api = manager.version()["api"]
    before = snapshot(manager, api)
    marks = [
        manager.send("POST", "/node/v1/refresh", token=token(manager, api)).json()["refresh"]
        for _ in range(2)
    ]
    after = snapshot(manager, api)

    assert before is not None
    assert after is not None
    assert before.refresh < marks[0] < marks[1] == after.refresh
    assert after.sequence > before.sequence


def test_an_operator_has_all_nodes_refresh_by_a_setting(manager: Asked) -> None:
    api = manager.version()["api"]
    place = f"/apis/{api}/environments/production/settings/refreshed"

    assert manager.change("PUT", place, {"value": "now"}).status_code == 400
    assert manager.change("PUT", place, {"value": 7}).status_code in {200, 201}
    found = snapshot(manager, api)
    assert found is not None
    assert found.refresh == 7


def event(identifier: str, api: str, node: str = "n-1") -> UsageEvent:
    return UsageEvent(
        id=identifier,
        time=5.0,
        source=Source(api=api, environment="production", version="ver_1", node=node),
        method="POST",
        route="/query",
        status=200,
        rows=2,
        bytes=10,
        credential="apikey",
        subject="key1",
    )


def test_usage_is_kept_once_however_often_it_comes(manager: Asked) -> None:
    api = manager.version()["api"]
    own = token(manager, api)
    body = encode_events([event("1", api), event("2", api), event("1", api)])

    sent = [
        manager.send("POST", "/node/v1/usage", token=own, content=body).json() for _ in range(2)
    ]

    assert sent == [{"stored": 2}, {"stored": 0}]
    assert manager.get("/usage")["items"] == [
        {
            "api": api,
            "environment": "production",
            "version": "ver_1",
            "requests": 2,
            "errors": 0,
            "rows": 4,
            "size": 20,
        }
    ]


def test_a_node_cannot_write_the_usage_of_another(manager: Asked) -> None:
    api = manager.version()["api"]
    body = encode_events([event("1", api), event("2", api, node="n-2")])

    refused = manager.send("POST", "/node/v1/usage", token=token(manager, api), content=body)

    assert refused.status_code == 400
    assert manager.get("/usage")["items"] == []


def test_what_is_no_usage_is_refused_for_good(manager: Asked) -> None:
    api = manager.version()["api"]

    refused = manager.send("POST", "/node/v1/usage", token=token(manager, api), content=b"{]\n")

    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_USAGE")
