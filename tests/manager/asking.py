"""A manager in this process, and a way to ask it."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
from asgiref.typing import ASGI3Application

from manager.memory_desk import MemoryDesk
from penstock.events import Event
from penstock.manager.app import create_manager_app
from penstock.manager.context import ManagerContext, ManagerSettings
from penstock.manager.openapi import codes_of
from penstock.manager.operations import ROUTES
from penstock.manager.paths import Paths
from penstock.secret import Secret
from penstock.store import bindings, node_logs, subjects, tokens
from penstock.store.contents import ContentStore
from penstock.store.database import Database, open_state
from penstock.store.desk import KeptLog
from penstock.store.grants import Scope
from penstock.store.subjects import SubjectDraft, SubjectKind
from penstock.store.unit import LOCAL, SYSTEM, working
from penstock.store.vault import Vault, open_vault

Result = TypeVar("Result")

LOCAL_TOKEN = "local-token-of-the-test"


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Asked:
    """A manager. `ask` sends as whoever holds the state folder, unless a `token` is given."""

    home: Path
    database: Database
    vault: Vault
    desk: MemoryDesk
    clock: Clock
    contents: ContentStore
    client: httpx.AsyncClient
    loop: asyncio.AbstractEventLoop
    events: list[Event] = field(default_factory=list)

    def wait(self, coroutine: Coroutine[None, None, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def send(  # noqa: PLR0913 what a request consists of
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        token: str | None = LOCAL_TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        # Whatever these tests provoke has to be in the description, with its code.
        address = path if path.startswith(("/node/", "/livez", "/readyz", "/metrics")) else None
        answer = self.wait(
            self.client.request(
                method, address or f"/api/v1{path}", json=json, content=content, headers=sent
            )
        )
        _check_described(method, f"/api/v1{path}", answer)
        return answer

    def get(self, path: str, **more: object) -> dict[str, object]:
        response = self.send("GET", path, **more)  # type: ignore[arg-type] # passed on as it came
        assert response.status_code == 200, response.text
        found = response.json()
        assert isinstance(found, dict)
        return found

    def make(self, path: str, json: object = None, *, status: int = 201) -> dict[str, str]:
        response = self.send("POST", path, json=json)
        assert response.status_code == status, response.text
        found: dict[str, str] = response.json()
        return found

    def change(self, method: str, path: str, json: object = None, **more: object) -> httpx.Response:
        """Change what is there now, or make it if it is not."""
        now = self.send("GET", path)
        header = (
            {"if-match": now.headers["etag"]} if now.status_code == 200 else {"if-none-match": "*"}
        )
        return self.send(method, path, json=json, headers=header, **more)  # type: ignore[arg-type] # as above

    def version(self, project: str = "shop") -> dict[str, str]:
        """Make a project with an API with a version that has files."""
        made = self.make("/projects", {"name": project})
        api = self.make(f"/projects/{made['id']}/apis", {"name": "sales"})
        version = self.make(f"/apis/{api['id']}/versions", {"name": "v1"})
        filled = self.send(
            "PUT",
            f"/versions/{version['id']}/content",
            content=zipped({"penstock.yaml": b"name: shop\n"}),
            headers={"if-match": "*"},
        )
        assert filled.status_code == 200, filled.text
        found: dict[str, str] = filled.json()
        return found

    def person(self, name: str, *roles: tuple[str, Scope]) -> tuple[str, str]:
        """Make somebody with roles; return their id and a token."""
        with working(self.database, LOCAL, self.clock()) as work:
            record = subjects.create(work, SubjectDraft(kind=SubjectKind.PERSON, name=name))
            for role, scope in roles:
                bindings.create(work, record.id, role, scope)
            _, secret = tokens.create(work, record, "test", None)
        return record.id, secret.reveal()

    def keep_log(self, node: str, api: str) -> None:
        """Keep the log of a node that failed, as the desk does."""
        log = KeptLog(
            node=node,
            api=api,
            environment="production",
            deployment="dep_gone",
            reason="it exited with 1",
            created=self.clock(),
            size=5,
        )
        with working(self.database, SYSTEM, self.clock()) as work:
            node_logs.keep(work, log, b"boom\n")


_PATHS = Paths.of((path, path) for path in dict.fromkeys(route.address for route in ROUTES))


def _check_described(method: str, path: str, answer: httpx.Response) -> None:
    """Fail where an operation answers with a code that its description does not name."""
    found = _PATHS.find(path.partition("?")[0])
    named = [
        route for route in ROUTES if found and (route.method, route.address) == (method, found[0])
    ]
    fault = 500
    if named and answer.status_code >= 400 and answer.status_code != fault:
        codes = {one if isinstance(one, str) else one.code for one in codes_of(named[0])}
        told = answer.json()
        assert {told["code"], *(one["code"] for one in told.get("errors", ()))} <= codes


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Life:
    """What a server tells an application: that it starts, and that it stops."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application
        self._told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._said: asyncio.Queue[object] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        running = self._application(scope, self._told.get, self._said.put)  # type: ignore[arg-type] # plain dicts
        self._task = asyncio.ensure_future(running)
        await self._told.put({"type": "lifespan.startup"})
        await self._said.get()

    async def end(self) -> None:
        await self._told.put({"type": "lifespan.shutdown"})
        await self._said.get()


@contextmanager
def looping() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def managing(
    home: Path, settings: ManagerSettings | None = None, url: str | None = None
) -> Iterator[Asked]:
    """Run a manager with its state in a folder, or in the database of a URL."""
    events: list[Event] = []
    clock = Clock()
    environment = {} if url is None else {"PENSTOCK_DATABASE": url}
    with looping() as loop, open_state(home, environment) as database:
        vault, contents = open_vault(home, {}), ContentStore(home / "contents")
        desk = MemoryDesk(database)
        context = ManagerContext(
            database=database,
            vault=vault,
            contents=contents,
            desk=desk,
            clock=clock,
            local_token=Secret(LOCAL_TOKEN),
            settings=settings or ManagerSettings(),
            observe=events.append,
        )
        application = create_manager_app(context)
        transport = httpx.ASGITransport(application)  # type: ignore[arg-type] # its own ASGI types
        client = httpx.AsyncClient(transport=transport, base_url="http://manager")
        life = Life(application)
        asked = Asked(home, database, vault, desk, clock, contents, client, loop, events)
        asked.wait(life.begin())
        try:
            yield asked
        finally:
            asked.wait(life.end())
            asked.wait(client.aclose())
