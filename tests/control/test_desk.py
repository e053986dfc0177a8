from __future__ import annotations

import dataclasses
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from control.standing import Standing, standing
from deploy.artifact.small import Workshop
from deploy.rollout.driving import release
from penstock.control.last_words import failure_of
from penstock.deploy.rollout.events import (
    Approve,
    ChecksPassed,
    Deploy,
    NodeDrained,
    NodeLost,
    NodeReady,
    NodeStopped,
    Picked,
    Routed,
)
from penstock.deploy.rollout.types import Options, Phase
from penstock.deploy.rollout.wanted import wanted
from penstock.deploy.types import Colour, NodeSpec, NodeState, NodeStats, Place
from penstock.errors import (
    ArtifactError,
    ConflictError,
    DeploymentRunningError,
    ManagementError,
    NotFoundError,
)
from penstock.secret import Secret
from penstock.store import (
    apis,
    artifacts,
    deployments,
    node_logs,
    projects,
    variables,
    versions,
)
from penstock.store.artifacts import ArtifactRecord
from penstock.store.contents import Incoming
from penstock.store.deployments import DeploymentDraft
from penstock.store.desk import DeployWish, ScaleWish
from penstock.store.unit import LOCAL, SYSTEM, looking, working
from penstock.store.versions import VersionRecord

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path / "state") as found:
        yield found


def make_version(stand: Standing, name: str, artifact: str | None, api: str = "") -> VersionRecord:
    """Make a version that was built once, of an API that is made if none is named."""
    tree = stand.contents.add([Incoming("penstock.yaml", io.BytesIO(name.encode()))])
    with working(stand.database, LOCAL, 1.0) as work:
        if not api:
            project = projects.create(work, "shop", "")
            api = apis.create(work, project.id, "sales", "").id
        version = versions.create(work, api, name)
        version = versions.fill(work, version.id, tree, "test")
        if artifact is None:
            return version
        artifacts.add(
            work,
            ArtifactRecord(
                digest=artifact,
                project="shop",
                api="sales",
                version=name,
                size=1,
                created=1.0,
                api_id=api,
                version_id=version.id,
            ),
        )
        return versions.built(work, version.id, artifact)


def has_served(stand: Standing, version: VersionRecord) -> None:
    """Write down that a version was deployed, and went well."""
    draft = DeploymentDraft(
        api=version.api, environment="production", version=version.id, artifact=version.artifact
    )
    with working(stand.database, SYSTEM, 2.0) as work:
        record = deployments.create(work, draft)
        deployments.finish(work, record.id, Phase.DONE.value)


def serve(
    stand: Standing, version: VersionRecord, nodes: int = 1, *, approval: bool = False
) -> Place:
    """Have a version serve, with nothing kept warm beside it."""
    place, places = Place(version.api), stand.places
    live = release("live", nodes=nodes, options=Options(bake=0, approval=approval))
    places.ask(place, Deploy(replace(live, version=version.id, artifact=version.artifact)))
    for node in places.tell(place, Picked()).nodes:
        stand.driver.start(
            NodeSpec(
                id=node.id,
                place=place,
                deployment=node.deployment,
                colour=node.colour,
                artifact=node.artifact,
            )
        )
        places.tell(place, NodeReady(node.id))
    places.tell(place, ChecksPassed(Colour.BLUE))
    if approval:
        places.ask(place, Approve())
    assert places.tell(place, Routed(Colour.BLUE)).live is Colour.BLUE
    stand.desk.fleet.look()
    return place


def test_a_version_whose_artifact_was_removed_is_built_anew(stand: Standing) -> None:
    version = make_version(stand, "v1", OLD)
    record = stand.desk.deploy(Place(version.api), DeployWish(version=version.id), LOCAL)

    change = stand.places.state(Place(version.api)).change
    assert record.artifact is None
    assert change is not None
    assert change.release.artifact is None


def test_an_artifact_that_nodes_can_run_is_not_built_again(stand: Standing) -> None:
    version = make_version(stand, "v1", OLD)
    stand.driver.images.add(OLD)

    record = stand.desk.deploy(Place(version.api), DeployWish(version=version.id), LOCAL)

    assert record.artifact == OLD


def test_an_artifact_that_was_removed_is_refused_with_the_version_that_makes_it(
    stand: Standing,
) -> None:
    version = make_version(stand, "v1", OLD)

    with pytest.raises(NotFoundError, match="was removed") as told:
        stand.desk.deploy(Place(version.api), DeployWish(artifact=OLD), LOCAL)

    assert told.value.hint == "Deploy its version, v1, which builds it anew."
    assert stand.places.state(Place(version.api)).change is None


def test_a_version_without_files_is_refused_at_once(stand: Standing) -> None:
    api = make_version(stand, "v1", None).api
    with working(stand.database, LOCAL, 1.0) as work:
        empty = versions.create(work, api, "v2")

    with pytest.raises(ConflictError, match="no files"):
        stand.desk.deploy(Place(api), DeployWish(version=empty.id), LOCAL)


def test_going_back_builds_what_was_removed(stand: Standing) -> None:
    earlier = make_version(stand, "v1", OLD)
    has_served(stand, earlier)
    place = serve(stand, make_version(stand, "v2", NEW, earlier.api))

    record = stand.desk.rollback(place, "", LOCAL)

    assert (record.version, record.artifact) == (earlier.id, None)


def test_going_back_by_a_deployment_tells_why_in_the_history_from_its_beginning_to_its_end(
    stand: Standing,
) -> None:
    earlier = make_version(stand, "v1", OLD)
    has_served(stand, earlier)
    place = serve(stand, make_version(stand, "v2", NEW, earlier.api))

    begun = stand.desk.rollback(place, "wrong numbers", LOCAL)
    with working(stand.database, SYSTEM, 3.0) as work:
        ended = deployments.finish(work, begun.id, Phase.DONE.value)

    for record in (begun, ended):
        assert (record.kind, record.reason) == ("rollback", "wrong numbers")


def test_going_back_waits_for_no_approval_as_it_is_asked_for_by_hand(stand: Standing) -> None:
    earlier = make_version(stand, "v1", OLD)
    has_served(stand, earlier)
    place = serve(stand, make_version(stand, "v2", NEW, earlier.api), approval=True)

    stand.desk.rollback(place, "", LOCAL)

    change = stand.places.state(place).change
    assert change is not None
    assert not change.release.options.approval


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no node got ready", "wrong numbers; no node got ready"),
        ("wrong numbers", "wrong numbers"),
        ("wrong numbers; too late", "wrong numbers; too late"),
    ],
)
def test_why_a_deployment_was_asked_for_stands_before_why_it_ended(
    stand: Standing, said: str, kept: str
) -> None:
    version = make_version(stand, "v1", OLD)
    draft = DeploymentDraft(
        api=version.api, environment="production", version=version.id, reason="wrong numbers"
    )

    with working(stand.database, SYSTEM, 3.0) as work:
        begun = deployments.create(work, draft)
        ended = deployments.finish(work, begun.id, Phase.ABORTED.value, said)

    assert ended.reason == kept


def test_going_back_to_what_is_another_version_by_now_is_refused(stand: Standing) -> None:
    earlier = make_version(stand, "v1", OLD)
    has_served(stand, earlier)
    place = serve(stand, make_version(stand, "v2", NEW, earlier.api))
    tree = stand.contents.add([Incoming("penstock.yaml", io.BytesIO(b"other"))])
    with working(stand.database, LOCAL, 3.0) as work:
        versions.fill(work, earlier.id, tree, "test")

    with pytest.raises(ConflictError, match="was removed") as told:
        stand.desk.rollback(place, "", LOCAL)

    assert "penstock history" in str(told.value.hint)


def test_the_figures_of_all_nodes_are_read_at_the_same_time(stand: Standing) -> None:
    together = Barrier(5)

    def measure(_: str) -> NodeStats:
        together.wait(20)  # it breaks where one is read after the other
        return NodeStats(cpu=1.0, memory=2)

    stand.driver.measure = measure
    place = serve(stand, make_version(stand, "v1", OLD), nodes=5)

    status = stand.desk.status(place)

    assert status is not None
    assert [(node.cpu, node.memory) for node in status.nodes] == [(1.0, 2)] * 5


def test_a_node_is_known_until_it_is_gone(stand: Standing) -> None:
    place = serve(stand, make_version(stand, "v1", OLD))
    node = stand.places.state(place).nodes[0].id
    assert stand.desk.knows(place, node)
    assert not stand.desk.knows(Place(place.api, "test"), node)

    stand.desk.stop(place, LOCAL, keep_size=False)
    stand.places.tell(place, NodeDrained(node))
    assert stand.desk.knows(place, node)
    stand.places.tell(place, NodeStopped(node))

    assert not stand.desk.knows(place, node)


def test_a_node_that_another_manager_has_just_decided_on_is_known(
    stand: Standing, tmp_path: Path
) -> None:
    version = make_version(stand, "v1", OLD)
    assert stand.places.state(Place(version.api)).nodes == ()
    with standing(tmp_path / "state") as other:
        place = serve(other, version)
        node = other.places.state(place).nodes[0].id

    assert stand.desk.knows(place, node)


def test_what_versions_are_made_of_is_never_collected(stand: Standing, tmp_path: Path) -> None:
    kept = make_version(stand, "v1", None)
    gone = stand.contents.add([Incoming("penstock.yaml", io.BytesIO(b"of nobody"))])
    for path in stand.contents.folder.glob("??/*"):
        os.utime(path, (1_000, 1_000))
    on_its_way = stand.contents.add([Incoming("penstock.yaml", io.BytesIO(b"being sent"))])

    freed = stand.desk.collect().bytes

    assert freed > 0
    for number, digest in enumerate((kept.content or "", on_its_way.digest)):
        stand.contents.checkout(digest, tmp_path / str(number))
    with pytest.raises(ArtifactError):
        stand.contents.tree(gone.digest)


def test_a_size_that_no_place_can_have_is_refused(stand: Standing) -> None:
    place = serve(stand, make_version(stand, "v1", OLD))

    for wish in (ScaleWish(nodes=101), ScaleWish(units=65), ScaleWish(nodes=0)):
        with pytest.raises(ManagementError, match="is not a number of"):
            stand.desk.scale(place, wish, LOCAL)


def test_what_the_environment_lacks_is_told_at_once_before_any_node_starts(
    stand: Standing, tmp_path: Path
) -> None:
    workshop = Workshop(tmp_path / "work")
    options = '{host: "${PGH}", port: 1, database: a, user: b, password: "${DB_PASSWORD}"}'
    workshop.write("connectors/far.yaml", f"engine: postgres\noptions: {options}\n")
    workshop.store = stand.desk.world.artifacts
    digest = workshop.build().digest
    version = make_version(stand, "v1", digest)
    place, wish = Place(version.api), DeployWish(version=version.id)

    with pytest.raises(ConflictError, match="DB_PASSWORD, PGH") as told:
        stand.desk.deploy(place, wish, LOCAL)
    with working(stand.database, LOCAL, 1.0) as work:
        for name in ("PGH", "DB_PASSWORD"):
            variables.set_variable(work, place, name, "x")

    assert "`penstock variables set PGH=…`" in (told.value.hint or "")
    assert "`penstock variables set --secret DB_PASSWORD`" in (told.value.hint or "")
    assert stand.desk.deploy(place, wish, LOCAL).artifact == digest


def test_how_long_it_bakes_is_told_with_a_refusal_and_the_status(stand: Standing) -> None:
    version = make_version(stand, "v1", OLD)
    stand.driver.images.add(OLD)
    place, wish = Place(version.api), DeployWish(version=version.id, options=Options(bake=500))
    stand.desk.deploy(place, wish, LOCAL)
    node = stand.places.tell(place, Picked()).nodes[0]
    stand.places.tell(place, NodeReady(node.id), ChecksPassed(Colour.BLUE), Routed(Colour.BLUE))

    with pytest.raises(DeploymentRunningError, match=r"baking, (500|49\d) s left") as told:
        stand.desk.deploy(place, wish, LOCAL)

    assert "--bake 0" in (told.value.hint or "")


def test_what_a_node_printed_last_is_told_where_it_ended(stand: Standing) -> None:
    version = make_version(stand, "v1", OLD)
    place = serve(stand, version)
    node = stand.places.state(place).nodes[0]
    stand.driver.nodes[node.id] = dataclasses.replace(
        stand.driver.nodes[node.id], state=NodeState.EXITED
    )
    stand.driver.printed = [b"first\n", b"\n", b"last\n"]
    stand.desk.fleet.look()

    state = stand.places.state(place)
    events = stand.desk.fleet.act(place, state, wanted(state, stand.places.now(place)))

    assert events == (NodeLost(node.id, "it exited: first | last"),)


def take_away_lost(stand: Standing, place: Place, node: str, *printed: bytes) -> None:
    """Have a node end by itself, having printed something, and be taken away."""
    stand.driver.printed[:] = printed
    state = stand.places.tell(place, NodeLost(node, "it exited with 3: boom"))
    stand.desk.fleet.look()
    stand.desk.fleet.act(place, state, wanted(state, stand.places.now(place)))
    ends = time.monotonic() + 20
    while node in stand.driver.nodes and time.monotonic() < ends:
        time.sleep(0.01)
    assert node not in stand.driver.nodes


def test_the_log_of_a_node_that_failed_is_kept_when_the_node_is_taken_away(
    stand: Standing,
) -> None:
    place = serve(stand, make_version(stand, "v1", OLD))
    node = stand.places.state(place).nodes[0].id

    take_away_lost(stand, place, node, b"first", b"boom")

    with looking(stand.database) as look:
        kept = node_logs.get(look, node)
    assert (kept.api, kept.environment) == (place.api, "production")
    assert kept.reason == "it exited with 3: boom"
    assert list(stand.desk.logs(node, tail=None, follow=False)) == [b"first", b"boom"]
    assert list(stand.desk.logs(node, tail=1, follow=True)) == [b"boom"]
    assert list(stand.desk.logs(node, tail=0, follow=False)) == []


def test_secrets_that_a_node_prints_are_neither_told_nor_kept(stand: Standing) -> None:
    place = serve(stand, make_version(stand, "v1", OLD))
    with working(stand.database, LOCAL, time.time()) as work:
        secret = Secret("s3cret-one\nand its second line")
        vault = stand.desk.fleet.world.vault
        variables.set_secret(work, vault, place, "PG_PASSWORD", secret)
    node = stand.places.state(place).nodes[0]
    printed = (b"refused: s3cret-one", b"  and its second line;", b"line")
    stand.driver.printed[:] = printed
    stand.driver.nodes[node.id] = dataclasses.replace(
        stand.driver.nodes[node.id], state=NodeState.EXITED
    )
    stand.desk.fleet.look()

    state = stand.places.state(place)
    lost, *_ = stand.desk.fleet.act(place, state, wanted(state, stand.places.now(place)))
    take_away_lost(stand, place, node.id, *printed)

    assert lost == NodeLost(node.id, "it exited: refused: *** | ***; | line")
    with looking(stand.database) as look:
        kept = b"".join(node_logs.lines(look, node.id))
    assert b"s3cret" not in kept
    assert b"second" not in kept


def test_a_node_that_did_its_work_leaves_no_log(stand: Standing) -> None:
    place = serve(stand, make_version(stand, "v1", OLD))
    node = stand.places.state(place).nodes[0]

    assert failure_of(stand.places.state(place), node) is None
    with pytest.raises(NotFoundError):
        stand.desk.logs("n-nobody", tail=1, follow=False)


def test_the_log_of_a_node_whose_deployment_failed_though_it_was_ready_is_kept(
    stand: Standing,
) -> None:
    version = make_version(stand, "v1", OLD)
    stand.driver.images.add(OLD)
    place = Place(version.api)
    stand.desk.deploy(place, DeployWish(version=version.id), LOCAL)
    node = stand.places.tell(place, Picked()).nodes[0]
    stand.places.tell(place, NodeReady(node.id))

    stand.desk.abort(place, "not today", LOCAL)

    state = stand.places.state(place)
    assert failure_of(state, state.nodes[0]) == "not today"
