"""A manager that answers what a test says, over HTTP, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

API, DEPLOYMENT, DIGEST = "api_a", "dep_new", "sha256:" + "ab" * 32
PLACE = f"/apis/{API}/environments/production"

Answer = tuple[int, object]


@dataclass
class Stand:
    """`answers` by method and path; `journal` is what an environment tells, oldest first.

    `follows` is the phase that is told once something was asked. It is `away` for some requests:
    they are left without an answer. `logs` is what nodes printed so far, by their ids.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    journal: list[Mapping[str, object]] = field(default_factory=list)
    asked: list[tuple[str, object]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    follows: dict[str, str] = field(default_factory=dict)
    away: Callable[[str], bool] = lambda _: False
    logs: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, phase: str, detail: str = "", deployment: str = DEPLOYMENT) -> None:
        entry = {"deployment": deployment, "phase": phase, "detail": detail}
        self.journal.append(
            {"sequence": len(self.journal) + 1, "time": 1_700_000_000, "entry": entry}
        )

    def bodies(self, request: str) -> list[object]:
        return [body for asked, body in self.asked if asked == request]

    def answer(self, request: str, query: str) -> Answer:
        if request == f"GET {PLACE}/journal":
            after = int(query.partition("after=")[2] or 0)
            return 200, {"entries": self.journal[after:]}
        if request in self.follows:
            self.tell(self.follows[request])
        missing = {"code": "NOT_FOUND", "title": "There is no such thing", "detail": request}
        return self.answers.get(request, (404, missing))

    def log(self, path: str, query: str) -> str | None:
        """Return what a node printed: the last `tail` lines, where that is asked; None of none."""
        lines = self.logs.get(path.removeprefix("/nodes/").removesuffix("/logs"))
        tail = parse_qs(query).get("tail")
        if lines is None or tail is None:
            return None if lines is None else "".join(f"{line}\n" for line in lines)
        return "".join(f"{line}\n" for line in lines[max(0, len(lines) - int(tail[0])) :])

    def stream(self, after: int) -> str:
        """Return the server-sent events of what happened since."""
        lines = self.journal[after:]
        return "".join(f"id: {it['sequence']}\ndata: {json.dumps(it)}\n\n" for it in lines)


def known_api() -> Stand:
    """Return a manager that knows one API, `shop/orders`."""
    listed = {
        "/projects": [{"id": "prj_a", "name": "shop"}],
        "/apis": [{"id": API, "project": "prj_a", "name": "orders"}],
        "/versions": [{"id": "ver_a", "name": "v7"}],
    }
    return Stand({f"GET {path}": (200, {"items": items}) for path, items in listed.items()})


@contextmanager
def serving(stand: Stand, home: Path) -> Iterator[str]:
    """Serve it, with what a state folder says of a manager; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as it is declared
            """Print nothing."""

        def handle_any(self) -> None:
            path, _, query = self.path.removeprefix("/api/v1").partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = f"{self.command} {path}"
            is_json = self.headers.get("Content-Type", "").startswith("application/json")
            stand.asked.append((request, json.loads(body) if body and is_json else None))
            stand.tokens.append(self.headers.get("Authorization"))
            if stand.away(request):
                self.close_connection = True
                return
            if path.endswith("/events"):
                text = stand.stream(int(self.headers.get("Last-Event-ID") or 0))
                self.reply(200, "text/event-stream", text.encode())
            elif (log := stand.log(path, query)) is not None:
                self.reply(200, "text/plain", log.encode())
            else:
                status, answer = stand.answer(request, query)
                self.reply(status, "application/json", json.dumps(answer).encode())

        def reply(self, status: int, media_type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 so they are called

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    home.mkdir(parents=True, exist_ok=True)
    (home / "manager.json").write_text(json.dumps({"address": address, "token": "local"}))
    try:
        yield address
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
