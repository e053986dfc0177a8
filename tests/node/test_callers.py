from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.laboratory import GROUPS, ROWS, token
from node.running import Node, Query, Reply, eventually, make_key, run_node
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft, KeyRepository
from project.folders import write

COUNT: Query = {"data": {"fields": {"distance": ["count"]}}, "scale": {"fields": ["origin"]}}
VARYING = {"date", "traceparent", "content-length"}


def fixed(reply: Reply) -> tuple[int, Mapping[str, str], bytes]:
    """Return what must be the same for every reason of refusal."""
    return reply.status, {k: v for k, v in reply.headers.items() if k not in VARYING}, reply.body


@pytest.fixture(scope="module")
def revoked(flights: Node) -> str:
    identifier, key = make_key(flights.home, KeyDraft(name="gone", roles=("analyst",)))
    with open_database(flights.home) as database:
        KeyRepository(database).revoke(identifier, time.time())
    sent = {"Authorization": f"Bearer {key}"}
    # The node may have looked between the two, and then knows of it a moment later.
    eventually(
        lambda: flights.request("POST", "/query", COUNT, sent).status == 401, "it is refused"
    )
    return key


def test_every_reason_to_refuse_a_credential_looks_the_same(flights: Node, revoked: str) -> None:
    good = flights.keys["analyst"]
    expired = make_key(flights.home, KeyDraft(name="old", roles=("analyst",), expires=1.0))[1]
    credentials: list[Mapping[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Basic {good}"},
        {"Authorization": f"Bearer {good[:-1]}"},
        {"Authorization": f"Bearer {good[:-1]}\xff"},
        {"Authorization": f"Bearer {good} {good}"},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": f"Bearer {expired}"},
        {"Authorization": f"Bearer {token('me', 'analyst')}"},
        {"X-API-Key": "pk_live_0000000000000_x"},
        {"X-API-Key": f"Bearer {good}"},
    ]
    told = [flights.request("POST", "/query", COUNT, sent) for sent in credentials]

    assert told[0].told == (401, "UNAUTHENTICATED")
    assert told[0].headers["www-authenticate"] == 'Bearer realm="penstock"'
    assert [fixed(reply) for reply in told] == [fixed(told[0])] * len(told)


def test_a_key_may_come_in_either_header_and_not_in_both(flights: Node) -> None:
    key = flights.keys["analyst"]
    both = {"X-API-Key": key, "Authorization": f"Bearer {key}"}

    assert flights.request("POST", "/query", COUNT, {"X-API-Key": key}).status == 200
    assert (
        flights.request("POST", "/query", COUNT, {"authorization": f"bearer {key}"}).status == 200
    )
    assert flights.request("POST", "/query", COUNT, both).told == (400, "SEVERAL_CREDENTIALS")


def test_a_key_in_the_address_is_none(flights: Node) -> None:
    key = flights.keys["analyst"]

    assert flights.request("POST", f"/query?api_key={key}", COUNT).told == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("who", "code"), [("nobody", "FORBIDDEN"), ("lost", "MISSING_ATTRIBUTE")])
@pytest.mark.parametrize(
    "path", ["/dataset", "/queries", "/queries/traffic/routes", "/openapi.json"]
)
def test_who_is_known_but_may_not_is_403_everywhere(
    flights: Node, who: str, code: str, path: str
) -> None:
    assert flights.get(path, who).told == (403, code)
    assert flights.post("/query", COUNT, who).told == (403, code)
    assert flights.get("/me", who).status == 200


def test_a_made_key_works_and_a_revoked_one_stops_while_the_node_runs(flights: Node) -> None:
    identifier, key = make_key(flights.home, KeyDraft(name="brief", roles=("analyst",)))
    flights.keys["brief"] = key
    eventually(lambda: flights.post("/query", COUNT, "brief").status == 200, "the key is known")
    with open_database(flights.home) as database:
        KeyRepository(database).revoke(identifier, time.time())
    revoked = time.monotonic()
    eventually(lambda: flights.post("/query", COUNT, "brief").status == 401, "it is refused")

    assert time.monotonic() - revoked < 5


def test_no_key_is_ever_logged(flights: Node) -> None:
    key = flights.keys["analyst"]
    path = "/nowhere/for/a/key"
    for headers in ({"Authorization": f"Bearer {key}x"}, {"X-API-Key": key, "Cookie": key}):
        flights.request("POST", f"/query?shape={key}", COUNT, headers)
    flights.request("GET", f"{path}?key={key}", headers={"Referer": key})
    eventually(lambda: _has_logged(flights, path), "the log is written")

    assert key.rpartition("_")[2] not in flights.logged.read_text()


def _has_logged(node: Node, path: str) -> bool:
    return path in [event["path"] for event in node.events("Answered")]


def test_each_caller_sees_their_own_rows_only(flights: Node) -> None:
    for _ in range(2):
        for who, origins in (
            ("analyst", ["EWR", "JFK", "LGA"]),
            ("jfk", ["JFK"]),
            ("lga", ["LGA"]),
            ("public", ["EWR", "JFK", "LGA"]),
        ):
            query = {**COUNT, "order": {"origin": "asc"}}
            assert [
                r["origin"] for r in flights.post("/query?shape=rows", query, who).rows()
            ] == origins


def test_what_is_hidden_answers_like_what_never_was(flights: Node) -> None:
    for asked in ("tailnum", "planes.seats", "manufacturer"):
        hidden: Query = {"data": {"fields": {asked: ["count"]}}}
        unknown: Query = {"data": {"fields": {"x" * len(asked): ["count"]}}}
        said = flights.post("/query", hidden, "public").object()
        other = flights.post("/query", unknown, "public").object()

        assert (said["code"], said.get("hint")) == (other["code"], other.get("hint"))
        assert str(said["detail"]).replace(asked, "") == str(other["detail"]).replace(
            "x" * len(asked), ""
        )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.lists(st.integers(0, GROUPS - 1), max_size=GROUPS, unique=True),
    below=st.sampled_from([10, 1000, ROWS]),
    suffix=st.sampled_from(["", ".csv", ".ndjson"]),
)
def test_callers_who_see_other_rows_never_share_an_answer(
    lab: Node, groups: list[int], below: int, suffix: str
) -> None:
    lab.keys["drawn"] = token("drawn", "some", groups)
    query: Query = {"data": {"fields": {"id": ["count"]}}, "filter": {"id": {"lt": below}}}
    reply = lab.post(f"/query{suffix}?shape=compact", query, "drawn")

    count = below // GROUPS * len(groups)
    assert reply.status == 200
    answer = f"[{count}]]" if suffix == "" else f"{count}"
    assert answer.encode() in reply.body
    if suffix == ".csv":
        assert reply.body.split() == [b"id_count", str(count).encode()]


def test_the_state_folder_is_for_its_owner_only(flights: Node) -> None:
    made = [path for path in Path(flights.home).iterdir() if path.name.startswith("penstock.db")]

    assert made
    assert not [path for path in made if path.stat().st_mode & 0o077]


def test_who_sends_no_credential_is_anonymous_only_where_the_project_says_so(
    tmp_path: Path,
) -> None:
    open_to_all = """\
name: shop
authentication: {anonymous: {roles: [clerk], attributes: {shops: [a]}}}
"""
    folder = write(tmp_path / "shop", {"penstock.yaml": open_to_all})
    query: Query = {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["shop"]}}
    with run_node(folder, tmp_path / "home", "--no-reload") as node:
        assert node.post("/query?shape=compact", query, None).object()["rows"] == [["a", "Lyon", 1]]
        assert node.get("/me", None).object()["kind"] == "keyless"
        wrong = {"Authorization": "Bearer x"}
        assert node.request("POST", "/query", query, wrong).told == (401, "UNAUTHENTICATED")
        assert node.request("GET", "/openapi.json", headers=wrong).status == 401
        assert b"amount" not in node.get("/openapi.json", None).body
        assert node.post("/refresh", b"", None).told == (403, "FORBIDDEN")
