"""Envoy as a process: started, found again, killed, refused, told the same thing twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.gateway.site import Site, eventually, site
from penstock.deploy.gateway import (
    ApiRoute,
    Certificate,
    Gateway,
    GatewayConfig,
    GatewaySettings,
    Listener,
    Upstream,
)
from penstock.deploy.types import Address, Place
from penstock.errors import GatewayError
from penstock.secret import Secret

PATH = "/flights/api/x"


@pytest.fixture
def one(folder: Path) -> Iterator[Site]:
    """A running gateway that knows its only node."""
    with site(folder, "blue") as opened:
        opened.publish(opened.config("blue"))
        yield opened


def test_what_runs_is_found_again_by_a_new_manager(one: Site) -> None:
    pid = one.gateway.pid()
    again = Gateway(one.folder / "gateway")
    again.start()

    assert again.pid() == pid
    assert again.applied(one.config("blue"))
    assert again.healthy("blue") is True
    assert one.ask(PATH).status == 200


def test_it_outlives_who_started_it(folder: Path) -> None:
    home = folder / "gateway"
    program = (
        "import sys; from pathlib import Path; from penstock.deploy.gateway import Gateway;"
        "Gateway(Path(sys.argv[1])).start()"
    )
    with Site(folder) as opened:
        subprocess.run([sys.executable, "-c", program, str(home)], check=True, timeout=30)

        assert opened.gateway.alive()
        pid = opened.gateway.pid()
        assert pid is not None
        assert os.getsid(pid) == pid


def test_a_killed_gateway_serves_the_same_once_it_is_started_again(one: Site) -> None:
    pid = one.gateway.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not one.gateway.alive(), "it is gone")

    assert one.gateway.nodes() == {}
    assert one.gateway.active("blue") is None
    assert not one.gateway.applied(one.config("blue"))
    one.gateway.start()
    assert one.ask(PATH).told("node") == "blue"
    assert one.gateway.applied(one.config("blue"))


def test_what_is_published_while_it_is_down_is_served_once_it_is_up(folder: Path) -> None:
    with Site(folder) as opened:
        opened.start_node("blue")
        opened.gateway.publish(opened.config("blue"))
        opened.gateway.start()

        assert opened.ask(PATH).told("node") == "blue"


def test_one_that_hangs_is_started_anew(one: Site) -> None:
    stuck = one.gateway.pid()
    assert stuck is not None
    os.kill(stuck, signal.SIGSTOP)
    one.gateway.start()

    assert one.gateway.pid() not in {stuck, None}
    assert one.ask(PATH).status == 200


def test_the_same_again_writes_nothing(one: Site) -> None:
    files = [*(one.folder / "gateway").glob("*.json")]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}
    one.gateway.publish(one.config("blue"))

    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files} == before


def test_a_switch_writes_endpoints_only(one: Site) -> None:
    one.start_node("green")
    others = [one.folder / "gateway" / name for name in ("routes.json", "listeners.json")]
    before = [path.stat().st_ino for path in others]
    one.publish(one.config("green", leaving="blue"))

    assert [path.stat().st_ino for path in others] == before
    assert one.ask(PATH).told("node") == "green"


def test_it_is_applied_once_a_node_answers(one: Site) -> None:
    gone = Upstream("n-gone", Address(path=str(one.folder / "gone.sock")))
    broken = ApiRoute(place=Place("api_broken"), project="p", api="broken", live=(gone,))
    config = one.config("blue", others=(broken,))
    one.gateway.publish(config)
    eventually(lambda: one.gateway.healthy("n-gone") is False, "it was looked for")

    assert one.gateway.applied(config, Place("api_flights"))
    assert not one.gateway.applied(config, Place("api_broken"))
    assert not one.gateway.applied(config)
    assert not one.gateway.applied(one.config(), Place("api_flights"))


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with Site(folder) as opened, socket.create_server(("127.0.0.1", opened.port)):
        opened.gateway.publish(opened.config())
        with pytest.raises(GatewayError, match=f"listens on 127.0.0.1:{opened.port} already"):
            opened.gateway.start()
        assert opened.gateway.pid() is None


def test_a_port_that_is_taken_is_not_published(one: Site) -> None:
    config = one.config("blue")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        more = replace(config, listeners=(*config.listeners, Listener(port=port)))
        with pytest.raises(GatewayError, match=f"127.0.0.1:{port} already"):
            one.gateway.publish(more)

    assert one.gateway.applied(config)


def test_two_gateways_do_not_share_a_port(one: Site) -> None:
    second = Gateway(one.folder / "second")
    second.publish(one.config("blue"))

    with pytest.raises(GatewayError, match="already"):
        second.start()


def test_what_envoy_refuses_is_told_in_its_words_and_undone(one: Site) -> None:
    config = one.config("blue")
    nonsense = Certificate("no certificate", Secret("no key, but a secret"))
    listeners = (*config.listeners, Listener(port=0, tls=True))
    with pytest.raises(GatewayError) as refused:
        one.gateway.publish(replace(config, certificate=nonsense, listeners=listeners))

    assert "certificate" in refused.value.detail
    assert "a secret" not in refused.value.detail
    assert one.ask(PATH).status == 200
    one.gateway.publish(config)
    assert one.gateway.applied(config)
    assert not [*(one.folder / "gateway" / "certificates").iterdir()]


def test_a_damaged_file_is_made_anew(one: Site) -> None:
    one.gateway.stop(0)
    (one.folder / "gateway" / "routes.json").write_text('{"version_info":"1","resou')
    one.gateway.start()
    one.publish(one.config("blue"))

    assert one.ask(PATH).status == 200


def test_without_envoy_it_says_how_to_get_it(folder: Path) -> None:
    program = (
        "import sys; sys.modules['envoy'] = None; from pathlib import Path;"
        "from penstock.deploy.gateway import Gateway;"
        "from penstock.errors import GatewayError\n"
        "try: Gateway(Path(sys.argv[1])).start()\n"
        "except GatewayError as error: print(error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], check=True, timeout=30, capture_output=True
    )

    assert done.stdout.decode().strip() == "pip install 'penstock[gateway]'"


def test_what_it_cannot_start_with_is_told(folder: Path) -> None:
    gateway = Gateway(folder, GatewaySettings(connections=0))

    with pytest.raises(GatewayError, match=r"does not start(?s:.*)Connections"):
        gateway.start()
    assert gateway.pid() is None


def test_stopping_lets_what_runs_finish(one: Site) -> None:
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(one.ask("/flights/api/slow?seconds=1").status)
    )
    asking.start()
    eventually(lambda: one.gateway.active("blue") == 1, "it is being answered")
    one.gateway.stop()
    asking.join(20)

    assert answers == [200]
    assert one.gateway.pid() is None
    assert not one.gateway.alive()
    one.gateway.stop()


def test_stopping_does_not_wait_for_ever(one: Site) -> None:
    answers: list[str] = []

    def ask() -> None:
        try:
            one.ask("/flights/api/slow?seconds=10")
        except OSError:
            answers.append("cut")

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: one.gateway.active("blue") == 1, "it is being answered")
    one.gateway.stop(0.2)
    asking.join(5)

    assert answers == ["cut"]


def test_its_folder_is_the_manager_s_own(one: Site) -> None:
    home = one.folder / "gateway"

    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "admin.sock").stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o077 for path in home.glob("*.json")} == {0}


def test_a_folder_of_any_length_will_do(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30) / "gateway"
    gateway = Gateway(home)
    gateway.start()
    gateway.publish(GatewayConfig())

    assert gateway.applied(GatewayConfig())
    gateway.stop(0)


def test_hundreds_of_apis_are_known_at_once(one: Site) -> None:
    others = tuple(
        ApiRoute(place=Place(f"api_{n}"), project="many", api=f"a{n}", live=one.upstreams("blue"))
        for n in range(300)
    )
    one.publish(one.config("blue", others=others))

    assert one.ask("/many/a299/x").told("target") == "/x"


def test_a_node_may_have_the_address_of_one_that_is_gone(one: Site) -> None:
    one.ask(PATH)
    one.nodes["green"] = replace(one.nodes["blue"], name="green")
    one.publish(one.config("green"))

    assert one.gateway.nodes().keys() == {"green"}
    assert one.gateway.healthy("green") is True
    del one.nodes["green"]
