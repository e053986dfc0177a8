"""The page of the documentation, followed: a manager in a pod, and what becomes of its callers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client

from deploy.drivers.bench import until
from e2e.docker_engine import NoEngineError
from kubernetes_lab.installed import Installed, find_lacking, installed
from kubernetes_lab.lab import DOCUMENTED, Lab
from kubernetes_lab.manual import commands
from support.crowd import Crowd, asking

pytestmark = pytest.mark.timeout(900)

INSTALL, DEPLOY, ASK, CHANGE, LOSE, END = commands()
FORWARDED = "curl --silent --retry 20 --retry-connrefused http://127.0.0.1:8400/livez"


@pytest.fixture(scope="module")
def place(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    lacking = find_lacking(lab)
    if lacking:
        pytest.skip(lacking)
    try:
        with installed(lab, tmp_path_factory.mktemp("installed")) as found:
            found.terminal.type(INSTALL, 600)
            found.terminal.type(DEPLOY, 300)
            found.terminal.type(ASK)
            yield found
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def settled(place: Installed) -> Installed:
    place.settle()
    return place


def tell(what: str, *crowds: Crowd) -> None:
    for crowd in crowds:
        told = crowd.tally
        moments = [moment for moment, _ in told.moments] or [0.0]
        away = f"away for {max(moments) - min(moments):.1f} s"
        print(f"{what}: {told.asked} asked, {dict(told.told)}, {away}")  # noqa: T201 - figures


def test_an_api_that_was_deployed_through_a_manager_in_a_pod_answers(place: Installed) -> None:
    answer = place.terminal.type(ASK[ASK.index("curl") :])

    assert answer.splitlines()[-1] == "336776"
    assert len(place.nodes()) == 2


def test_a_version_going_back_and_another_size_lose_no_request(settled: Installed) -> None:
    with (settled.terminal.folder / "penstock.yaml").open("a") as project:
        project.write("# another version\n")
    crowd = settled.by_service()
    with asking(crowd):
        said = settled.terminal.type(CHANGE, 400)
    tell("deploy, rollback, scale", crowd)

    assert crowd.tally.failed == 0, crowd.tally.told
    assert crowd.tally.asked > 200
    assert all(name in said for name in settled.nodes())


def test_a_node_whose_pod_is_deleted_is_replaced(settled: Installed) -> None:
    [delete, *_] = LOSE.splitlines()
    before, crowd = settled.nodes(), settled.by_service()
    with asking(crowd):
        settled.terminal.type(delete)
        until(lambda: len(settled.nodes()) == len(before) or None, "there are as many", 120)
    tell("a node's pod deleted", crowd)

    assert len(set(before.values()) - set(settled.nodes().values())) == 1
    assert crowd.tally.failed == 0, crowd.tally.told


def test_a_manager_that_is_killed_in_its_pod_costs_no_request_and_no_node(
    settled: Installed,
) -> None:
    before, crowd = settled.nodes(), settled.by_service()
    with asking(crowd):
        settled.kill("manager")
        until(lambda: restarts(settled, "manager") or None, "it was started again", 120)
        until(lambda: ready(settled), "it is ready", 120)
    tell("the manager killed", crowd)

    assert crowd.tally.failed == 0, crowd.tally.told
    assert settled.nodes() == before


def test_nodes_serve_while_the_manager_s_pod_is_replaced_and_what_it_knew_is_kept(
    settled: Installed,
) -> None:
    _, *replace = LOSE.splitlines()
    before, told = settled.nodes(), settled.deployed()
    nodes, callers = settled.by_node(), settled.by_service()
    with asking(nodes, callers):
        settled.terminal.type("\n".join(replace))
        until(lambda: answers(settled), "callers are answered again")
    tell("the manager's pod replaced", nodes, callers)
    settled.terminal.end()  # what was forwarded led to the pod that is gone
    settled.terminal.type(f"{DEPLOY.splitlines()[0]}\n{FORWARDED}")

    assert nodes.tally.failed == 0, nodes.tally.told
    assert settled.nodes() == before
    assert settled.deployed()["rollout"] == told["rollout"]


def test_nothing_is_left_of_a_namespace_that_is_deleted(place: Installed) -> None:
    place.terminal.type(END)

    with pytest.raises(client.ApiException, match="404"):
        place.core.read_namespace(DOCUMENTED)
    assert place.core.list_namespaced_pod(DOCUMENTED).items == []


def manager(place: Installed) -> client.V1PodStatus:
    wanted = "app.kubernetes.io/name=penstock-manager"
    [pod] = place.core.list_namespaced_pod(DOCUMENTED, label_selector=wanted).items
    assert pod.status
    return pod.status


def restarts(place: Installed, container: str) -> int:
    found = manager(place).container_statuses or []
    return sum(one.restart_count for one in found if one.name == container)


def ready(place: Installed) -> bool | None:
    return all(one.ready for one in manager(place).container_statuses or []) or None


def answers(place: Installed) -> bool | None:
    once = place.by_service()
    once.callers = once.most = 1
    once.ask()
    return once.tally.failed == 0 or None
