"""A real Redis of the tests' own: started, restarted and stopped by them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Final

_PATIENCE: Final = 20.0


def find_program() -> str | None:
    """Return Debian's redis-server, or whoever's; None where it is not installed."""
    return shutil.which("redis-server")


@dataclass(slots=True)
class RedisServer:
    """`password` is asked of everybody."""

    program: str
    folder: Path
    port: int
    password: str = "kept-to-ourselves"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        settings += ["--save", "", "--appendonly", "no", "--requirepass", self.password]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *settings], stdout=log, stderr=log)
        end = monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or monotonic() > end:
                raise RuntimeError(f"Redis did not start:\n{(self.folder / 'log').read_text()}")
            sleep(0.02)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(_PATIENCE)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def run_redis() -> Iterator[RedisServer]:
    """Raises FileNotFoundError where there is none: look with `find_program` first."""
    program = find_program()
    if program is None:
        raise FileNotFoundError("redis-server")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="penstock-redis-") as folder:
        server = RedisServer(program, Path(folder), port)
        try:
            server.start()
            yield server
        finally:
            server.stop()
