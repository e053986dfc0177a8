"""Headless Chromium, driven through chromedriver's plain HTTP, and what it said to whom."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

# Chromium's own errands (updates, sync, quick look-ups) are off: what is left is the page's doing.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,1600",
)


def why_not() -> str | None:
    """Say what is missing, if anything."""
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"no {' and no '.join(missing)} here" if missing else None


@dataclass(frozen=True)
class Browser:
    """One page of one browser; `session` is chromedriver's address for it."""

    session: httpx.Client

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def text(self, selector: str, timeout: float = 30) -> str:
        """Wait until the selector shows or holds some text, and return it."""
        script = (
            "const found = document.querySelector(arguments[0]);"
            "return found ? found.value || found.innerText : '';"
        )
        deadline = time.monotonic() + timeout
        while not (text := self._run(script, selector)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{selector} shows nothing. The page: {self.text('body')}")
            time.sleep(0.1)
        return text

    def click(self, selector: str) -> None:
        self.text(selector)
        self._run("document.querySelector(arguments[0]).click(); return '';", selector)

    def write(self, selector: str, text: str) -> None:
        """Type as a person does: the page hears every key."""
        found = self._post("element", {"using": "css selector", "value": selector})
        element = next(iter(json.loads(found)["value"].values()))
        self._post(f"element/{element}/clear", {})
        self._post(f"element/{element}/value", {"text": text})

    def requests(self) -> list[str]:
        """Return every address asked for since the last call, but those inside the browser."""
        log = json.loads(self._post("se/log", {"type": "performance"}))["value"]
        events = [json.loads(entry["message"])["message"] for entry in log]
        urls = [
            str(event["params"]["request"]["url"])
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith(("chrome:", "data:"))]

    def complaints(self) -> list[str]:
        """Return what the console says: refused scripts and styles, failed requests, errors."""
        log = json.loads(self._post("se/log", {"type": "browser"}))["value"]
        return [entry["message"] for entry in log]

    def screenshot(self) -> bytes:
        return b64decode(self.session.get("screenshot").json()["value"])

    def _run(self, script: str, argument: str) -> str:
        answer = self._post("execute/sync", {"script": script, "args": [argument]})
        return str(json.loads(answer)["value"])

    def _post(self, path: str, body: dict[str, object]) -> str:
        answer = self.session.post(path, json=body)
        if answer.is_error:
            raise RuntimeError(answer.text)
        return answer.text


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """Start chromedriver on a port of its own choice, and a browser with an empty profile."""
    log = folder / "chromedriver.log"
    environment = {**os.environ, "HOME": str(folder)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=output,
            stderr=output,
            env=environment,
        ) as driver,
    ):
        try:
            sessions = f"{_address(log)}/session"
            answer = httpx.post(sessions, json=_wish(folder / "profile"), timeout=60).json()
            session = f"{sessions}/{answer['value']['sessionId']}"
            with httpx.Client(base_url=session, timeout=60) as page:
                yield Browser(page)
            httpx.delete(session, timeout=60)
        finally:
            driver.terminate()


def _address(log: Path) -> str:
    deadline = time.monotonic() + 30
    while not (
        started := re.search(r"started successfully on port (\d+)", said := log.read_text())
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(f"chromedriver does not start: {said}")
        time.sleep(0.05)
    return f"http://127.0.0.1:{started[1]}"


def _wish(profile: Path) -> dict[str, object]:
    return {
        "capabilities": {
            "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": [*OPTIONS, f"--user-data-dir={profile}"]},
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
            }
        }
    }
