from __future__ import annotations

import pytest
from msgspec.structs import replace

from deploy.rollout.driving import QUICK, Drive, release
from penstock.deploy.rollout.events import (
    Abort,
    Approve,
    Baked,
    BuildFailed,
    Built,
    ChecksFailed,
    ChecksPassed,
    Deploy,
    Event,
    NodeLost,
    NodeReady,
    NodeUnready,
    Picked,
    Restarted,
    RollBack,
    Routed,
    Scale,
    Start,
    Stop,
)
from penstock.deploy.rollout.types import NoData, NodePhase, Options, Phase, Release
from penstock.deploy.types import Colour
from penstock.errors import ConflictError, DeploymentRunningError

BAKING = Options(bake=60)


def reach(phase: Phase) -> Drive:
    """Return a rollout with blue live and green on its way, in this phase."""
    drive = Drive()
    drive.deploy("a")
    wanted = release("b", options=Options(bake=60, approval=True))
    drive.tell(Deploy(replace(wanted, artifact=None)))
    steps: dict[Phase, tuple[Event, ...]] = {
        Phase.BUILDING: (Picked(),),
        Phase.STARTING: (Built("sha256:b"),),
        Phase.VERIFYING: (),
        Phase.READY: (ChecksPassed(Colour.GREEN),),
        Phase.PROMOTING: (Approve(),),
        Phase.BAKING: (Routed(Colour.GREEN),),
        Phase.ROLLING_BACK: (RollBack("dep_back"),),
    }
    for reached, events in steps.items():
        if drive.phase is phase:
            break
        if reached is Phase.VERIFYING:
            drive.prove()
        drive.tell(*events)
    assert drive.phase is phase
    return drive


CHANGING = (
    Phase.QUEUED,
    Phase.BUILDING,
    Phase.STARTING,
    Phase.VERIFYING,
    Phase.READY,
    Phase.PROMOTING,
    Phase.BAKING,
    Phase.ROLLING_BACK,
)
EARLY = CHANGING[:5]


def test_a_first_deployment_serves_in_blue() -> None:
    drive = Drive()

    drive.deploy("a", nodes=2)

    assert drive.serving() is Colour.BLUE
    assert len(drive.wanted.live) == 2
    assert drive.outcome is Phase.DONE


@pytest.mark.parametrize("phase", CHANGING[2:])
def test_a_restart_that_ended_every_node_is_no_fault_of_a_deployment(phase: Phase) -> None:
    drive = reach(phase)
    outcome = Phase.ROLLED_BACK if phase is Phase.ROLLING_BACK else Phase.DONE

    for _ in range(3):
        drive.tell(Restarted(frozenset(node.id for node in drive.state.nodes)))
    for _ in range(4):
        drive.follow()
        if drive.phase is Phase.READY:
            drive.tell(Approve())
    drive.wait(60)
    drive.tell(Baked(good=True))

    assert drive.outcome is outcome
    assert all(node.attempt == 1 for node in drive.state.nodes)


def test_baking_begins_anew_after_a_restart() -> None:
    drive = reach(Phase.BAKING)
    drive.wait(59)

    drive.tell(Restarted(frozenset(node.id for node in drive.state.nodes)))
    drive.wait(2)
    drive.tell(Baked(good=True))

    assert drive.phase is Phase.BAKING


@pytest.mark.parametrize("phase", EARLY)
def test_until_promotion_the_live_colour_is_not_touched(phase: Phase) -> None:
    drive = reach(phase)

    assert drive.serving() is Colour.BLUE
    assert [node.deployment for node in drive.wanted.live] == ["dep_a"]
    assert drive.wanted.leaving == ()


@pytest.mark.parametrize("phase", EARLY)
def test_abort_before_promotion_removes_the_new_colour_alone(phase: Phase) -> None:
    drive = reach(phase)

    drive.tell(Abort())
    drive.clear()
    drive.clear()

    assert drive.outcome is Phase.ABORTED
    assert {node.deployment for node in drive.state.nodes} == {"dep_a"}
    assert len(drive.wanted.live) == 1


@pytest.mark.parametrize("phase", CHANGING[5:])
def test_abort_after_promotion_is_refused_and_says_what_to_do(phase: Phase) -> None:
    drive = reach(phase)

    with pytest.raises(ConflictError) as refused:
        drive.tell(Abort())

    assert "rollback" in (refused.value.hint or "")


@pytest.mark.parametrize("phase", CHANGING)
def test_one_deployment_at_a_time(phase: Phase) -> None:
    drive = reach(phase)

    with pytest.raises(DeploymentRunningError):
        drive.tell(Deploy(release("c")))
    with pytest.raises(DeploymentRunningError):
        drive.tell(Stop())


@pytest.mark.parametrize("phase", [p for p in CHANGING if p is not Phase.READY])
def test_only_what_is_ready_can_be_approved(phase: Phase) -> None:
    drive = reach(phase)

    with pytest.raises(ConflictError):
        drive.tell(Approve())


def test_what_is_approved_while_a_node_is_missing_serves_once_it_is_back() -> None:
    drive = reach(Phase.READY)
    drive.tell(NodeLost(drive.wanted.preview[0].id, "killed"))

    drive.tell(Approve())
    approved = drive.phase
    drive.wait(2)
    drive.prove()

    assert (approved, drive.phase) == (Phase.READY, Phase.PROMOTING)


def test_what_is_approved_serves_once_the_nodes_that_it_was_scaled_to_are_ready() -> None:
    drive = reach(Phase.READY)

    drive.tell(Scale(nodes=2))
    drive.tell(Approve())
    approved = drive.phase
    drive.prove()

    assert (approved, drive.phase) == (Phase.READY, Phase.PROMOTING)


def test_what_was_approved_already_is_not_approved_again() -> None:
    drive = reach(Phase.READY)
    drive.tell(Scale(nodes=2))
    drive.tell(Approve())

    with pytest.raises(ConflictError, match="It is approved"):
        drive.tell(Approve())


def test_what_was_approved_does_not_wait_for_its_nodes_for_a_day() -> None:
    drive = reach(Phase.READY)
    drive.tell(Scale(nodes=2))
    drive.tell(Approve())

    drive.wait(121)

    assert drive.outcome is Phase.ABORTED
    assert "its nodes were not ready in time" in drive.notes[-1].detail


@pytest.mark.parametrize("phase", [*EARLY, Phase.ROLLING_BACK])
def test_roll_back_is_refused_where_nothing_was_promoted(phase: Phase) -> None:
    drive = reach(phase)

    with pytest.raises(ConflictError):
        drive.tell(RollBack("dep_back"))


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (Phase.BUILDING, BuildFailed("check failed")),
        (Phase.VERIFYING, ChecksFailed(Colour.GREEN, "GET / answered 500")),
    ],
)
def test_a_failure_before_promotion_aborts_with_its_reason(phase: Phase, event: Event) -> None:
    drive = reach(phase)

    drive.tell(event)

    assert drive.outcome is Phase.ABORTED
    assert drive.state.last is not None
    assert drive.state.last.reason in str(event)
    assert drive.serving() is Colour.BLUE


@pytest.mark.parametrize(
    ("phase", "deadline", "outcome"),
    [
        (Phase.STARTING, 120, Phase.ABORTED),
        (Phase.VERIFYING, 60, Phase.ABORTED),
        (Phase.READY, 86_400, Phase.ABORTED),
        (Phase.ROLLING_BACK, 30, Phase.STUCK),
    ],
)
def test_every_step_has_a_deadline(phase: Phase, deadline: float, outcome: Phase) -> None:
    drive = reach(phase)

    drive.wait(deadline)
    assert drive.phase is phase

    drive.wait(0.1)
    assert drive.outcome is outcome


def test_a_deadline_that_passed_says_what_the_nodes_said() -> None:
    drive = reach(Phase.STARTING)
    node = drive.wanted.prove[0].id

    drive.tell(
        NodeUnready(node, "warehouse: it is down"), NodeUnready(node, "warehouse: it is down")
    )
    drive.wait(121)

    assert drive.state.last is not None
    assert "warehouse: it is down" in drive.state.last.reason
    assert next(note.detail for note in drive.notes if note.node == node).startswith("not ready")


def test_a_gateway_that_does_not_follow_turns_a_promotion_round() -> None:
    drive = reach(Phase.PROMOTING)

    drive.wait(30.1)

    assert drive.phase is Phase.ROLLING_BACK
    assert drive.wanted.check is Colour.BLUE


def test_while_promoting_the_old_colour_finishes_what_it_does() -> None:
    drive = reach(Phase.PROMOTING)

    assert [node.deployment for node in drive.wanted.live] == ["dep_b"]
    assert [node.deployment for node in drive.wanted.leaving] == ["dep_a"]
    assert drive.wanted.drain == ()


def test_baking_ends_well_only_when_its_time_is_over() -> None:
    drive = reach(Phase.BAKING)

    drive.tell(Baked(good=True))
    assert drive.phase is Phase.BAKING

    drive.wait(60)
    drive.tell(Baked(good=True))
    assert drive.outcome is Phase.DONE


def test_too_few_requests_mean_what_the_options_say() -> None:
    patient, strict = Drive(), Drive()
    for drive, meaning in ((patient, NoData.ACCEPT), (strict, NoData.REFUSE)):
        drive.deploy("a")
        drive.deploy("b", options=Options(bake=5, no_data=meaning))
        drive.wait(5)

        drive.tell(Baked(good=None))

    assert patient.outcome is Phase.DONE
    assert strict.phase is Phase.ROLLING_BACK


def test_bad_figures_bring_the_old_colour_back_and_remove_the_new_one() -> None:
    drive = reach(Phase.BAKING)

    drive.tell(Baked(good=False, reason="12 % of the answers failed"))
    assert drive.serving() is Colour.GREEN  # until the old colour has proved itself

    drive.tell(ChecksPassed(Colour.BLUE))
    assert drive.serving() is Colour.BLUE

    drive.tell(Routed(Colour.BLUE))
    drive.clear()
    drive.clear()
    assert drive.outcome is Phase.ROLLED_BACK
    assert {node.deployment for node in drive.state.nodes} == {"dep_a"}


def test_a_colour_that_fails_its_checks_is_never_gone_back_to() -> None:
    drive = reach(Phase.ROLLING_BACK)

    drive.tell(ChecksFailed(Colour.BLUE, "no node answers"))

    assert drive.outcome is Phase.STUCK
    assert drive.serving() is Colour.GREEN
    assert drive.notes[-1].alert


def test_after_being_stuck_a_deployment_is_possible() -> None:
    drive = reach(Phase.ROLLING_BACK)
    drive.tell(ChecksFailed(Colour.BLUE, "no node answers"))

    drive.deploy("c")

    assert drive.outcome is Phase.DONE
    assert [node.deployment for node in drive.wanted.live] == ["dep_c"]


def test_a_first_deployment_that_bakes_badly_stays_as_there_is_nothing_else() -> None:
    drive = Drive()
    drive.deploy("a", options=BAKING)

    drive.tell(Baked(good=False, reason="bad"))

    assert drive.outcome is Phase.STUCK
    assert len(drive.wanted.live) == 1


def test_the_old_colour_stays_warm_then_retires() -> None:
    drive = Drive()
    drive.deploy("a")
    drive.deploy("b")

    drive.wait(899)
    assert [node.deployment for node in drive.wanted.preview] == ["dep_a"]

    drive.wait(1)
    drive.clear()
    drive.clear()
    assert {node.deployment for node in drive.state.nodes} == {"dep_b"}


def test_going_back_while_warm_needs_no_new_node_and_can_itself_be_gone_back_from() -> None:
    drive = Drive()
    drive.deploy("a")
    drive.deploy("b")
    before = {node.id for node in drive.state.nodes}

    for name, served in (("dep_back", "dep_a"), ("dep_forth", "dep_b")):
        drive.tell(RollBack(name))
        drive.follow()
        drive.follow()

        assert [node.deployment for node in drive.wanted.live] == [served]
        assert {node.id for node in drive.state.nodes} == before


def test_without_a_warm_colour_there_is_a_way_forward() -> None:
    drive = Drive()
    drive.deploy("a")

    with pytest.raises(ConflictError) as refused:
        drive.tell(RollBack("dep_back"))

    assert refused.value.hint


def test_scaling_up_adds_and_scaling_down_drains() -> None:
    drive = Drive()
    drive.deploy("a")

    served = []

    drive.tell(Scale(nodes=4))
    served.append(len(drive.wanted.live))  # the others are not ready yet
    drive.prove()
    served.append(len(drive.wanted.live))
    drive.tell(Scale(nodes=1))
    served.append(len(drive.wanted.live))

    assert served == [1, 4, 1]
    assert len(drive.wanted.drain) == 3


@pytest.mark.parametrize("phase", CHANGING)
def test_scaling_works_at_any_stage_on_both_colours(phase: Phase) -> None:
    drive = reach(phase)

    drive.tell(Scale(nodes=3))
    drive.prove()

    assert drive.state.change is not None
    assert drive.state.change.release.nodes == 3
    assert len(drive.state.of(Colour.BLUE, NodePhase.READY)) == 3


def test_resizing_replaces_one_node_at_a_time_and_never_serves_with_fewer() -> None:
    drive = Drive()
    drive.deploy("a", nodes=3)

    drive.tell(Scale(units=2))
    fewest, most = 3, 3
    for _ in range(12):
        fewest = min(fewest, len(drive.wanted.live))
        most = max(most, len(drive.wanted.run))
        drive.prove()
        fewest = min(fewest, len(drive.wanted.live))
        drive.clear()

    assert (fewest, most) == (3, 4)
    assert [node.units for node in drive.wanted.live] == [2, 2, 2]
    assert len(drive.state.nodes) == 3


def test_a_lost_node_is_replaced_at_once_then_ever_more_slowly() -> None:
    drive = Drive()
    drive.deploy("a")
    delays = []

    for _ in range(8):
        drive.tell(NodeLost(drive.state.of(Colour.BLUE)[-1].id, "exit 1"))
        delays.append(drive.state.nodes[-1].not_before - drive.now)
        drive.clear()

    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_node_that_was_steady_is_replaced_at_once() -> None:
    drive = Drive()
    drive.deploy("a")
    drive.wait(60)

    drive.tell(NodeLost(drive.wanted.live[0].id, "killed"))

    assert len(drive.wanted.run) == 1
    assert drive.wanted.live == ()


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.VERIFYING, Phase.READY])
def test_a_new_colour_whose_node_ends_twice_is_aborted(phase: Phase) -> None:
    drive = reach(phase)

    for _ in range(2):
        drive.tell(NodeLost(drive.state.of(Colour.GREEN)[-1].id, "exit 1"))

    assert drive.outcome is Phase.ABORTED
    assert drive.state.last is not None
    assert drive.state.last.reason == "a node of the new colour ended twice: exit 1"


@pytest.mark.parametrize("phase", [Phase.PROMOTING, Phase.BAKING])
def test_a_new_colour_that_dies_after_promotion_is_rolled_back(phase: Phase) -> None:
    drive = reach(phase)

    for _ in range(2):
        drive.tell(NodeLost(drive.state.of(Colour.GREEN)[-1].id, "exit 1"))

    assert drive.phase is Phase.ROLLING_BACK


def test_stopping_resets_the_size_unless_it_is_to_be_kept() -> None:
    sizes = []
    for keep in (False, True):
        drive = Drive()
        drive.deploy("a", nodes=3)
        drive.tell(Scale(units=2), Stop(keep_size=keep))
        drive.clear()
        drive.clear()
        assert len(drive.state.nodes) == 0
        assert drive.state.parked is not None
        sizes.append((drive.state.parked.nodes, drive.state.parked.units))

    assert sizes == [(1, 1), (3, 2)]


def test_what_was_stopped_starts_again_with_the_same_artifact() -> None:
    drive = Drive()
    drive.deploy("a")
    drive.tell(Stop())
    drive.clear()

    drive.tell(Start("dep_again"))
    for _ in range(4):
        drive.follow()

    assert [node.artifact for node in drive.wanted.live] == ["sha256:a"]
    assert drive.state.parked is None


def test_what_runs_cannot_be_started_and_what_does_not_run_cannot_be_stopped() -> None:
    drive = Drive()

    for request in (Start("dep_x"), Stop(), Scale(nodes=2)):
        with pytest.raises(ConflictError):
            drive.tell(request)
    drive.deploy("a")
    with pytest.raises(ConflictError):
        drive.tell(Start("dep_x"))


def test_what_is_said_of_a_node_that_is_gone_changes_nothing() -> None:
    drive = Drive()
    drive.deploy("a")
    before = drive.state

    drive.tell(NodeReady("n-gone-1"), NodeLost("n-gone-1", "exit 1"))

    assert drive.state == before


def test_a_clock_that_goes_backwards_is_not_believed() -> None:
    drive = reach(Phase.STARTING)
    drive.wait(100)

    drive.wait(-1_000)

    assert drive.state.clock == 100


def test_a_release_remembers_its_options() -> None:
    options = Options(bake=0, keep_for=5)
    drive = Drive()
    drive.deploy("a")
    drive.deploy("b", options=options)

    drive.wait(5)

    assert drive.state.blue is None
    assert isinstance(drive.state.green, Release)
    assert drive.state.green.options != QUICK
