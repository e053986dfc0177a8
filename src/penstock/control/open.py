"""A state folder and its database -> a manager that acts: a desk, open until it is closed."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from penstock.control.baking import Baking
from penstock.control.building import Builder
from penstock.control.certificates import Certificates
from penstock.control.checks import Checks
from penstock.control.controller import Controller
from penstock.control.desk import ControlDesk
from penstock.control.fleet import Fleet
from penstock.control.history import History
from penstock.control.launch import Launcher
from penstock.control.measuring import Measuring
from penstock.control.places import Places
from penstock.control.routing import Routing
from penstock.control.settings import ControlSettings
from penstock.control.tasks import Tasks
from penstock.control.world import Link, World
from penstock.deploy.artifact.archive import write_archive
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.unpack import unpack_project
from penstock.deploy.drivers.find import find_driver
from penstock.deploy.drivers.settings import DriverSettings, ImageTools
from penstock.deploy.drivers.types import Driver
from penstock.deploy.gateway import (
    ApiRoute,
    Gateway,
    GatewayConfig,
    GatewaySettings,
    Listener,
)
from penstock.deploy.rollout.events import Event
from penstock.deploy.types import Place
from penstock.events import Observer
from penstock.link.snapshot import new_signing_key, verification_key
from penstock.link.token import node_token
from penstock.store.contents import ContentStore
from penstock.store.database import Database
from penstock.store.leases import LeaseRepository
from penstock.store.rollouts import RolloutRepository
from penstock.store.sealed import SealedRepository
from penstock.store.signals import Ring
from penstock.store.usage import UsageRepository
from penstock.store.vault import Vault

DRIVER = "driver"  # the file of the state folder that says what runs the nodes
_KEY_BYTES = 32
_NAME_BYTES = 8

Opening = Callable[[Database, Vault, ContentStore], AbstractContextManager[ControlDesk]]


@dataclass(frozen=True, slots=True)
class _State:
    """What a manager keeps."""

    home: Path
    database: Database
    vault: Vault
    contents: ContentStore

    @property
    def sealed(self) -> SealedRepository:
        return SealedRepository(self.database, self.vault)


def open_control(home: Path, settings: ControlSettings, observe: Observer) -> Opening:
    """Return what opens the desk once the manager has its database."""

    @contextmanager
    def opening(database: Database, vault: Vault, contents: ContentStore) -> Iterator[ControlDesk]:
        state = _State(home.absolute(), database, vault, contents)
        controller, desk = _assemble(state, settings, observe)
        stop_hearing = database.bell.listen(controller.heard, to=Ring.OTHERS)
        (state.home / DRIVER).write_text(settings.driver, encoding="utf-8")
        controller.start()
        try:
            yield desk
        finally:
            stop_hearing()
            controller.stop()
            controller.world.tasks.close()
            desk.measuring.close()
            controller.world.driver.close()

    return opening


def open_driver(home: Path, settings: ControlSettings, installation: str) -> Driver:
    """Return what runs the nodes. Raises ConfigurationError for a name that is none."""
    artifacts = ArtifactStore(home / "artifacts")
    tools = ImageTools(
        unpack=unpack_project,
        archive=write_archive,
        push=lambda image, reference: artifacts.push(image.digest, reference),
    )
    return find_driver(
        settings.driver,
        DriverSettings(
            home=home,
            installation=installation,
            tools=tools,
            environment=settings.environment,
        ),
    )


def open_gateway(home: Path, *, external: bool) -> Gateway:
    return Gateway(home / "gateway", GatewaySettings(external=external))


def installation_of(sealed: SealedRepository) -> str:
    """Return the name that tells this installation's nodes from others' on one engine."""
    return sealed.get_or_make("installation", partial(secrets.token_bytes, _NAME_BYTES)).hex()


def _assemble(
    state: _State, settings: ControlSettings, observe: Observer
) -> tuple[Controller, ControlDesk]:
    artifacts = ArtifactStore(state.home / "artifacts")
    history = History(state.database, observe, partial(artifacts.hold, "manager"))
    places = Places(RolloutRepository(state.database))
    tasks = Tasks(tell=lambda place, events: _tell(places, place, events), wake=lambda: None)
    world = World(
        home=state.home,
        database=state.database,
        vault=state.vault,
        artifacts=artifacts,
        driver=open_driver(state.home, settings, installation_of(state.sealed)),
        gateway=open_gateway(state.home, external=settings.external_gateway),
        places=places,
        tasks=tasks,
        link=_link(state, settings),
        observe=observe,
        take_usage=UsageRepository(state.database).take,
    )
    certificates = Certificates(state.home / "certificates", settings)
    routing = Routing(world, partial(_configure, settings, certificates), certificates.domain)
    fleet = Fleet(world, routing, Launcher(world))
    builder = Builder(world, state.contents)
    controller = Controller(
        world=world,
        fleet=fleet,
        routing=routing,
        checks=Checks(world, fleet.address),
        baking=Baking(world, fleet.address),
        builder=builder,
        history=history,
        leases=LeaseRepository(state.database),
        # One manager at a time has a state folder: started anew after a crash it goes on at once.
        holder=f"{socket.gethostname()}:{state.home}",
    )
    places.told = controller.told
    tasks.wake = controller.wake
    desk = ControlDesk(
        world=world,
        fleet=fleet,
        routing=routing,
        builder=builder,
        history=history,
        measuring=Measuring(world.driver.stats),
        base=settings.base,
        acting=lambda: controller.problem,
    )
    return controller, desk


def _tell(places: Places, place: Place, events: Sequence[Event]) -> None:
    if events and place.api:
        places.tell(place, *events)


def _link(state: _State, settings: ControlSettings) -> Link:
    """Return how nodes find the manager: its Unix socket, unless they are to use another way."""
    signing = state.sealed.get_or_make("snapshot-signing", new_signing_key)
    secret = state.sealed.get_or_make("node-tokens", partial(secrets.token_bytes, _KEY_BYTES))
    return Link(
        address=settings.manager or f"unix:{state.home / 'run' / 'manager.sock'}",
        public_key=verification_key(signing),
        token_of=partial(node_token, secret),
    )


def _configure(
    settings: ControlSettings, certificates: Certificates, routes: tuple[ApiRoute, ...]
) -> GatewayConfig:
    return GatewayConfig(
        listeners=(Listener(port=settings.port, host=settings.host, tls=certificates.has_any()),),
        routes=routes,
        certificate=certificates.own(),
        client_ca=certificates.client_ca(),
        trusted_hops=settings.trusted_hops,
    )
