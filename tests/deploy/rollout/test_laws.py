"""Whatever happens in whatever order: what can never be."""

from __future__ import annotations

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from deploy.rollout.driving import Drive, release
from penstock.deploy.rollout.events import (
    Abort,
    Approve,
    Baked,
    ChecksFailed,
    ChecksPassed,
    Deploy,
    Event,
    NodeDrained,
    NodeLost,
    NodeReady,
    NodeStopped,
    NodeUnready,
    Picked,
    Restarted,
    RollBack,
    Routed,
    Scale,
    Start,
    Stop,
)
from penstock.deploy.rollout.types import BEFORE_PROMOTION, NodePhase, Options, Phase, Rollout
from penstock.deploy.types import Colour
from penstock.errors import ConflictError


class Rollouts(RuleBasedStateMachine):
    """People ask, nodes come and go, the gateway follows or does not, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.drive = Drive()
        self.count = 0
        self.proved: set[str] = set()
        self.checked: set[tuple[Colour, str]] = set()

    @rule(
        nodes=st.integers(1, 3),
        approval=st.booleans(),
        bake=st.sampled_from([0.0, 5.0]),
    )
    def deploy(self, nodes: int, approval: bool, bake: float) -> None:  # noqa: FBT001 hypothesis names its arguments
        self.count += 1
        options = Options(approval=approval, bake=bake, keep_for=20.0)
        self.ask(Deploy(release(f"v{self.count}", nodes=nodes, options=options)))

    @rule()
    def start(self) -> None:
        self.count += 1
        self.ask(Start(f"dep_v{self.count}"))

    @rule(request=st.sampled_from([Approve(), Abort(), Stop(), Stop(keep_size=True)]))
    def order(self, request: Event) -> None:
        self.ask(request)

    @rule()
    def go_back(self) -> None:
        self.count += 1
        self.ask(RollBack(f"dep_v{self.count}"))

    @rule(nodes=st.none() | st.integers(1, 4), units=st.none() | st.integers(1, 2))
    def scale(self, nodes: int | None, units: int | None) -> None:
        self.ask(Scale(nodes, units))

    @rule(seconds=st.sampled_from([0.5, 6.0, 25.0, 130.0]))
    def wait(self, seconds: float) -> None:
        self.drive.wait(seconds)

    @rule()
    def pick(self) -> None:
        self.drive.tell(Picked())

    @precondition(lambda self: self.drive.state.nodes)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["ready", "ready", "unready", "lost", "drained", "stopped"]),
    )
    def see(self, data: st.DataObject, kind: str) -> None:
        node = data.draw(st.sampled_from(self.drive.state.nodes))
        events: dict[str, Event] = {
            "ready": NodeReady(node.id),
            "unready": NodeUnready(node.id, "its database is down"),
            "lost": NodeLost(node.id, "exit 1"),
            "drained": NodeDrained(node.id),
            "stopped": NodeStopped(node.id),
        }
        if kind == "ready":
            self.proved.add(node.id)
        self.drive.tell(events[kind])

    @rule()
    def restart(self) -> None:
        self.drive.tell(Restarted(frozenset(node.id for node in self.drive.state.nodes)))

    @rule(colour=st.sampled_from(Colour), good=st.booleans())
    def check(self, colour: Colour, good: bool) -> None:  # noqa: FBT001 hypothesis names its arguments
        if good and self.drive.wanted.check is colour:
            found = self.drive.state.release(colour)
            assert found is not None
            self.checked.add((colour, found.deployment))
        self.drive.tell(ChecksPassed(colour) if good else ChecksFailed(colour, "500"))

    @rule(colour=st.sampled_from(Colour))
    def route(self, colour: Colour) -> None:
        self.drive.tell(Routed(colour))

    @rule(good=st.none() | st.booleans())
    def bake(self, good: bool | None) -> None:  # noqa: FBT001 hypothesis names its arguments
        self.drive.tell(Baked(good=good, reason="figures"))

    def ask(self, request: Event) -> None:
        before = self.drive.state
        try:
            self.drive.tell(request)
        except ConflictError:
            assert self.drive.state is before

    @invariant()
    def nothing_serves_that_was_not_checked(self) -> None:
        state = self.drive.state
        if state.live is not None:
            served = state.release(state.live)
            assert served is not None
            assert (state.live, served.deployment) in self.checked

    @invariant()
    def requests_go_only_to_nodes_that_proved_ready(self) -> None:
        assert all(node.id in self.proved for node in self.drive.wanted.live)

    @invariant()
    def no_node_that_serves_is_stopped(self) -> None:
        wanted = self.drive.wanted
        serving = {node.id for node in wanted.live}
        assert not serving & {node.id for node in (*wanted.stop, *wanted.drain, *wanted.leaving)}

    @invariant()
    def a_node_id_is_used_once(self) -> None:
        ids = [node.id for node in self.drive.state.nodes]
        assert len(ids) == len(set(ids))

    @invariant()
    def the_live_colour_has_what_it_wants_or_is_getting_it(self) -> None:
        state = self.drive.state
        for colour in Colour:
            wanted = state.release(colour)
            if wanted is not None:
                up = state.of(colour, NodePhase.STARTING, NodePhase.READY)
                assert wanted.nodes <= len(up) <= wanted.nodes * 2 + 1

    @invariant()
    def a_deployment_can_always_be_got_rid_of(self) -> None:
        change = self.drive.state.change
        if change is not None and change.phase in BEFORE_PROMOTION:
            aborted = Drive(self.drive.state, self.drive.now)
            aborted.tell(Abort())
            assert aborted.outcome is Phase.ABORTED
            assert aborted.state.live is self.drive.state.live

    @invariant()
    def it_can_be_written_down_and_read_again(self) -> None:
        state = self.drive.state
        assert msgspec.json.decode(msgspec.json.encode(state), type=Rollout) == state

    def teardown(self) -> None:
        """From wherever it is, a world that does what is wanted ends somewhere quiet."""
        drive = self.drive
        for _ in range(30):
            drive.follow()
            if drive.wanted.bake is not None:
                drive.tell(Baked(good=True))
            if drive.phase is Phase.READY:
                self.ask(Approve())
            drive.wait(5)
        assert drive.phase is None
        assert not drive.wanted.prove
        assert not drive.wanted.stop


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
