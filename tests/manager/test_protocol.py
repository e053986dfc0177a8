from __future__ import annotations

import concurrent.futures
import json
import re
import sqlite3
from contextlib import closing

import httpx
import pytest
from sqlalchemy import event

from manager.asking import LOCAL_TOKEN, Asked
from penstock.errors import PenstockError
from penstock.events import Failed, Unready
from penstock.manager.app import OPERATED
from penstock.manager.operations import ROUTES
from penstock.store import apis, projects, versions
from penstock.store.grants import Scope
from penstock.store.unit import LOCAL, working


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


def test_what_the_framework_refuses_is_a_problem_too(manager: Asked) -> None:
    assert problem(manager.send("GET", "/nowhere")) == (404, "NOT_FOUND")
    assert problem(manager.send("GET", "/projects/../../etc")) == (404, "NOT_FOUND")
    refused = manager.send("PUT", "/projects", json={})
    assert problem(refused) == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"] == "GET, POST"
    broken = manager.send("POST", "/projects", content=b'{"name": ')
    assert problem(broken) == (400, "INVALID_JSON")
    assert problem(manager.send("POST", "/projects", content=b"[]")) == (400, "INVALID_REQUEST")
    assert problem(manager.send("POST", "/projects", content=b"[" * 100_000))[0] == 400
    assert problem(manager.send("POST", "/projects", content=b" " * (2 << 20)))[0] == 413
    assert problem(manager.send("POST", "/node/v1/snapshot")) == (405, "METHOD_NOT_ALLOWED")


def test_every_problem_of_a_body_is_told_at_once(manager: Asked) -> None:
    body = {"name": "-", "titel": "x", "title": 3}

    told = manager.send("POST", "/projects", json=body).json()["errors"]

    assert sorted(one["pointer"] for one in told) == ["/name", "/titel", "/title"]
    assert next(one["hint"] for one in told if one["pointer"] == "/titel") == (
        "Did you mean 'title'?"
    )


def test_a_value_that_does_not_fit_comes_with_what_would(manager: Asked) -> None:
    version = manager.version()
    path = f"/apis/{version['api']}/environments/production/scale"

    told = manager.send("POST", path, json={"nodes": 1000}).json()

    assert (told["pointer"], told["hint"].split(";")[0]) == ("/nodes", "1 to 100 nodes")


def test_problems_deep_in_a_body_have_their_place(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    options = {"bake": -1, "slow": 1, "smoke": [{"path": "/x"}, {"path": "x"}]}

    told = manager.send("POST", f"{place}/deploy", json={"nodes": 0, "options": options})

    assert sorted(one["pointer"] for one in told.json()["errors"]) == [
        "/nodes",
        "/options/bake",
        "/options/slow",
        "/options/smoke/1/path",
    ]


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=1001", "?limit=x", "?cursor=zzz", "?nope=1", "?name=a&name=b"],
)
def test_what_is_wrong_with_a_query_string_is_told(manager: Asked, query: str) -> None:
    status, code = problem(manager.send("GET", f"/projects{query}"))

    assert (status, code) == (400, "INVALID_REQUEST")


def test_a_text_that_a_database_cannot_keep_is_refused(manager: Asked) -> None:
    refused = manager.send("POST", "/projects", json={"name": "a", "title": "a\x00b"})

    assert problem(refused) == (400, "INVALID_REQUEST")


def test_a_change_must_say_which_state_it_is_of(manager: Asked) -> None:
    made = manager.make("/projects", {"name": "shop"})
    path = f"/projects/{made['id']}"
    etag = manager.send("GET", path).headers["etag"]

    def change(title: str, **headers: str) -> tuple[int, str | None]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = manager.send("PATCH", path, json={"title": title}, headers=sent)
        return answer.status_code, answer.headers.get("etag")

    assert change("a")[0] == 428
    assert change("a", if_match='"other"')[0] == 412
    assert change("a", if_match=f"W/{etag}")[0] == 412
    status, changed = change("a", if_match=etag)
    assert (status, changed != etag) == (200, True)
    assert change("b", if_match=etag)[0] == 412
    assert manager.send("GET", path).headers["etag"] == changed
    assert manager.send("DELETE", path).status_code == 428


def test_of_changes_made_at_once_one_wins(manager: Asked) -> None:
    made = manager.make("/projects", {"name": "shop"})
    path = f"/projects/{made['id']}"
    etag = manager.send("GET", path).headers["etag"]

    def change(title: int) -> int:
        body = {"title": str(title)}
        return manager.send("PATCH", path, json=body, headers={"if-match": etag}).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, range(8)))

    assert statuses == [200] + [412] * 7


def test_what_is_known_already_is_not_sent_again(manager: Asked) -> None:
    manager.make("/projects", {"name": "shop"})
    etag = manager.send("GET", "/projects").headers["etag"]

    again = manager.send("GET", "/projects", headers={"if-none-match": etag})

    assert (again.status_code, again.content) == (304, b"")


def test_a_put_makes_only_what_is_not_there(manager: Asked) -> None:
    body = {"value": 1}

    made = manager.send("PUT", "/settings/a", json=body, headers={"if-none-match": "*"})
    again = manager.send("PUT", "/settings/a", json=body, headers={"if-none-match": "*"})
    blind = manager.send("PUT", "/settings/b", json=body)

    assert (made.status_code, again.status_code, blind.status_code) == (201, 412, 428)


def test_a_request_sent_twice_is_done_once(manager: Asked) -> None:
    def post(name: str, key: str) -> httpx.Response:
        body = {"name": name}
        return manager.send("POST", "/keys", json=body, headers={"idempotency-key": key})

    first, again = post("app", "k1"), post("app", "k1")

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(manager.get("/keys")["items"]) == 1  # type: ignore[arg-type] # a list
    assert problem(post("other", "k1")) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert problem(post("app", "a key\twith tab")) == (400, "INVALID_REQUEST")
    manager.clock.now += 86_401
    assert post("app", "k1").json() != first.json()


def test_a_request_that_failed_may_be_sent_again(manager: Asked) -> None:
    version = manager.version()
    path = f"/apis/{version['api']}/environments/production/deploy"
    manager.desk.busy = True

    def post() -> int:
        body = {"version": version["id"]}
        headers = {"idempotency-key": "k"}
        return manager.send("POST", path, json=body, headers=headers).status_code

    refused = post()
    manager.desk.busy = False

    assert (refused, post(), post()) == (409, 202, 202)
    assert len(manager.get("/deployments")["items"]) == 1  # type: ignore[arg-type] # a list


def test_of_the_same_request_at_once_one_is_done(manager: Asked) -> None:
    def post(_: int) -> int:
        headers = {"idempotency-key": "k"}
        return manager.send("POST", "/keys", json={"name": "a"}, headers=headers).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = {*pool.map(post, range(8))}

    assert 201 in statuses
    assert statuses <= {201, 409}
    assert len(manager.get("/keys")["items"]) == 1  # type: ignore[arg-type] # a list


def test_pages_show_everything_once(manager: Asked) -> None:
    names = [f"p{i}" for i in range(7)]
    for name in names:
        manager.make("/projects", {"name": name})
    seen: list[str] = []
    cursor = ""
    while True:
        page = manager.get(f"/projects?limit=3{cursor}")
        items = page["items"]
        assert isinstance(items, list)
        seen += [item["name"] for item in items]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"

    assert sorted(seen) == names
    foreign = manager.send("GET", f"/apis?limit=3{cursor}")
    assert problem(foreign) == (400, "INVALID_REQUEST")


def test_a_thousand_apis_take_a_handful_of_statements(manager: Asked) -> None:
    with working(manager.database, LOCAL, 1.0) as work:
        project = projects.create(work, "big", "")
        for i in range(1000):
            api = apis.create(work, project.id, f"a{i}", "")
            for version in ("v1", "v2", "v3"):
                versions.create(work, api.id, version)
    statements: list[str] = []
    event.listen(
        manager.database.engine,
        "before_cursor_execute",
        lambda _c, _k, text, *_: statements.append(text),
    )

    page = manager.get("/apis?limit=1000")

    items = page["items"]
    assert isinstance(items, list)
    assert [len(item["versions"]) for item in items] == [3] * 1000
    assert len([text for text in statements if text.startswith("SELECT")]) <= 4


def references(document: object) -> set[str]:
    return {*re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document))}


def test_the_description_is_whole(manager: Asked) -> None:
    document = manager.get("/openapi.json")

    paths = document["paths"]
    assert isinstance(paths, dict)
    described = {(method.upper(), path) for path, one in paths.items() for method in one}
    assert described == {(route.method, route.address) for route in ROUTES}
    components = document["components"]
    assert isinstance(components, dict)
    assert references(document) <= {*components["schemas"]}
    operations = [operation for one in paths.values() for operation in one.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, one in paths.items():
        for operation in one.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == {*re.findall(r"\{(\w+)\}", path)}
            assert operation["x-permission"]
            assert {"400", "503"} <= {*operation["responses"]}


def test_a_fault_of_ours_is_told_without_its_details(manager: Asked) -> None:
    def fail() -> tuple[object, ...]:
        raise RuntimeError("internal words")

    manager.desk.statuses = fail  # type: ignore[method-assign,assignment] # a desk that is broken

    told = manager.send("GET", "/nodes")

    assert problem(told) == (500, PenstockError.code)
    assert "internal words" not in told.text
    assert any("internal words" in repr(one) for one in manager.events)


def test_probes_answer_whoever_asks(manager: Asked) -> None:
    assert manager.send("GET", "/livez", token=None).status_code == 200
    assert manager.send("GET", "/readyz", token=None).json() == {"status": "ready", "problems": {}}
    manager.desk.broken = "The gateway does not start."
    unready = manager.send("GET", "/readyz", token=None)
    assert unready.status_code == 503
    assert [*unready.json()["problems"]] == ["deployment"]
    assert {*OPERATED} >= {"/livez", "/readyz", "/metrics"}


def lose_state(manager: Asked) -> None:
    """Break the database so that what goes wrong names where it is."""
    with closing(sqlite3.connect(manager.home / "penstock.db")) as state:
        state.execute("DROP TABLE snapshot_sequences")
        state.execute("DROP TABLE subjects")


def test_why_it_is_not_ready_is_for_its_log_and_for_who_may_see_its_figures(
    manager: Asked,
) -> None:
    manager.change("PUT", "/roles/watch", {"permissions": ["system:metrics:read"]})
    _, mine = manager.person("ann", ("watch", Scope()))
    _, other = manager.person("bob")
    manager.desk.broken = "No engine answers at /secret/place."

    told = {who: manager.send("GET", "/readyz", token=who) for who in (None, other, mine)}

    assert {answer.status_code for answer in told.values()} == {503}
    assert all([*answer.json()["problems"]] == ["deployment"] for answer in told.values())
    assert ["/secret/place" in told[who].text for who in (None, other, mine)] == [
        False,
        False,
        True,
    ]
    codes = [told[who].json().get("codes") for who in (None, other, mine)]
    assert codes == [None, None, {"deployment": "DRIVER_UNAVAILABLE"}]
    noticed = [one.problems for one in manager.events if isinstance(one, Unready)]
    assert noticed == [{"deployment": "No engine answers at /secret/place."}]


def test_where_the_state_is_is_told_to_whoever_holds_it_alone(manager: Asked) -> None:
    lose_state(manager)
    ann = {"name": "ann", "password": "x" * 12}

    told = [manager.send("POST", "/login", json=ann, token=who) for who in (None, LOCAL_TOKEN)]
    asked = [manager.send("GET", "/readyz", token=who) for who in (None, LOCAL_TOKEN)]

    where = str(manager.home)
    assert {one.json()["code"] for one in told} == {"STATE_UNAVAILABLE"}
    assert [where in one.text for one in (*told, *asked)] == [False, True, False, True]
    assert any(where in one.error for one in manager.events if isinstance(one, Failed))


def test_metrics_are_for_this_machine_and_for_who_may(manager: Asked) -> None:
    manager.make("/projects", {"name": "shop"})
    near = manager.send("GET", "/metrics", token=None)
    forwarded = {"x-forwarded-for": "203.0.113.9"}

    assert 'route="/projects",status="201"' in near.text
    assert manager.send("GET", "/metrics", token=None, headers=forwarded).status_code == 401
    assert manager.send("GET", "/metrics", headers=forwarded).status_code == 200
