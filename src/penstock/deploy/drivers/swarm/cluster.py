"""The calls that a swarm takes, and how it wants them made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
from docker.api.client import APIClient
from docker.errors import APIError, NotFound
from docker.types import EndpointSpec, TaskTemplate

from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.labels import filters
from penstock.deploy.drivers.swarm.services import one
from penstock.deploy.drivers.swarm.views import Machine, Service, Task
from penstock.errors import DriverError, DriverUnavailableError

_TRIES = 10


class _Swarm(msgspec.Struct, frozen=True):
    machine: str = msgspec.field(name="NodeID", default="")
    state: str = msgspec.field(name="LocalNodeState", default="inactive")
    manages: bool = msgspec.field(name="ControlAvailable", default=False)


class _Info(msgspec.Struct, frozen=True):
    swarm: _Swarm = msgspec.field(name="Swarm")


class _Named(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ID")


@dataclass(frozen=True, slots=True)
class Cluster:
    engine: Engine
    installation: str
    _here: list[str] = field(default_factory=list)

    def machine(self) -> str:
        """Return the id of this machine in the swarm. Raises DriverError where it manages none."""
        if not self._here:
            swarm = msgspec.convert(self.engine.call(lambda api: api.info()), _Info).swarm
            if not swarm.manages:
                raise DriverUnavailableError(
                    f"This Docker engine manages no swarm (it says: {swarm.state})",
                    hint="docker swarm init, or name a manager's engine in DOCKER_HOST.",
                )
            self._here.append(swarm.machine)
        return self._here[0]

    def services(self, **more: str) -> tuple[Service, ...]:
        wanted = filters(self.installation, **more)
        found = self.engine.call(lambda api: api.services(filters=wanted))  # type: ignore[no-untyped-call]  # its stubs say little
        return msgspec.convert(found, tuple[Service, ...])

    def service(self, node: str) -> Service | None:
        return next(iter(self.services(node=node)), None)

    def tasks(self, services: Sequence[Service]) -> dict[str, Task]:
        """Return the newest task of each service, by the service's id."""
        if not services:
            return {}
        wanted = {"service": [service.id for service in services]}
        found = self.engine.call(lambda api: api.tasks(filters=wanted))  # type: ignore[no-untyped-call]  # its stubs say little
        tasks = sorted(msgspec.convert(found, list[Task]), key=lambda task: task.created)
        return {task.service: task for task in tasks}

    def task(self, service: Service) -> Task | None:
        return self.tasks([service]).get(service.id)

    def machines(self) -> dict[str, Machine]:
        found = self.engine.call(lambda api: api.nodes())
        return {machine.id: machine for machine in msgspec.convert(found, list[Machine])}

    def empty(self, service: str) -> None:
        """Ask for no replica of it: its task ends as its container was told to.

        The inspected specification goes back whole, or the swarm would make the task anew; and
        with its version, which the swarm itself may raise meanwhile: then once more.
        """

        def post(api: APIClient) -> None:
            found = api.inspect_service(service)  # type: ignore[no-untyped-call]  # its stubs say little
            spec = found["Spec"]
            api.update_service(
                found["ID"],
                found["Version"]["Index"],
                task_template=spec["TaskTemplate"],
                name=spec["Name"],
                labels=spec["Labels"],
                mode={"Replicated": {"Replicas": 0}},
                endpoint_spec=spec["EndpointSpec"],
            )

        self._insist(post)

    def renew(
        self, name: str, labels: dict[str, str], what: tuple[TaskTemplate, EndpointSpec]
    ) -> None:
        """Have a service whose task ended run a new one; its log goes on."""
        template, endpoint = what

        def post(api: APIClient) -> None:
            found = msgspec.convert(api.inspect_service(name), Service)  # type: ignore[no-untyped-call]  # its stubs say little
            template["ForceUpdate"] = found.spec.task_template.force_update + 1
            api.update_service(
                found.id,
                found.version.index,
                task_template=template,
                name=name,
                labels=labels,
                mode=one(),
                endpoint_spec=endpoint,
            )

        self._insist(post)

    def remove(self, service: str) -> None:
        try:
            self.engine.call(lambda api: api.remove_service(service))  # type: ignore[no-untyped-call]  # its stubs say little
        except NotFound:
            return

    def secrets(self, node: str) -> tuple[str, ...]:
        wanted = filters(self.installation, node=node)
        found = self.engine.call(lambda api: list(api.secrets(filters=wanted)))
        return tuple(one.id for one in msgspec.convert(found, list[_Named]))

    def remove_secrets(self, secrets: Sequence[str]) -> None:
        for secret in secrets:
            try:
                self.engine.call(partial(APIClient.remove_secret, id=secret))
            except DriverUnavailableError:
                raise
            except (NotFound, DriverError):
                continue  # a service still holds it: it goes when the node does

    def _insist(self, post: Callable[[APIClient], None]) -> None:
        for attempt in range(_TRIES):
            try:
                self.engine.call(post)
            except DriverError as error:
                if not _stale(error) or attempt == _TRIES - 1:
                    raise
                time.sleep(0.05 * (attempt + 1))
            else:
                return


def _stale(error: DriverError) -> bool:
    """Say whether it was changed since it was read: that is a 500 with these words."""
    cause = error.__cause__
    return isinstance(cause, APIError) and "out of sequence" in str(cause)
