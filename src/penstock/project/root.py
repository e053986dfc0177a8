"""penstock.yaml → the project's name, limits, cache and authentication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field

from penstock.auth.issuer import (
    Issuer,
    KeyPlace,
    KeySetFile,
    KeySetURL,
    PublicKeyFile,
    SharedSecret,
)
from penstock.errors import ConfigurationError, suggestion
from penstock.project.document import Document, Step
from penstock.project.fields import (
    Count,
    CountOrNone,
    Duration,
    Name,
    Option,
    Scalar,
    Size,
    Strict,
    Text,
)
from penstock.project.files import check_file
from penstock.project.probe_entry import ProbeEntry
from penstock.project.report import Report
from penstock.project.reserved import RESERVED_PROJECTS
from penstock.project.roles import check_roles
from penstock.project.types import (
    Anonymous,
    Authentication,
    CacheSettings,
    Connector,
    FederationSettings,
    Serving,
)
from penstock.project.validate import validate
from penstock.query.types import Limits
from penstock.query.zones import is_timezone, unknown_timezone
from penstock.secret import Secret

_KEYS: Final = ("jwks_url", "jwks_file", "public_key_file", "secret")
_OFTEN: Final = 1.0  # seconds


class APIEntry(Strict):
    name: Name | None = None


class LimitsEntry(Strict):
    default_rows: Count = 5_000
    max_rows: Count = 1_000_000
    max_values: Count = 10_000
    max_conditions: Count = 256
    max_depth: Annotated[Count, Field(le=100)] = 16
    max_fields: Count = 256
    max_evolution: Annotated[Count, Field(le=100)] = 12
    timeout: Duration = 30.0
    concurrency: Count = 8
    queue: CountOrNone = 256
    queue_timeout: Duration = 10.0
    max_body: Size = 1 << 20


class CacheEntry(Strict):
    ttl: Duration = 60.0
    memory: Size = 64 << 20
    max_entry: Size = 4 << 20


class FederationEntry(Strict):
    memory: Size = 1 << 30
    threads: Count = 2


class AnonymousEntry(Strict):
    roles: list[str] = Field(default_factory=list)
    attributes: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)


class IssuerEntry(Strict):
    issuer: Text
    audience: Text
    algorithms: Annotated[list[str], Field(min_length=1)]
    jwks_url: Text | None = None
    jwks_file: Text | None = None
    public_key_file: Text | None = None
    secret: Option = None
    allow_private_address: bool = False
    claims: dict[str, str] = Field(default_factory=dict)
    roles_claim: str = "roles"
    roles: list[str] = Field(default_factory=list)


class AuthenticationEntry(Strict):
    anonymous: AnonymousEntry | None = None
    jwt: list[IssuerEntry] = Field(default_factory=list)


class RootFile(Strict):
    name: Name = ""
    title: str | None = None
    description: str | None = None
    timezone: str = "UTC"
    api: APIEntry = APIEntry()
    limits: LimitsEntry = LimitsEntry()
    cache: CacheEntry = CacheEntry()
    refresh: Duration = 0.0
    federation: FederationEntry = FederationEntry()
    query_engine: Name | None = None
    authentication: AuthenticationEntry = AuthenticationEntry()
    probes: list[ProbeEntry] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """`key_files` are those whose content decides who may call; `probes` are as written."""

    name: str
    api: str
    title: str | None
    description: str | None
    limits: Limits
    serving: Serving
    cache: CacheSettings
    refresh: float
    authentication: Authentication
    federation: FederationSettings
    probes: tuple[ProbeEntry, ...]
    key_files: tuple[Path, ...]


def read_root(
    document: Document, root: Path, roles: frozenset[str] | None, report: Report
) -> Root | None:
    """Read penstock.yaml. `roles` are those the policies declare, None if unknown."""
    valid = validate(RootFile, document, report)
    if valid is None:
        return None
    file = valid.value
    if "name" not in document.names():
        hint = "Add `name: …`: letters, digits and `_`."
        report.add(document.place(), "MISSING_KEY", "The project has no name.", hint)
    if file.name in RESERVED_PROJECTS:
        report.add(
            document.place("name"),
            "RESERVED_NAME",
            f"A project cannot be called {file.name!r}: addresses of Penstock itself begin so.",
            "Choose another name: it is part of the addresses that callers use.",
        )
    document = valid.document
    authentication = _authentication(file.authentication, document, root, roles, report)
    _check_limits(file.limits, document, report)
    _check_refresh(file.refresh, document, report)
    if not is_timezone(file.timezone):
        said, hint = unknown_timezone(file.timezone)
        report.add(document.place("timezone"), "INVALID_VALUE", said, hint)
    return Root(
        name=file.name,
        api=file.api.name or file.name,
        title=file.title,
        description=file.description,
        limits=Limits(
            default_rows=file.limits.default_rows,
            max_rows=max(file.limits.max_rows, file.limits.default_rows),
            max_values=file.limits.max_values,
            max_conditions=file.limits.max_conditions,
            max_depth=file.limits.max_depth,
            max_fields=file.limits.max_fields,
            max_evolution=file.limits.max_evolution,
            timezone=file.timezone,
        ),
        serving=Serving(
            timeout=file.limits.timeout,
            concurrency=file.limits.concurrency,
            queue=file.limits.queue,
            queue_timeout=file.limits.queue_timeout,
            max_body=file.limits.max_body,
        ),
        cache=CacheSettings(
            ttl=file.cache.ttl, memory=file.cache.memory, max_entry=file.cache.max_entry
        ),
        refresh=file.refresh,
        authentication=authentication,
        federation=FederationSettings(
            memory=file.federation.memory,
            threads=file.federation.threads,
            query_engine=file.query_engine,
        ),
        probes=tuple(file.probes),
        key_files=tuple(_key_files(authentication)),
    )


_DISTRIBUTED: Final = ("databricks", "spark", "trino")


def check_query_engine(
    name: str | None, connectors: Mapping[str, Connector], document: Document, report: Report
) -> None:
    """Report a query engine that is no database, or one that knows of no others."""
    if name is None:
        return
    place = document.place("query_engine")
    if name not in connectors:
        report.add(
            place,
            "UNKNOWN_DATABASE",
            f"There is no database {name!r}.",
            suggestion(name, sorted(connectors)) or "A query engine is a database of connectors/.",
        )
    elif connectors[name].engine not in _DISTRIBUTED:
        report.add(
            place,
            "INVALID_VALUE",
            f"{name!r} is a database of {connectors[name].engine!r}, which reads no others.",
            f"A query engine is one of {', '.join(_DISTRIBUTED)}.",
        )


def _check_limits(limits: LimitsEntry, document: Document, report: Report) -> None:
    if limits.default_rows > limits.max_rows:
        report.add(
            document.place("limits", "default_rows"),
            "INVALID_VALUE",
            f"'default_rows' ({limits.default_rows}) is more than 'max_rows' ({limits.max_rows}).",
        )
    for name in ("timeout", "queue_timeout"):
        if getattr(limits, name) == 0:
            report.add(
                document.place("limits", name),
                "INVALID_VALUE",
                f"{name!r} of 0 would refuse every query.",
                "Write 30s, 5m or another duration.",
            )


def _check_refresh(seconds: float, document: Document, report: Report) -> None:
    if 0 < seconds < _OFTEN:
        report.add(
            document.place("refresh"),
            "INVALID_VALUE",
            "Tables are not counted more often than once a second.",
            "Write 10m, 1h or another duration, or 0 for never.",
        )


def _authentication(
    entry: AuthenticationEntry,
    document: Document,
    root: Path,
    roles: frozenset[str] | None,
    report: Report,
) -> Authentication:
    base = ("authentication",)
    issuers: dict[str, Issuer] = {}
    for i, written in enumerate(entry.jwt):
        loc = (*base, "jwt", i)
        check_roles(written.roles, roles, document, (*loc, "roles"), report)
        issuer = _issuer(written, document, loc, root, report)
        if issuer is not None and issuers.setdefault(issuer.issuer, issuer) is not issuer:
            report.add(
                document.place(*loc, "issuer"),
                "DUPLICATE_ISSUER",
                "This issuer is here twice.",
                "Put its audience, keys and claims into one entry.",
            )
    anonymous = entry.anonymous
    if anonymous is not None:
        loc_roles = (*base, "anonymous", "roles")
        check_roles(anonymous.roles, roles, document, loc_roles, report)
    return Authentication(
        anonymous=None
        if anonymous is None
        else Anonymous(
            roles=tuple(anonymous.roles),
            attributes={
                n: tuple(v) if isinstance(v, list) else v for n, v in anonymous.attributes.items()
            },
        ),
        issuers=tuple(issuers.values()),
    )


def _issuer(
    entry: IssuerEntry, document: Document, loc: tuple[Step, ...], root: Path, report: Report
) -> Issuer | None:
    if any(document.at(*loc, key).lost for key in _KEYS):
        return None
    given = [key for key in _KEYS if getattr(entry, key) is not None]
    if len(given) != 1:
        report.add(
            document.place(*loc, given[1] if given else "issuer"),
            "INVALID_VALUE",
            "An issuer has its keys in one place.",
            f"Give one of {', '.join(_KEYS)}.",
        )
        return None
    key = _key_place(entry, document, loc, root, report)
    if key is None:
        return None
    try:
        return Issuer(
            issuer=entry.issuer,
            audience=entry.audience,
            algorithms=tuple(entry.algorithms),
            key=key,
            claims=entry.claims,
            roles_claim=entry.roles_claim,
            roles=tuple(entry.roles),
        )
    except ConfigurationError as error:
        is_short = "too short" in error.detail
        place = document.place(*loc, given[0] if is_short else "algorithms")
        report.add(place, "INVALID_VALUE", error.detail, error.hint)
        return None


def _key_place(
    entry: IssuerEntry, document: Document, loc: tuple[Step, ...], root: Path, report: Report
) -> KeyPlace | None:
    if entry.secret is not None:
        if isinstance(entry.secret, Secret):
            return SharedSecret(entry.secret)
        report.add(
            document.place(*loc, "secret"),
            "SECRET_IN_FILE",
            "A secret does not stand in a file.",
            "Write ${NAME} and put it in the environment.",
        )
        return None
    if entry.jwks_url is not None:
        _check_url(entry, document, loc, report)
        return KeySetURL(entry.jwks_url, entry.allow_private_address)
    if entry.jwks_file is not None:
        path = check_file(entry.jwks_file, root, document, report, *loc, "jwks_file")
        return None if path is None else KeySetFile(path)
    name = entry.public_key_file or ""
    path = check_file(name, root, document, report, *loc, "public_key_file")
    return None if path is None else PublicKeyFile(path)


def _check_url(
    entry: IssuerEntry, document: Document, loc: tuple[Step, ...], report: Report
) -> None:
    try:
        parts = urlsplit(entry.jwks_url or "")
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        host, scheme = None, ""
    schemes = {"https", "http"} if entry.allow_private_address else {"https"}
    if host is None or scheme not in schemes:
        report.add(
            document.place(*loc, "jwks_url"),
            "INVALID_VALUE",
            "This is not an address that keys can be trusted from.",
            "Write https://…; http is for a private address, with `allow_private_address: true`.",
        )


def _key_files(authentication: Authentication) -> Iterator[Path]:
    for issuer in authentication.issuers:
        match issuer.key:
            case KeySetFile(path) | PublicKeyFile(path):
                yield path
            case _:
                pass
