"""A registry as teams have them: TLS by an authority of their own, and a password."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.drivers.bench import until
from kubernetes_lab.programs import free_port

USER = "ci"
# Of the same password everywhere: a hash by bcrypt, which Python has no program for.
PASSWORD = "not-a-secret-0123456789"
_HASH = "$2b$04$a25vfCJ4vAZbtFQwPXrjc.2p81zfnDcHysoda4BUBfEUNoTKu0B4i"
# Where engines look for whom to believe, each time they ask a registry.
_TRUSTED = Path("/etc/docker/certs.d")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """`authority` is the file of the certificate to believe."""

    address: str
    authority: Path


@contextmanager
def registry(host: str, folder: Path) -> Iterator[Registry]:
    """Have one at an address of this machine, which its engine believes."""
    folder.mkdir()
    address = f"{host}:{free_port(host)}"
    authority, key = folder / "registry.crt", folder / "registry.key"
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    certificate += ["-subj", "/CN=registry", "-addext", f"subjectAltName=IP:{host}"]
    certificate += ["-keyout", str(key), "-out", str(authority)]
    subprocess.run(certificate, check=True, capture_output=True)
    (folder / "users").write_text(f"{USER}:{_HASH}\n")
    settings = folder / "registry.yml"
    settings.write_text(
        "version: 0.1\n"
        f"http: {{addr: '{address}', tls: {{certificate: {authority}, key: {key}}}}}\n"
        f"auth: {{htpasswd: {{realm: lab, path: {folder}/users}}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/kept}}}}\n"
    )
    command = ["docker-registry", "serve", str(settings)]
    with (
        _believed(address, authority),
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as running,
    ):
        try:
            until(lambda: _answers(address), "the registry is open")
            yield Registry(address=address, authority=authority)
        finally:
            running.terminate()


@contextmanager
def _believed(address: str, authority: Path) -> Iterator[None]:
    fresh = not _TRUSTED.exists()
    place = _TRUSTED / address
    place.mkdir(parents=True)
    try:
        shutil.copy2(authority, place / "ca.crt")
        yield
    finally:
        shutil.rmtree(_TRUSTED if fresh else place)


def _answers(address: str) -> bool | None:
    try:
        told = httpx.get(f"https://{address}/v2/", verify=False, trust_env=False)  # noqa: S501 - whether it is there
    except httpx.HTTPError:
        return None
    return told.status_code == httpx.codes.UNAUTHORIZED
