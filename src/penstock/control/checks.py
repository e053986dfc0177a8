"""Whether a colour answers as it should, now: its nodes ready, its smoke tests passed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import msgspec

from penstock.control.fleet import unreadiness
from penstock.control.visit import Answer, NoAnswerError, visit
from penstock.control.world import World
from penstock.deploy.rollout.events import ChecksFailed, ChecksPassed, Event
from penstock.deploy.rollout.types import NodePhase, Rollout, SmokeTest
from penstock.deploy.types import Address, Colour, Place
from penstock.secret import Secret
from penstock.store import variables
from penstock.store.unit import looking

_TRIES = 3
_BETWEEN = 0.3
_SHOWN = 200  # characters of an answer in a reason

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@dataclass(slots=True)
class Checks:
    world: World
    address: Callable[[str], Address | None]

    def act(self, place: Place, state: Rollout, colour: Colour | None) -> None:
        if colour is None or state.change is None:
            return
        change = state.change
        key = ("check", place, change.deployment, change.phase, colour)
        self.world.tasks.ensure(place, key, lambda: self._check(place, state, colour))

    def _check(self, place: Place, state: Rollout, colour: Colour) -> Iterable[Event]:
        reason = "it has no node that is ready"
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_BETWEEN)
            ready = [
                address
                for node in state.of(colour, NodePhase.READY)
                if (address := self.address(node.id)) and unreadiness(address) is None
            ]
            if not ready:
                continue
            failed = self._smoke(place, state, colour, ready[0])
            if failed is None:
                return (ChecksPassed(colour),)
            reason = failed
        return (ChecksFailed(colour, reason),)

    def _smoke(self, place: Place, state: Rollout, colour: Colour, address: Address) -> str | None:
        release = state.release(colour)
        if release is None or not release.options.smoke:
            return None
        with looking(self.world.database) as look:
            known = variables.environment_of(look, self.world.vault, place)
        failures = (run_smoke_test(test, address, known) for test in release.options.smoke)
        return next((failure for failure in failures if failure is not None), None)


def run_smoke_test(
    test: SmokeTest, address: Address, known: Mapping[str, str | Secret]
) -> str | None:
    """Return how an answer is not what it should be, None where it is."""
    told = f"{test.method} {test.path}"
    headers = {} if test.body is None else {"content-type": "application/json"}
    if test.key is not None:
        if test.key not in known:
            return f"{told}: there is no variable {test.key} that holds its key"
        value = known[test.key]
        headers["x-api-key"] = value.reveal() if isinstance(value, Secret) else value
    body = None if test.body is None else test.body.encode()
    try:
        answer = visit(
            address,
            test.path,
            method=test.method,
            body=body,
            headers=headers,
            timeout=test.within + 1,
        )
    except NoAnswerError as error:
        return f"{told}: {error}"
    wrong = _wrong(test, answer)
    return None if wrong is None else f"{told}: {wrong}"


def _wrong(test: SmokeTest, answer: Answer) -> str | None:
    if answer.status != test.status:
        shown = answer.body[:_SHOWN].decode(errors="replace")
        return f"{answer.status} instead of {test.status}: {shown}"
    if answer.seconds > test.within:
        return f"{answer.seconds:.2f} s, more than {test.within:g} s"
    if not test.json:
        return None
    try:
        document: Json = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return "the answer is not JSON"
    for pointer, expected in test.json.items():
        found = _find(document, pointer)
        if found != expected:
            return f"{pointer or 'the answer'} is {found!r} instead of {expected!r}"
    return None


def _find(document: Json, pointer: str) -> Json:
    """Follow a JSON pointer (RFC 6901); None where it leads nowhere."""

    def follow(at: Json, token: str) -> Json:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict):
            return at.get(name)
        if isinstance(at, list) and name.isdigit() and int(name) < len(at):
            return at[int(name)]
        return None

    return reduce(follow, pointer.split("/")[1:], document)
