"""A MariaDB server for the tests: started in a folder of its own, stopped by its own number."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, create_connection, socket
from tempfile import mkdtemp
from typing import Final

import pymysql
import pytest
from pymysql.constants import CLIENT

ZONES: Final = (
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Paris",
    "UTC",
)

_USER: Final = "nobody"
_SECONDS: Final = 60.0
_PATH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. `root` may do anything, and has this password."""

    host: str
    port: int
    user: str
    password: str


class Server:
    """One server over one folder; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        self.folder = folder
        self.address = Address("127.0.0.1", _free_port(), "root", "penstock")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _find("mariadbd"),
                    *_settings(self.folder),
                    f"--port={self.address.port}",
                    f"--init-file={self.folder / 'init.sql'}",
                    *self._options,
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=_user(),
            )
        self._wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process = None

    def kill(self) -> None:
        """Stop it as a loss of power does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_SECONDS)
            self._process = None

    def _wait(self) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            try:
                with create_connection((self.address.host, self.address.port), 1) as opened:
                    if opened.recv(1):
                        return
            except OSError:
                time.sleep(0.05)
            assert self._process is not None
            assert self._process.poll() is None, self._log()
        raise AssertionError(self._log())

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4_000:]


def find_missing() -> str | None:
    """Return why no server can be started here, None if one can."""
    if all(shutil.which(name, path=_PATH) for name in ("mariadb-install-db", "mariadbd")):
        return None
    return "there is no MariaDB server here: install the package mariadb-server"


@contextmanager
def serve_mariadb(*options: str) -> Iterator[Server]:
    """Start a server with more options than ours; the test is skipped where there is none."""
    missing = find_missing()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(mkdtemp(prefix="penstock-mariadb-"))
    server = Server(folder, options)
    try:
        _own(folder)
        _prepare(folder, server.address)
        server.start()
        _learn_zones(server.address)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_mariadb() -> Iterator[Address]:
    """Start a server with an empty database `test`."""
    with serve_mariadb() as server:
        yield server.address


def _prepare(folder: Path, address: Address) -> None:
    done = subprocess.run(
        [
            _find("mariadb-install-db"),
            *_settings(folder),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ],
        capture_output=True,
        user=_user(),
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4_000:]
    start = folder / "init.sql"
    start.write_text(
        f"ALTER USER root@localhost IDENTIFIED BY '{address.password}';\n"
        f"CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '{address.password}';\n"
        "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
        "CREATE DATABASE IF NOT EXISTS test;\n"
    )
    start.chmod(0o644)


def _learn_zones(address: Address) -> None:
    """Fill the server's own tables of time zones, which are empty in a new server."""
    connection = pymysql.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database="mysql",
        client_flag=CLIENT.MULTI_STATEMENTS,
    )
    with closing(connection):
        for zone in ZONES:
            path = Path("/usr/share/zoneinfo", zone)
            told = subprocess.run(
                [_find("mariadb-tzinfo-to-sql"), path, zone], capture_output=True, check=True
            )
            connection.query(told.stdout.decode())
            while connection.next_result():
                pass


def _settings(folder: Path) -> list[str]:
    return [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder}",
        f"--socket={folder / 's'}",
        f"--pid-file={folder / 'pid'}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--innodb-buffer-pool-size=256M",
        # The data of a test need not outlive a loss of power.
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-log-file-size=64M",
        "--local-infile=1",
    ]


def _own(folder: Path) -> None:
    (folder / "data").mkdir()
    folder.chmod(0o755)
    user = _user()
    if user is not None:
        entry = pwd.getpwnam(user)
        for path in (folder, folder / "data"):
            os.chown(path, entry.pw_uid, entry.pw_gid)


def _user() -> str | None:
    """Return who runs the server: it refuses to be root."""
    return _USER if os.geteuid() == 0 else None


def _find(program: str) -> str:
    found = shutil.which(program, path=_PATH)
    assert found is not None
    return found


def _free_port() -> int:
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
