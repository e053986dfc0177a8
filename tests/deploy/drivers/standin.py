"""Stands in for a node: answers questions about where it runs, and does as it is told."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import socketserver
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

LISTEN = os.environ["PENSTOCK_LISTEN"]
PLACES = ("/", "/opt/penstock", "/project", os.environ["PENSTOCK_STATE"], "/tmp")  # noqa: S108 its own


def facts() -> dict[str, object]:
    status = dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines())
    mounts = [line.split() for line in text("/proc/mounts").splitlines()]
    return {
        "id": os.environ.get("PENSTOCK_NODE"),
        "pid": os.getpid(),
        "session": os.getsid(0),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "capabilities": int(status["CapEff"], 16),
        "bounding": int(status["CapBnd"], 16),
        "no_new_privileges": int(status["NoNewPrivs"]),
        "environment": dict(os.environ),
        "writable": [place for place in PLACES if writable(place)],
        "mounts": {mount[1]: mount[3].split(",") for mount in mounts},
        "memory": text("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"),
        "quota": text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu.max"),
        "pids": text("/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"),
        "groups": text("/proc/self/cgroup"),
        "data": resource.getrlimit(resource.RLIMIT_DATA)[0],
    }


def text(*places: str) -> str:
    found = (Path(place) for place in places if Path(place).exists())
    return next((path.read_text() for path in found), "")


def writable(place: str) -> bool:
    try:
        (Path(place) / "written").write_text("")
    except OSError:
        return False
    return True


def reach(path: str) -> str:
    """Connect to a Unix socket, and say what is heard there."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(path)
        return client.recv(100).decode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        options = dict(parse_qsl(asked.query))
        content: object = None
        if asked.path == "/facts":
            content = facts()
        elif asked.path == "/print":
            for number in range(int(options["lines"])):
                sys.stdout.write(f"line {number}{'.' * int(options.get('width', 0))}\n")
            sys.stdout.flush()
        elif asked.path == "/burn":
            content = sum(number * number for number in range(1_000_000))
        elif asked.path == "/exit":
            os._exit(int(options["code"]))
        elif asked.path == "/child":
            content = subprocess.Popen(["sleep", "1000"]).pid
        elif asked.path == "/reach":
            content = reach(options["path"])
        self.answer(content)

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""

    def address_string(self) -> str:
        return "somebody"


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def end(*_: object) -> None:
    sys.stdout.write("ending\n")
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    stubborn = os.environ.get("STUBBORN")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else end)
    sys.stdout.write(f"started {os.environ.get('PENSTOCK_NODE')}\n")
    sys.stdout.flush()
    if LISTEN.startswith("unix:"):
        UnixServer(LISTEN.removeprefix("unix:"), Handler).serve_forever()
    host, _, port = LISTEN.rpartition(":")
    Server((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
