"""Where an issuer's public keys come from: a PEM file, a key set in a file or at an address.

With `fetch`, the only modules of `auth` that do I/O, all of it with the standard library.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, assert_never

from penstock.auth.fetch import TIMEOUT, check_url, fetch
from penstock.auth.issuer import (
    Issuer,
    KeySetFile,
    KeySetURL,
    PublicKeyFile,
    SharedSecret,
)
from penstock.auth.jwt import KeySource, PublicKey, TokenVerifier, Trusted, VerifyingKey
from penstock.auth.keyset import PublishedKey, algorithms_of, parse_key_set, parse_pem
from penstock.errors import ConfigurationError
from penstock.events import Event, IssuerKeysFetched, IssuerKeysUnavailable

PAUSE = 60.0  # seconds between two fetches
MAX_AGE = 600.0  # seconds after which keys are fetched again though nothing asks for it

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StaticKey:
    """The one key of an issuer, whatever a token calls it."""

    algorithms: frozenset[str]
    verifying: VerifyingKey

    @property
    def generation(self) -> int:
        return 0

    def key(self, kid: str | None, algorithm: str) -> VerifyingKey | None:  # noqa: ARG002 the port has it
        return self.verifying if algorithm in self.algorithms else None

    def refresh(self) -> Future[None] | None:
        return None


class KeySet:
    """A key set that is read again when it is old or lacks a key, once a minute at most.

    What was read last stays in force while the place cannot be read. Reading happens in a thread of
    its own, and only one at a time: whoever needs the result waits for the same future.
    """

    def __init__(
        self,
        place: str,
        read: Callable[[], bytes],
        *,
        notice: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._read = read
        self._notice = notice
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: tuple[PublishedKey, ...] = ()
        self._generation = 0
        self._tried_at: float | None = None
        self._running: Future[None] | None = None

    @property
    def generation(self) -> int:
        self._refresh_when_old()
        return self._generation

    def key(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        fitting = [k for k in self._keys if algorithm in k.algorithms and kid in {None, k.kid}]
        # A token that does not name its key is only accepted where there is no choice.
        return fitting[0].key if len(fitting) == 1 else None

    def refresh(self) -> Future[None] | None:
        with self._lock:
            if self._running is not None:
                return self._running
            if self._tried_at is not None and self._clock() - self._tried_at < PAUSE:
                return None
            self._tried_at = self._clock()
            running = self._running = Future()
            running.set_running_or_notify_cancel()  # others wait for it: nobody may cancel it
        threading.Thread(
            target=self._fetch, args=(running,), name="penstock-jwks", daemon=True
        ).start()
        return running

    def _refresh_when_old(self) -> None:
        if self._tried_at is None or self._clock() - self._tried_at > MAX_AGE:
            self.refresh()

    def _fetch(self, running: Future[None]) -> None:
        try:
            self._take(parse_key_set(self._read()))
        except Exception as error:  # noqa: BLE001 what others publish must not break us, whatever it is
            self._notice(IssuerKeysUnavailable(self._place, str(error) or type(error).__name__))
        finally:
            with self._lock:
                self._running = None
            running.set_result(None)

    def _take(self, keys: tuple[PublishedKey, ...]) -> None:
        if [_identity(key) for key in keys] != [_identity(key) for key in self._keys]:
            self._keys = keys
            self._generation += 1
            self._notice(IssuerKeysFetched(self._place, len(keys)))


def open_tokens(
    issuers: Iterable[Issuer], notice: Callable[[Event], None] = lambda _: None
) -> TokenVerifier:
    """Return what verifies the tokens of a project's issuers; see `open_key_source`."""
    return TokenVerifier(
        tuple(Trusted(issuer, open_key_source(issuer, notice)) for issuer in issuers)
    )


def open_key_source(issuer: Issuer, notice: Callable[[Event], None] = lambda _: None) -> KeySource:
    """Read an issuer's keys for the first time.

    Raises ConfigurationError for a file that is not there or holds no key. An address that does not
    answer is no error: it is asked again when a token needs it.
    """
    match issuer.key:
        case SharedSecret(secret):
            return StaticKey(frozenset(issuer.algorithms), secret.reveal().encode())
        case PublicKeyFile(path):
            return StaticKey(*_fitting(_read_file(path, parse_pem), issuer))
        case KeySetFile(path):
            _read_file(path, parse_key_set)
            return _started(KeySet(str(path), path.read_bytes, notice=notice))
        case KeySetURL(url, allow_private_address):
            address = check_url(url)

            def read() -> bytes:
                return fetch(address, allow_private_address=allow_private_address)

            return _started(KeySet(url, read, notice=notice))
        case unreachable:
            assert_never(unreachable)


def _fitting(key: PublicKey, issuer: Issuer) -> tuple[frozenset[str], PublicKey]:
    able = algorithms_of(key)
    unable = [name for name in issuer.algorithms if name not in able]
    if unable:
        raise ConfigurationError(
            f"The public key of {issuer.issuer} cannot be used for {', '.join(unable)}.",
            hint=f"It goes with {', '.join(sorted(able)) or 'no algorithm we accept'}.",
        )
    return able, key


def _identity(published: PublishedKey) -> tuple[str | None, frozenset[str], PublicKey]:
    return published.kid, published.algorithms, published.key


def _started(keys: KeySet) -> KeySet:
    running = keys.refresh()
    if running is not None:
        # A name service that hangs must not stop the start: the fetch goes on, and until it ends
        # this issuer's tokens are refused.
        with contextlib.suppress(TimeoutError):
            running.result(timeout=TIMEOUT)
    return keys


def _read_file(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {error.strerror}."
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"The key file {path} cannot be used: {error}.") from error
