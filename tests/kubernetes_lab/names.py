"""Names of Services -> their addresses: as much of a cluster's DNS as pods ask for."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from kubernetes import client, config
from urllib3.exceptions import HTTPError

DOMAIN = "cluster.local"
_PORT = 53
_HEADER = struct.Struct("!6H")
_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583
_ADDRESS = 1
# The name that was asked for, an address of the internet, true for five seconds, four bytes.
_RECORD = struct.pack("!HHHIH", 0xC00C, _ADDRESS, 1, 5, 4)

Find = Callable[[str, str], str | None]


def open_client(kubeconfig: Path) -> client.ApiClient:
    settings = client.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call]  # it has no types
        str(kubeconfig), client_configuration=settings, persist_config=False
    )
    return client.ApiClient(settings)


def find_in(kubeconfig: Path) -> Find:
    """Return how a Service's address is found in a cluster that runs, or is away for a while."""

    def find(service: str, namespace: str) -> str | None:
        with open_client(kubeconfig) as api, suppress(client.ApiException, HTTPError):
            found = client.CoreV1Api(api).read_namespaced_service(service, namespace)
            return str(found.spec.cluster_ip) if found.spec else None
        return None

    return find


@contextmanager
def names(host: str, find: Find) -> Iterator[bool]:
    """Answer pods at an address of this machine; yields False where somebody else does.

    `find` takes the name of a Service and its namespace.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        try:
            ear.bind((host, _PORT))
        except OSError:
            yield False
            return
        answering = Thread(target=_answer_all, args=(ear, find), daemon=True)
        answering.start()
        try:
            yield True
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", (host, _PORT))
            answering.join(10)


def _answer_all(ear: socket.socket, find: Find) -> None:
    while True:
        asked, who = ear.recvfrom(512)
        if not asked:
            return
        with suppress(OSError, ValueError, struct.error):
            ear.sendto(answer(asked, find), who)


def answer(asked: bytes, find: Find) -> bytes:
    """Return the answer to a question of DNS. Raises ValueError where it is none."""
    number, _, questions, *_ = _HEADER.unpack_from(asked)
    labels, end = _labels(asked)
    (kind,) = struct.unpack_from("!H", asked, end)
    question = asked[_HEADER.size : end + 4]
    service, _, rest = ".".join(labels).partition(".")
    namespace, _, domain = rest.partition(".")
    found = find(service, namespace) if domain == f"svc.{DOMAIN}" else None
    told = found is not None and kind == _ADDRESS
    head = _HEADER.pack(number, _ANSWER if found else _NO_SUCH_NAME, questions, int(told), 0, 0)
    return head + question + (_RECORD + socket.inet_aton(found) if found and told else b"")


def _labels(asked: bytes) -> tuple[list[str], int]:
    labels, place = [], _HEADER.size
    while length := asked[place]:
        labels.append(asked[place + 1 : place + 1 + length].decode("ascii").lower())
        place += 1 + length
    return labels, place + 1
