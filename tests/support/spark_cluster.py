"""A real Spark of the tests' own on loopback: a master, two workers, a Spark Connect server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from socket import create_connection, socket
from time import monotonic, sleep
from typing import Final
from urllib.request import urlopen

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 120.0
_MASTER: Final = "org.apache.spark.deploy.master.Master"
_WORKER: Final = "org.apache.spark.deploy.worker.Worker"
_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"
_WORKERS: Final = 2


def find_missing() -> str | None:
    """Return why Spark cannot be started on this machine, None if it can."""
    if shutil.which("java") is None:
        return "there is no Java"
    home = _home()
    if home is None or not (home / "jars").is_dir():
        return "pyspark is not installed with its jars: make test-spark installs it"
    return None


@dataclass(slots=True)
class Cluster:
    """Where the Connect server is, and a handle on it. The workers read the machine's files."""

    room: Path
    master: str
    port: int
    pages: int
    _server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"sc://{_HOST}:{self.port}"

    def start(self) -> None:
        """Start the Connect server, the application that the workers work for."""
        settings = {
            "spark.connect.grpc.binding.address": _HOST,
            "spark.connect.grpc.binding.port": str(self.port),
            "spark.driver.memory": "768m",
            "spark.executor.memory": "768m",
            "spark.executor.cores": "1",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(self.room / "warehouse"),
            "spark.sql.catalogImplementation": "in-memory",
            "spark.ui.port": str(self.pages),
            "spark.ui.showConsoleProgress": "false",
            # Unlike ours, so that a session which forgets to say what it wants is found out.
            "spark.sql.session.timeZone": "America/New_York",
            "spark.sql.ansi.enabled": "false",
        }
        flags = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        program = ["spark-submit", "--master", self.master, *flags, "--class", _SERVER]
        self._server = _start(self.room, "connect", [*program, "spark-internal"], memory="768m")
        _wait(self._server, self.room / "connect.log", lambda: _answers(self.port))

    def stop(self) -> None:
        """Stop the Connect server; whoever is connected is cut off."""
        server, self._server = self._server, None
        if server is not None:
            _stop(server)

    def execute(self, *statements: str) -> None:
        """Run statements as the owner of the catalogue."""
        session = import_module("pyspark.sql.connect.session").SparkSession(self.url)
        for statement in statements:
            session.sql(statement)
        session.stop()

    def jobs(self) -> int:
        """Return how many jobs are running at this moment, as Spark's own pages say."""
        base = f"http://{_HOST}:{self.pages}/api/v1/applications"
        with urlopen(base, timeout=30) as answer:
            (application,) = json.load(answer)
        with urlopen(f"{base}/{application['id']}/jobs?status=running", timeout=30) as answer:  # noqa: S310 - our own server
            return len(json.load(answer))


@contextmanager
def run_cluster(room: Path) -> Iterator[Cluster]:
    """Start everything, and stop what was started."""
    master_port, pages, *worker_pages = (_free_port() for _ in range(2 + _WORKERS))
    master = f"spark://{_HOST}:{master_port}"
    with ExitStack() as stack:
        command = ["spark-class", _MASTER, "--host", _HOST, "--port", str(master_port)]
        started = _start(room, "master", [*command, "--webui-port", str(pages)])
        stack.callback(_stop, started)
        _wait(started, room / "master.log", lambda: _answers(master_port))
        for number, page in enumerate(worker_pages):
            command = ["spark-class", _WORKER, "--host", _HOST, "--cores", "1", "--memory", "1g"]
            command += ["--webui-port", str(page), "--work-dir", str(room / f"worker-{number}")]
            stack.callback(_stop, _start(room, f"worker-{number}", [*command, master]))
        cluster = Cluster(room, master, _free_port(), _free_port())
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def _home() -> Path | None:
    found = find_spec("pyspark")
    return None if found is None or found.origin is None else Path(found.origin).parent


def _start(
    room: Path, name: str, command: list[str], *, memory: str = "256m"
) -> subprocess.Popen[bytes]:
    home = _home()
    assert home is not None
    program, *arguments = command
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": _HOST,
        "SPARK_LOCAL_DIRS": str(room / "scratch"),
        "SPARK_DAEMON_MEMORY": memory,
        "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC",
    }
    with (room / f"{name}.log").open("ab") as log:
        # The scripts become Java themselves: there is one process to stop.
        return subprocess.Popen(
            [home / "bin" / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=room,
            env=environment,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    end = monotonic() + _PATIENCE
    while not ready():
        if process.poll() is not None or monotonic() > end:
            raise RuntimeError(f"Spark did not start:\n{log.read_text()[-4000:]}")
        sleep(0.1)


def _answers(port: int) -> bool:
    try:
        create_connection((_HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket() as found:
        found.bind((_HOST, 0))
        port: int = found.getsockname()[1]
        return port
