"""A registry as oras reaches it: blobs and manifests, with sentences for what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from penstock.deploy.artifact.types import Login
from penstock.errors import ManagementError, NotFoundError, RegistryError

if TYPE_CHECKING:
    from oras.container import Container  # type: ignore[import-untyped] # it ships no type hints
    from oras.provider import Registry  # type: ignore[import-untyped] # it ships no type hints

_TIMEOUT: Final = (10.0, 60.0)  # seconds to connect, and between two signs of life
_TEXT: Final = 4 << 20  # bytes of a manifest
_REFERENCE: Final = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9a-f:]+](?::\d{1,5})?)/"
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


class _Response(Protocol):
    status_code: int
    headers: Mapping[str, str]
    raw: BinaryIO

    @property
    def content(self) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Remote:
    """One repository of a registry. Every method raises RegistryError."""

    host: str
    name: str
    tag: str
    _registry: Registry
    _container: Container

    def has(self, digest: str) -> bool:
        with self._asking("HEAD", self._container.get_blob_url(digest)) as answer:
            return answer.status_code == HTTPStatus.OK

    def put(self, digest: str, size: int, path: Path) -> None:
        """Send a blob as it lies on the disk."""
        with self._asking("POST", self._container.upload_blob_url()) as answer:
            self._expect(answer, HTTPStatus.ACCEPTED)
            place = str(self._registry._get_location(answer, self._container))  # noqa: SLF001 - oras' own push reads the whole blob into memory
        joined = f"{place}{'&' if '?' in place else '?'}digest={digest}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with (
            path.open("rb") as content,
            self._asking("PUT", joined, content if size else b"", headers) as answer,
        ):
            self._expect(answer, HTTPStatus.CREATED)

    @contextmanager
    def get(self, digest: str) -> Iterator[BinaryIO]:
        with self._asking("GET", self._container.get_blob_url(digest)) as answer:
            self._expect(answer, HTTPStatus.OK)
            yield answer.raw

    def put_manifest(self, reference: str, content: bytes, media_type: str) -> Mapping[str, str]:
        """Send a manifest, and return the headers of the answer."""
        place = self._container.manifest_url(reference)
        headers = {"Content-Type": media_type}
        with self._asking("PUT", place, content, headers) as answer:
            self._expect(answer, HTTPStatus.CREATED)
            return answer.headers

    def get_manifest(self, reference: str, media_types: tuple[str, ...]) -> bytes | None:
        """Return a manifest, None where there is none."""
        place = self._container.manifest_url(reference)
        return self._text(place, {"Accept": ", ".join(media_types)})

    def get_referrers(self, digest: str, media_type: str) -> bytes | None:
        """Return the index of what is about a manifest, None where the registry keeps none."""
        place = f"{self.host}/v2/{self.name}/referrers/{digest}"
        return self._text(place, {"Accept": media_type})

    def _text(self, place: str, headers: Mapping[str, str]) -> bytes | None:
        with self._asking("GET", place, headers=headers) as answer:
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            self._expect(answer, HTTPStatus.OK)
            content = answer.raw.read(_TEXT + 1)
        if len(content) > _TEXT:
            raise RegistryError(f"{self.host} sends a manifest of over {_TEXT >> 20} MB.")
        return content

    @contextmanager
    def _asking(
        self,
        method: str,
        place: str,
        content: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[_Response]:
        url = place if place.startswith("http") else f"{self._registry.prefix}://{place}"
        with _told(self.host):
            answer = cast(
                "_Response",
                self._registry.do_request(
                    url, method, data=content, headers=dict(headers or {}), stream=True
                ),
            )
            try:
                self._check(answer.status_code)
                yield answer
            finally:
                answer.close()

    def _check(self, status: int) -> None:
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise _denied(self.host, self.name)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RegistryError(f"{self.host} answers {status}.", hint="Try again in a while.")

    def _expect(self, answer: _Response, status: HTTPStatus) -> None:
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"{self.host} has no such image in {self.name}.")
        if answer.status_code != status:
            said = answer.raw.read(500).decode(errors="replace").strip()
            raise RegistryError(f"{self.host} answers {answer.status_code}: {said}")


def open_remote(reference: str, login: Login | None, *, plain_http: bool) -> Remote:
    """Return the repository of a reference such as `registry.example.com/team/flights:1.2`.

    Without a login those that `docker login` keeps are used. Raises RegistryError, ManagementError
    for what is no reference.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ManagementError(
            f"{reference!r} does not name an image in a registry.",
            hint="Write registry.example.com/team/name:tag.",
        )
    # A fifth of a second of imports, which commands that talk to no registry are spared.
    from oras.container import Container  # noqa: PLC0415 - see above
    from oras.provider import Registry  # noqa: PLC0415 - see above

    host = found["host"]
    local = _is_loopback(host)
    container = Container(reference)
    registry = Registry(host, insecure=plain_http or local)
    session = registry.session
    session.request = partial(session.request, timeout=_TIMEOUT)
    if local:
        session.trust_env = False  # no proxy leads to this machine
    remote = Remote(
        host, container.api_prefix, container.digest or container.tag, registry, container
    )
    _log_in(remote, registry, container, login)
    return remote


def _log_in(remote: Remote, registry: Registry, container: Container, login: Login | None) -> None:
    if login is None:
        registry.auth.load_configs(container)
    else:
        registry.auth.set_basic_auth(login.user, login.password.reveal())
    with _told(remote.host):
        answer = registry.session.request("GET", f"{registry.prefix}://{remote.host}/v2/")
        said = answer.headers.get("www-authenticate", "")
        known = getattr(registry.auth, "_basic_auth", None)
        if answer.status_code != HTTPStatus.UNAUTHORIZED or not said.lower().startswith("basic"):
            return  # open to all, or by tokens, which oras fetches
        if known is None:
            raise _denied(remote.host, remote.name)
        registry.session.headers["Authorization"] = f"Basic {known}"
        again = registry.session.request("GET", f"{registry.prefix}://{remote.host}/v2/")
        if again.status_code == HTTPStatus.UNAUTHORIZED:
            raise _denied(remote.host, remote.name)


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@contextmanager
def _told(host: str) -> Iterator[None]:
    """Say in a sentence why a registry does not do what it is asked."""
    try:
        yield
    except ManagementError:
        raise
    except OSError as error:  # all that requests raises is one
        if error.errno is not None:
            raise
        raise RegistryError(
            f"{host} cannot be reached: {_reason(error)}.",
            hint="Check its name; a registry without TLS needs --plain-http.",
        ) from error
    except ValueError as error:  # what oras raises where no token is to be had
        raise _denied(host, "it") from error


def _reason(error: OSError) -> str:
    kind = type(error).__name__
    known = {
        "ConnectTimeout": "it does not answer",
        "ReadTimeout": "it stopped answering",
        "SSLError": "its certificate or TLS is not accepted",
        "ProxyError": "the proxy refuses",
    }
    return known.get(kind, "the connection fails")


def _denied(host: str, name: str) -> RegistryError:
    return RegistryError(
        f"{host} does not let you do this in {name}: it wants another login.",
        hint="Give --user and the password in PENSTOCK_REGISTRY_PASSWORD, or use `docker login`.",
    )
