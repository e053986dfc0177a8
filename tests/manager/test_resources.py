from __future__ import annotations

import asyncio
import io
import zipfile

import pytest

from manager.asking import Asked, zipped
from penstock.deploy.rollout.types import Options, SmokeTest
from penstock.manager.forms import OptionsForm, SmokeForm


def test_what_is_made_is_shown_changed_and_removed(manager: Asked) -> None:
    made = manager.make("/projects", {"name": "shop", "title": "Shop"})
    path = f"/projects/{made['id']}"

    assert manager.get(path) == made
    assert manager.change("PATCH", path, {"title": "Store"}).json()["title"] == "Store"
    assert manager.change("DELETE", path).status_code == 204
    assert manager.send("GET", path).status_code == 404


def test_a_name_is_taken_once(manager: Asked) -> None:
    manager.make("/projects", {"name": "shop"})

    again = manager.send("POST", "/projects", json={"name": "shop"})

    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("name", ["preview", "api", "node"])
def test_a_name_that_addresses_begin_with_is_refused_with_a_way_forward(
    manager: Asked, name: str
) -> None:
    made = manager.make("/projects", {"name": "shop"})
    told = manager.send("POST", "/projects", json={"name": name})
    renamed = manager.change("PATCH", f"/projects/{made['id']}", {"name": name})

    assert (told.status_code, renamed.status_code) == (400, 400)
    assert "another name" in told.json()["hint"]


def test_a_project_with_apis_stays(manager: Asked) -> None:
    version = manager.version()

    refused = manager.change("DELETE", f"/projects/{version['project']}")

    assert refused.status_code == 409


def test_a_version_is_filled_duplicated_downloaded_and_activated(manager: Asked) -> None:
    version = manager.version()
    path = f"/versions/{version['id']}"
    copy = manager.make(f"{path}/actions/duplicate", {"name": "v2"}, status=200)
    manager.make(f"/versions/{copy['id']}/actions/activate", status=200)

    download = manager.send("GET", f"/versions/{copy['id']}/content")

    with zipfile.ZipFile(io.BytesIO(download.content)) as archive:
        assert archive.read("penstock.yaml") == b"name: shop\n"
    assert copy["content"] == version["content"]
    assert manager.get(f"/versions/{copy['id']}")["active"] is True
    assert manager.get(path)["active"] is False


def test_a_deployed_version_is_read_only(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"
    manager.make(f"{place}/deploy", {"version": version["id"]}, status=202)
    path = f"/versions/{version['id']}"

    assert manager.get(path)["state"] == "deployed"
    assert manager.change("DELETE", path).status_code == 409
    assert manager.change("PATCH", path, {"name": "v9"}).status_code == 409
    sent = zipped({"penstock.yaml": b"other"})
    refused = manager.send("PUT", f"{path}/content", content=sent, headers={"if-match": "*"})
    assert refused.status_code == 409
    assert manager.change("DELETE", f"/apis/{version['api']}").status_code == 409


def test_a_stopped_api_is_removed_with_all_that_is_its(manager: Asked) -> None:
    version = manager.version()
    api = f"/apis/{version['api']}"
    place = f"{api}/environments/production"
    manager.change("PUT", f"{place}/variables/HOST", {"value": "db"})
    manager.change("PUT", f"{place}/settings/limits", {"value": {"concurrency": 2}})
    manager.make(f"{place}/domains", {"name": "sales.example.com"})
    key = manager.make(f"{api}/keys", {"name": "app"})
    manager.make(f"{place}/deploy", {"version": version["id"]}, status=202)
    manager.make(f"{place}/stop", {}, status=202)

    assert manager.change("DELETE", api).status_code == 204

    assert manager.send("GET", f"/versions/{version['id']}").status_code == 404
    assert manager.get(f"/keys/{key['id']}")["state"] == "revoked"


def test_deploying_shows_in_status_history_nodes_and_journal(manager: Asked) -> None:
    version = manager.version()
    place = f"/apis/{version['api']}/environments/production"

    record = manager.make(f"{place}/deploy", {"version": version["id"], "nodes": 2}, status=202)

    assert manager.get(place)["api"] == version["api"]
    assert manager.get(f"/deployments/{record['id']}")["nodes"] == 2
    nodes = manager.get("/nodes")["items"]
    assert isinstance(nodes, list)
    assert len(nodes) == 1
    logs = manager.send("GET", f"/nodes/{nodes[0]['id']}/logs?tail=2")
    assert logs.text == "two\nthree\n"
    entries = manager.get(f"{place}/journal")["entries"]
    assert entries == [{"sequence": 1, "time": 1000.0, "entry": {"phase": "done"}}]


def test_what_was_kept_of_nodes_that_failed_is_listed_and_read(manager: Asked) -> None:
    api = str(manager.version()["api"])
    manager.keep_log("n-gone", api)

    listed = manager.get(f"/logs?api={api}&environment=production")["items"]
    elsewhere = manager.get(f"/logs?api={api}&environment=test")["items"]

    assert isinstance(listed, list)
    assert [(log["node"], log["reason"], log["size"]) for log in listed] == [
        ("n-gone", "it exited with 1", 5)
    ]
    assert elsewhere == []
    assert manager.send("GET", "/nodes/n-gone/logs").status_code == 200
    assert manager.send("GET", "/nodes/n-never/logs").status_code == 404


def test_one_deployment_at_a_time(manager: Asked) -> None:
    version = manager.version()
    manager.desk.busy = True

    refused = manager.send(
        "POST",
        f"/apis/{version['api']}/environments/production/deploy",
        json={"version": version["id"]},
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "DEPLOYMENT_RUNNING")


@pytest.mark.parametrize("verb", ["deploy", "scale"])
def test_an_environment_that_cannot_be_is_refused_by_its_name(manager: Asked, verb: str) -> None:
    version = manager.version()

    refused = manager.send(
        "POST", f"/apis/{version['api']}/environments/bad%20env!/{verb}", json={}
    )

    assert refused.status_code == 400
    assert "'bad env!' cannot be the name of an environment" in refused.json()["detail"]
    assert "a to z" in refused.json()["hint"]


def test_a_build_is_followed_until_it_ends(manager: Asked) -> None:
    version = manager.version()
    build = manager.make(f"/versions/{version['id']}/actions/build", status=202)

    followed = manager.send("GET", f"/builds/{build['id']}/events")

    assert followed.headers["content-type"] == "text/event-stream"
    assert [line for line in followed.text.splitlines() if line.startswith(("id", "event"))] == [
        "id: 1",
        "event: line",
        "id: 2",
        "event: line",
        "event: end",
    ]
    resumed = manager.send("GET", f"/builds/{build['id']}/events", headers={"last-event-id": "1"})
    assert "step 1" not in resumed.text
    assert "step 2" in resumed.text
    assert manager.get(f"/versions/{version['id']}")["state"] == "built"


def test_lines_that_come_while_somebody_follows_are_sent(manager: Asked) -> None:
    version = manager.version()
    manager.desk.builds_end = False
    build = manager.make(f"/versions/{version['id']}/actions/build", status=202)
    address = f"/api/v1/builds/{build['id']}/events"
    headers = {"authorization": "Bearer local-token-of-the-test"}

    async def follow() -> str:
        following = asyncio.create_task(manager.client.get(address, headers=headers))
        await asyncio.to_thread(manager.desk.end_build, build["id"])
        return (await following).text

    assert manager.wait(follow()).count("event: line") == 2


def test_keys_are_shown_once(manager: Asked) -> None:
    made = manager.make("/keys", {"name": "app", "roles": ["reader"], "expires_in": 60})
    rotated = manager.make(f"/keys/{made['id']}/actions/rotate", {"grace": 5}, status=200)
    manager.make(f"/keys/{made['id']}/actions/finish", status=200)

    shown = manager.send("GET", f"/keys/{made['id']}").text + manager.send("GET", "/keys").text

    assert made["key"].startswith("pk_live_")
    assert made["key"] != rotated["key"]
    assert made["key"].split("_")[3] not in shown
    assert "expires" in shown


def test_the_limits_of_nodes_are_checked_when_they_are_set(manager: Asked) -> None:
    refused = manager.change("PUT", "/settings/limits", {"value": {"concurency": 2}})

    assert refused.status_code == 400
    assert "concurrency" in refused.json()["hint"]


@pytest.mark.parametrize("name", ["PENSTOCK_MANAGER", "LD_PRELOAD", "PATH", "1A", "PYTHONPATH"])
def test_variables_that_nodes_need_are_not_to_be_set(manager: Asked, name: str) -> None:
    version = manager.version()
    path = f"/apis/{version['api']}/environments/production/variables/{name}"

    assert manager.change("PUT", path, {"value": "x"}).status_code == 400


def test_every_option_of_a_deployment_can_be_sent() -> None:
    assert OptionsForm.__struct_fields__ == Options.__struct_fields__
    assert SmokeForm.__struct_fields__ == SmokeTest.__struct_fields__
