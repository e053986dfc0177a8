"""The calls that an API server takes, and what its refusals mean."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Protocol, TypedDict, TypeVar, cast

import msgspec
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from penstock.deploy.drivers.beating import beating
from penstock.deploy.drivers.kubernetes.access import Access
from penstock.deploy.drivers.kubernetes.views import Refusal
from penstock.errors import DriverError, DriverUnavailableError

T = TypeVar("T")

# Seconds to connect, and to wait for an answer. Streams wait for as long as they are read.
TIMEOUT = (5.0, 60.0)


class _Raw(TypedDict):
    _preload_content: bool
    _request_timeout: tuple[float | int, float | int]


# How each call is made: we read the answers, of which the client's own records hold too much.
RAW = _Raw(_preload_content=False, _request_timeout=TIMEOUT)
_TRIES = 5
_LONGEST_WAIT = 5.0
_AT_ONCE = 5.0
_BUSY = 429
_SERVER = 500
# A node prints little, or much: what has come is handed on.
_CHUNK = 1 << 16


class AbsentError(DriverError):
    """What is asked for is not there."""


class TakenError(DriverError):
    """The name is taken, or it was changed meanwhile."""


class Answer(Protocol):
    """What the client returns when it is told to leave the answer as it is."""

    @property
    def data(self) -> bytes: ...

    def stream(self, amt: int) -> Iterator[bytes]: ...

    def shutdown(self) -> None: ...

    def close(self) -> None: ...

    def release_conn(self) -> None: ...


Ask = Callable[[ApiClient], object]


class Cluster:
    def __init__(self, enter: Callable[[], Access]) -> None:
        """`enter` makes a client: when one is needed, and after it was refused or lost."""
        self._enter = enter
        self._lock = Lock()
        self._access: Access | None = None

    @property
    def namespace(self) -> str:
        return self._open().namespace

    def get(self, ask: Ask, kind: type[T]) -> T:
        return msgspec.json.decode(self.call(ask), type=kind)

    def call(self, ask: Ask) -> bytes:
        """Do something that may be done twice, and return the answer.

        Raises AbsentError, TakenError and other DriverErrors, DriverUnavailableError.
        """
        with self._judging():
            return self._insist(ask).data

    def stream(self, ask: Ask, *, beats: bool = False) -> Iterator[bytes]:
        """Yield chunks as they come, and let go of the connection when the caller does.

        One that `beats` yields empty ones while nothing comes.
        """
        with self._judging():
            answer = self._insist(ask)
        try:
            with self._judging():
                chunks = answer.stream(_CHUNK)
                yield from beating(chunks, lambda: _break_off(answer)) if beats else chunks
        finally:
            answer.close()
            answer.release_conn()

    def close(self) -> None:
        with self._lock:
            access, self._access = self._access, None
        if access:
            access.client.close()  # type: ignore[no-untyped-call]  # it has no types

    def _open(self) -> Access:
        with self._lock:
            if self._access is None:
                self._access = self._enter()
            return self._access

    def _insist(self, ask: Ask) -> Answer:
        """Wait where the server says that it is busy, for as long as it says."""
        for _ in range(_TRIES - 1):
            try:
                return self._ask(ask)
            except ApiException as error:
                if error.status != _BUSY:
                    raise
                time.sleep(_pause(error))
        return self._ask(ask)

    def _ask(self, ask: Ask) -> Answer:
        """Ask anew by a new connection: a kept one breaks where the server was restarted."""
        began = time.monotonic()
        try:
            return cast("Answer", ask(self._open().client))
        except (HTTPError, OSError):
            if time.monotonic() - began > _AT_ONCE:
                raise
            return cast("Answer", ask(self._open().client))

    @contextlib.contextmanager
    def _judging(self) -> Iterator[None]:
        """Turn what the client raises into what it means."""
        try:
            yield
        except ApiException as error:
            raise self._meaning(error) from error
        except (HTTPError, OSError) as error:
            raise self._unavailable(_words(error)) from error

    def _meaning(self, error: ApiException) -> DriverError:
        said = _said(error)
        match error.status:
            case 404:
                return AbsentError(f"Kubernetes has no such thing: {said}", hint=_HINTS[404])
            case 409:
                return TakenError(f"Kubernetes refuses: {said}", hint=_HINTS[409])
            case 401 | 403 as status:
                self.close()  # a token that ended is read anew
                return DriverError(f"Kubernetes does not allow it: {said}", hint=_HINTS[status])
            case int(status) if 0 < status < _SERVER:
                hint = _HINTS.get(status, "The API server's own log says more.")
                return DriverError(f"Kubernetes refuses: {said}", hint=hint)
            case int(status) if status >= _SERVER:
                return DriverUnavailableError(
                    f"Kubernetes cannot do it now: {said}",
                    hint="See that etcd and the machines are well: kubectl get nodes",
                )
            case _:
                return self._unavailable(said)

    def _unavailable(self, said: str) -> DriverUnavailableError:
        where = self._access.server if self._access else "the cluster"
        return DriverUnavailableError(
            f"No Kubernetes API server answers at {where}: {said}",
            hint="See that the cluster runs and KUBECONFIG names it, or use the driver `process`.",
        )


_HINTS = {
    401: "Renew the kubeconfig, or the service account's token.",
    403: "The manager's account needs the rights of deploy/kubernetes/rbac.yaml; quotas, too.",
    404: "Make the namespace, or name another one in PENSTOCK_KUBERNETES_NAMESPACE.",
    409: "Somebody else changes the same node: have one manager for each namespace.",
    422: "It is not of the form that Kubernetes takes.",
    _BUSY: "The API server is overloaded: it is asked again with the next look.",
}


def _break_off(answer: Answer) -> None:
    """End an answer that another thread waits for; one that ended already has nothing to end."""
    with contextlib.suppress(ValueError, RuntimeError):
        answer.shutdown()


def _pause(error: ApiException) -> float:
    """Return how long the server wants us to wait, a second where it does not say."""
    try:
        asked = float((error.headers or {}).get("Retry-After", 1))
    except ValueError:
        asked = 1.0
    return min(max(asked, 0.1), _LONGEST_WAIT)


def _said(error: ApiException) -> str:
    """Return the server's sentence, not the whole of its answer."""
    with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError):
        found = msgspec.json.decode(error.body or "{}", type=Refusal)
        if found.message:
            return found.message.strip().splitlines()[0][:500]
    return str(error.reason or error.status)[:500]


def _words(error: Exception) -> str:
    """Return the cause at the bottom: urllib3 wraps it, with objects' addresses in its words."""
    cause = getattr(error, "reason", None) or error
    said = str(cause)
    return said.rpartition(">: ")[2].rpartition("): ")[2][:300] or type(error).__name__
