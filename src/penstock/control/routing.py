"""All rollouts -> the gateway's configuration, and whether the gateway follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from penstock.control.world import World
from penstock.deploy.gateway.types import ApiRoute, Domain, GatewayConfig, Upstream
from penstock.deploy.rollout.types import Node
from penstock.deploy.rollout.wanted import Wanted
from penstock.deploy.types import Address, Place
from penstock.errors import GatewayAwayError, GatewayError, PenstockError
from penstock.store import apis, domains, projects
from penstock.store.desk import Problem
from penstock.store.unit import looking

PRODUCTION = "production"
_FACTS_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
_TIDY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What an API is called: where its requests come in."""

    project: str
    api: str
    domains: tuple[Domain, ...]


@dataclass(slots=True)
class Routing:
    """`published` is what the gateway was told last; whether it follows is asked where needed."""

    world: World
    configure: Callable[[tuple[ApiRoute, ...]], GatewayConfig]
    domain: Callable[[str], Domain]
    problem: Problem | None = None
    published: GatewayConfig | None = None
    _applied: set[Place] = field(default_factory=set)
    _facts: dict[Place, Facts] = field(default_factory=dict)
    _read: float = -1e9
    _started: float = -1e9
    _tidied: float = -1e9
    _addresses: dict[str, Address] = field(default_factory=dict)

    def act(self, places: Mapping[Place, Wanted], address: Callable[[str], Address | None]) -> None:
        """Have the gateway run, and publish what changed."""
        try:
            away = self._keep_alive()
            config = self.configure(self._routes(places, address))
            if config != self.published:
                self._applied.clear()
                self.world.gateway.publish(config)
                self.published = config
            self._tidy()
            self.problem = None if away is None else Problem.of(away)
        except PenstockError as error:
            self._applied.clear()
            self.problem = Problem.of(error)

    def serves(self, place: Place, nodes: tuple[Node, ...]) -> bool:
        """Whether the gateway sends a place's requests to these nodes, and to no others."""
        route = self._route(place)
        live = set() if route is None else {u.node for u in route.live if not u.draining}
        wanted = {node.id for node in nodes}
        return bool(wanted) and live == wanted and self._is_applied(place)

    def has_left(self, place: Place, node: str) -> bool:
        """Whether the gateway sends nothing new to a node: it has it as draining, or not at all."""
        route = self._route(place)
        told = () if route is None else (*route.live, *route.preview)
        if any(upstream.node == node and not upstream.draining for upstream in told):
            return False
        return self._is_applied(place)

    def has_forgotten(self, place: Place, node: str) -> bool:
        """Whether the gateway no longer knows a node at all."""
        route = self._route(place)
        told = () if route is None else (*route.live, *route.preview)
        return all(upstream.node != node for upstream in told) and self._is_applied(place)

    def _route(self, place: Place) -> ApiRoute | None:
        routes = () if self.published is None else self.published.routes
        return next((route for route in routes if route.place == place), None)

    def _is_applied(self, place: Place) -> bool:
        if self.published is None:
            return False
        if place in self._applied:
            return True
        try:
            applied = self.world.gateway.applied(self.published, place)
        except PenstockError:
            return False
        if applied:
            self._applied.add(place)
        return applied

    def path(self, place: Place) -> str | None:
        """Return where a place's requests come in: `/project/api`."""
        facts = self._facts.get(place)
        if facts is None:
            return None
        environment = "" if place.environment == PRODUCTION else f"/@{place.environment}"
        return f"{environment}/{facts.project}/{facts.api}"

    def _keep_alive(self) -> GatewayError | None:
        """Start the gateway where need be; one that is run apart may be away, and is told all."""
        if self.world.gateway.alive():
            return None
        if self.world.gateway.external:
            return self._expect()
        now = time.monotonic()
        if now - self._started < _AGAIN_SECONDS:
            raise GatewayAwayError("The gateway is down; it is being started again.")
        self._started = now
        self._applied.clear()
        self.world.gateway.start()
        return None

    def _expect(self) -> GatewayError | None:
        self._applied.clear()
        try:
            self.world.gateway.start()
        except GatewayError as away:
            return away
        return None

    def _tidy(self) -> None:
        """Keep the gateway's logs small; one that is run apart sees to that itself."""
        if self.world.gateway.external:
            return
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self.world.gateway.rotate_logs()

    def _routes(
        self, places: Mapping[Place, Wanted], address: Callable[[str], Address | None]
    ) -> tuple[ApiRoute, ...]:
        if time.monotonic() - self._read > _FACTS_SECONDS or set(places) - set(self._facts):
            self._facts = self._read_facts(tuple(places))
            self._read = time.monotonic()
        known: dict[str, Address] = {}

        def upstreams(nodes: tuple[Node, ...], *, draining: bool = False) -> tuple[Upstream, ...]:
            found = []
            for node in nodes:
                at = address(node.id) or self._addresses.get(node.id)
                if at is not None:
                    known[node.id] = at
                    found.append(Upstream(node=node.id, address=at, draining=draining))
            return tuple(found)

        routes = tuple(
            ApiRoute(
                place=place,
                project=facts.project,
                api=facts.api,
                domains=facts.domains,
                live=(*upstreams(wanted.live), *upstreams(self._known(wanted), draining=True)),
                preview=upstreams(wanted.preview),
            )
            for place, wanted in sorted(places.items(), key=lambda item: repr(item[0]))
            if (facts := self._facts.get(place)) is not None
        )
        self._addresses = known
        return routes

    def _known(self, wanted: Wanted) -> tuple[Node, ...]:
        """Return what leaves, but for nodes that never were the gateway's: those just end."""
        routes = () if self.published is None else self.published.routes
        known = {upstream.node for route in routes for upstream in route.live}
        return tuple(node for node in wanted.leaving if node.id in known)

    def _read_facts(self, places: tuple[Place, ...]) -> dict[Place, Facts]:
        with looking(self.world.database) as look:
            known = {api.id: api for api in apis.every(look)}
            owners = {api.project for api in known.values()}
            names = {owner: projects.get(look, owner).name for owner in owners}
            hosts: dict[Place, list[str]] = {}
            for domain in domains.every(look):
                hosts.setdefault(Place(domain.api, domain.environment), []).append(domain.name)
        return {
            place: Facts(
                names[known[place.api].project],
                known[place.api].name,
                tuple(self.domain(name) for name in sorted(hosts.get(place, ()))),
            )
            for place in places
            if place.api in known
        }
