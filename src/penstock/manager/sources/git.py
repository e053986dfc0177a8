"""A Git repository -> files of a version, by `git` itself, which may do nothing but fetch."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from penstock.errors import ForbiddenError, ManagementError, UnavailableError
from penstock.manager.context import ManagerSettings
from penstock.manager.sources.folder import check_folder, read_folder
from penstock.store.contents import ContentStore, Tree, remove_folder
from penstock.store.failures import translated

_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SAFE_PATH: Final = re.compile(r"/[\w.~/%+@-]*")
_PORTS: Final = {"https": 443, "ssh": 22}

# No protocol but ours, no hook, no filter, no submodule, no helper that a repository could name.
_OPTIONS: Final = (
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.attributesFile=/dev/null",
    "credential.helper=",
    "filter.lfs.required=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "http.followRedirects=false",
    "submodule.recurse=false",
    "transfer.fsckObjects=true",
    "gc.auto=0",
)


@dataclass(frozen=True, slots=True)
class Repository:
    """Where it is, checked; `addresses` are those of its host, which git then keeps to."""

    url: str
    reference: str | None
    host: str | None = None
    port: int = 0
    addresses: tuple[str, ...] = ()


def check_repository(
    url: str, reference: str | None, settings: ManagerSettings, *, local: bool
) -> Repository:
    """Return a repository that may be fetched from.

    Raises ManagementError for other protocols and odd signs, ForbiddenError for folders and for
    addresses of private networks that are not allowed.
    """
    if reference is not None and not _is_reference(reference):
        raise ManagementError("This is no branch or tag.", pointer="/reference")
    parts = _split(url)
    if parts.scheme == "file":
        folder = check_folder(Path(parts.path), settings, local=local)
        return Repository(f"file://{folder}", reference)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    if not _HOST.fullmatch(host):
        raise _no_url()
    addresses = _resolve(host, port)
    if host not in settings.hosts and not all(map(_is_public, addresses)):
        raise ForbiddenError(
            f"{host} is on a private network.",
            hint="PENSTOCK_GIT_HOSTS names those that may be reached all the same.",
            pointer="/url",
        )
    return Repository(url, reference, host, port, addresses)


def read_repository(
    store: ContentStore, repository: Repository, settings: ManagerSettings
) -> tuple[Tree, str]:
    """Keep the files of its newest commit; return them and the commit.

    Raises UnavailableError where it cannot be reached in time, ManagementError.
    """
    program = shutil.which("git")
    if program is None:
        raise UnavailableError("git is not installed on the manager's machine.")
    with _folder(store) as work:
        environment = _environment(work)
        clone = [program, *_configured(repository), "clone", *_DEPTH]
        if repository.reference is not None:
            clone += ["--branch", repository.reference]
        _run([*clone, "--", repository.url, str(work / "files")], environment, settings)
        show = [program, "-C", str(work / "files"), "rev-parse", "HEAD"]
        commit = _run(show, environment, settings).strip()
        return read_folder(store, work / "files", settings), commit


_DEPTH: Final = (
    "--quiet",
    "--depth=1",
    "--single-branch",
    "--no-tags",
    "--no-recurse-submodules",
    "--template=",
)


def _split(url: str) -> SplitResult:
    """Raise ManagementError for anything but plain file, https and ssh addresses."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _no_url() from error
    odd = parts.query or parts.fragment or parts.password or not _SAFE_PATH.fullmatch(parts.path)
    if odd or parts.scheme not in {"file", *_PORTS}:
        raise _no_url()
    if parts.scheme == "file" and parts.netloc:
        raise _no_url()
    if parts.username is not None and not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", parts.username):
        raise _no_url()
    return parts


def _no_url() -> ManagementError:
    return ManagementError(
        "This is no address of a Git repository that can be used here.",
        hint="https://host/path, ssh://git@host/path or file:///path, without a password in it.",
        pointer="/url",
    )


def _is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None and ".." not in text


def _resolve(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnavailableError(f"The host {host} is not known.", pointer="/url") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global


def _configured(repository: Repository) -> list[str]:
    options = list(_OPTIONS)
    if repository.addresses:
        # What was checked is what is connected to: the name is not looked up again.
        pinned = ",".join(
            f"[{address}]" if ":" in address else address for address in repository.addresses
        )
        options.append(f"http.curloptResolve={repository.host}:{repository.port}:{pinned}")
    return [part for option in options for part in ("-c", option)]


def _environment(work: Path) -> dict[str, str]:
    """Return what git needs: nobody's configuration, nobody asked for a password."""
    ssh = "ssh -oBatchMode=yes -oConnectTimeout=10 -oProxyCommand=none -oPermitLocalCommand=no"
    kept = {name: os.environ[name] for name in ("PATH", "SSH_AUTH_SOCK") if name in os.environ}
    return {
        **kept,
        "HOME": str(work),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": ssh,
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def _run(command: list[str], environment: dict[str, str], settings: ManagerSettings) -> str:
    """Run a command in a session of its own, and end all of it when its time is over."""
    process = subprocess.Popen(  # noqa: S603 a list, every part of it checked above
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        said, failed = process.communicate(timeout=settings.git_seconds)
    except subprocess.TimeoutExpired as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        seconds = settings.git_seconds
        raise UnavailableError(f"The repository did not come within {seconds:g} s.") from error
    if process.returncode != 0:
        raise ManagementError(f"git could not fetch it: {_last_line(failed)}", pointer="/url")
    return said.decode(errors="replace")


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason"
    return "".join(sign for sign in last[:300] if sign.isprintable())


@contextlib.contextmanager
def _folder(store: ContentStore) -> Iterator[Path]:
    with translated(str(store.folder)):
        store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".git-", dir=store.folder))
    try:
        yield work
    finally:
        remove_folder(work)
