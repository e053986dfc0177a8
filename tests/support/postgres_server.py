"""A real PostgreSQL of the tests' own: started, restarted and stopped by them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Final

import psycopg

_FOLDERS: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/*/bin")
_OWNERS: Final = ("postgres", "nobody")
_PATIENCE: Final = 60.0

# Nothing is kept: a test's database may forget everything when the machine falls over.
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    # Unlike ours, so that a session which forgets to say what it wants is found out.
    "timezone": "America/New_York",
    "datestyle": "German",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
}


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where it is not installed."""
    found = [
        path.parent
        for pattern in _FOLDERS
        for path in sorted(Path("/").glob(f"{pattern.lstrip('/')}/initdb"), reverse=True)
    ]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else next(iter(found), None)


@dataclass(slots=True)
class Address:
    """Where the server is, who may come in, and a handle on it. `user` owns everything."""

    host: str
    port: int
    user: str
    password: str
    database: str
    folder: Path
    programs: Path
    settings: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def connect(self) -> psycopg.Connection:
        """Return a connection of the owner's, every statement its own transaction."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    def execute(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def start(self) -> None:
        """Start the server on its port and wait until it answers."""
        flags = [f"--{name}={value}" for name, value in self.settings.items()]
        program: list[str | Path] = [
            self.programs / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*program, *flags],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.folder,
                user=_owner(),
            )
        end = monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or monotonic() > end:
                said = (self.folder / "log").read_text()
                raise RuntimeError(f"PostgreSQL did not start:\n{said}")
            sleep(0.05)

    def stop(self) -> None:
        """Stop the server; whoever is connected is cut off."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def run_postgres(
    settings: Mapping[str, str] | None = None, *, order: str | None = None
) -> Iterator[Address]:
    """Start a server with an empty database `penstock`, and stop it afterwards.

    `settings` are the server's own, added to ours. `order` is the language whose dictionary orders
    texts, None for the order of their code points. Raises FileNotFoundError where there is no
    PostgreSQL: look with `find_programs` first.
    """
    programs = find_programs()
    if programs is None:
        raise FileNotFoundError("initdb")
    # Not in pytest's folders: they are closed to the user that the server has to run as.
    folder = Path(mkdtemp(prefix="penstock-postgres-", dir=None))
    address = Address(
        host="127.0.0.1",
        port=_free_port(),
        user="owner",
        password=secrets.token_urlsafe(12),
        database="penstock",
        folder=folder,
        programs=programs,
        settings={"unix_socket_directories": str(folder), **_SETTINGS, **(settings or {})},
    )
    try:
        _create(address, order)
        address.start()
        yield address
    finally:
        address.stop()
        shutil.rmtree(folder, ignore_errors=True)


def give_to_server(path: Path) -> None:
    """Make the server's user the owner of a file, and the only one to read it."""
    owner = _owner()
    if owner is not None:
        shutil.chown(path, owner)
    path.chmod(0o600)


def _create(address: Address, order: str | None) -> None:
    folder = address.folder
    (folder / "password").write_text(address.password)
    give_to_server(folder / "password")
    owner = _owner()
    if owner is not None:
        shutil.chown(folder, owner)
    program = folder.joinpath(address.programs, "initdb")
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    if order is not None:
        options += ["--locale-provider=icu", f"--icu-locale={order}"]
    named = [f"--username={address.user}", f"--pwfile={folder / 'password'}"]
    made = subprocess.run(
        [program, "-D", folder / "data", *options, *named],
        capture_output=True,
        check=False,
        cwd=folder,
        user=_owner(),
    )
    if made.returncode:
        raise RuntimeError(made.stderr.decode())
    single: list[str | Path] = [
        address.programs / "postgres",
        "--single",
        "-D",
        folder / "data",
        "postgres",
    ]
    subprocess.run(
        single,
        input=f"CREATE DATABASE {address.database}\n".encode(),
        capture_output=True,
        check=True,
        cwd=folder,
        user=_owner(),
    )


def _owner() -> str | None:
    """Return whom to run a program as: PostgreSQL refuses to run as root. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()}
    return next(name for name in _OWNERS if name in known)


def _free_port() -> int:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
