"""What a project folder says, checked: everything a node needs to know to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.auth.issuer import Issuer
from penstock.auth.principal import AttributeValue
from penstock.engine.types import EngineSettings
from penstock.errors import ConfigurationError
from penstock.model.types import Model
from penstock.policy.types import Policies
from penstock.query.saved import SavedQuery
from penstock.query.types import Json, Limits


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a project file: its path in the project, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something wrong with a project: a stable code, a sentence, a way forward, and where."""

    code: str
    message: str
    hint: str | None
    file: str
    line: int
    column: int


class ProjectError(ConfigurationError):
    """A project that cannot be used, with everything that is wrong with it."""

    code = "INVALID_PROJECT"
    title = "The project is not valid"

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        super().__init__(
            f"{first.file}:{first.line}:{first.column}: {first.message}{more}",
            hint=first.hint or "Run `penstock check` to see every issue.",
        )
        self.issues = issues


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A database: which engine, opened how.

    `catalog` is what the project's query engine calls it, maybe with a schema: `shop.public`.
    `elsewhere` are those of its files, by table, that a variable says, and where; its own
    database is "".
    """

    name: str
    engine: str
    settings: EngineSettings
    description: str | None = None
    catalog: str | None = None
    elsewhere: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationSettings:
    """How questions to several databases are answered: in so many bytes, by so many threads.

    Or by the database `query_engine`, which finds the others' tables in its catalogs.
    """

    memory: int = 1 << 30
    threads: int = 2
    query_engine: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How much a node takes on. Times are in seconds, sizes in bytes, the rest are counts."""

    timeout: float = 30.0
    concurrency: int = 8
    queue: int = 256
    queue_timeout: float = 10.0
    max_body: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """`ttl` in seconds, 0 for no cache; `memory` and `max_entry` in bytes."""

    ttl: float = 60.0
    memory: int = 64 << 20
    max_entry: int = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous:
    """What a caller without any credential is."""

    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who may call beside the holders of keys. Without `anonymous`, a credential is required."""

    anonymous: Anonymous | None = None
    issuers: tuple[Issuer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer to a probe must be: `columns` by name and in order, None for any."""

    columns: tuple[str, ...] | None = None
    min_rows: int = 1
    max_rows: int | None = None
    max_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question whose answer says whether a node is fit to serve: `query`, or `saved` by name."""

    name: str
    query: Json = None
    saved: str | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    expect: Expectation = Expectation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that was checked.

    `refresh` is how often a node counts the tables anew, in seconds, 0 for never by itself.
    `digest` changes when anything that was read for it does: files, keys, environment values.
    `places` says where things are declared: `("connectors", name)`, `("tables", name)`,
    `("attributes", table, name)`, `("relationships", table, name)`.
    """

    name: str
    title: str | None
    description: str | None
    api: str
    root: Path
    model: Model
    policies: Policies
    connectors: Mapping[str, Connector]
    saved: Mapping[str, SavedQuery]
    limits: Limits
    serving: Serving
    cache: CacheSettings
    refresh: float
    authentication: Authentication
    federation: FederationSettings = FederationSettings()
    probes: tuple[Probe, ...] = ()
    digest: str
    places: Mapping[tuple[str, ...], Place]
