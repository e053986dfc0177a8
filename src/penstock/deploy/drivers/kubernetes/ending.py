"""A node in a pod, ended: asked, watched, and forgotten where its machine does not answer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import cast

from penstock.deploy.drivers.kubernetes.things import Things
from penstock.deploy.drivers.kubernetes.views import Pod
from penstock.deploy.drivers.types import Stopped

_SIGKILLED = 137
# What a machine needs to notice, to end what runs, and to tell; it allows two seconds at least.
_HEARD_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Ending:
    things: Things

    def end(self, pod: Pod, grace: float) -> Stopped:
        """Return how it ended; one that ended before as it did."""
        if pod.ended or not pod.runs:
            self.forget(pod)
            return Stopped(exit_code=pod.exit_code, killed=False)
        # Not 0: that would only forget it, and leave its end to the machine.
        marked = self.things.end_pod(pod, max(1, math.ceil(grace)))
        if marked is None:
            return Stopped(exit_code=None, killed=False)
        last, gone = self.wait(marked, grace + _HEARD_WITHIN)
        if not gone:
            self.forget(last)
            return Stopped(exit_code=last.exit_code, killed=True)
        return Stopped(exit_code=last.exit_code, killed=last.exit_code == _SIGKILLED)

    def wait(self, pod: Pod, within: float) -> tuple[Pod, bool]:
        """Return the pod as it was seen last, and whether it is gone."""
        changes = self.things.watch(pod, time.monotonic() + within)
        with closing(cast("_Closes", changes)):
            for last, gone in changes:
                pod = last
                if gone:
                    return pod, True
        return pod, False

    def forget(self, pod: Pod) -> None:
        self.things.end_pod(pod, 0)


class _Closes(Iterator[tuple[Pod, bool]]):
    def close(self) -> None: ...
