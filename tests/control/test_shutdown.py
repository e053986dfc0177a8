from __future__ import annotations

from pathlib import Path

import pytest

from deploy.rollout.driving import release
from penstock.control.open import DRIVER
from penstock.control.places import Places
from penstock.control.shutdown import end_all
from penstock.deploy.rollout.events import Deploy, Picked
from penstock.deploy.types import Place
from penstock.errors import DriverUnavailableError
from penstock.store.database import open_database
from penstock.store.rollouts import RolloutRepository


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the state folder of a manager whose nodes an engine ran that is gone."""
    for name in ("PENSTOCK_DATABASE", "PENSTOCK_GATEWAY", "PENSTOCK_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/gone.sock")
    folder = tmp_path / "state"
    open_database(folder).close()
    return folder


def start_nodes(home: Path, nodes: int) -> None:
    with open_database(home) as database:
        places = Places(RolloutRepository(database))
        place = Place("api_a")
        places.ask(place, Deploy(release("new", nodes=nodes)))
        assert len(places.tell(place, Picked()).nodes) == nodes


@pytest.mark.parametrize(
    ("driver", "command"), [("docker", "docker rm --force"), ("swarm", "docker service rm")]
)
def test_what_an_engine_that_is_gone_may_have_left_is_told_with_how_to_remove_it(
    home: Path, driver: str, command: str
) -> None:
    (home / DRIVER).write_text(driver)
    start_nodes(home, 2)

    with pytest.raises(DriverUnavailableError, match="2 nodes may be left") as told:
        end_all(home)

    assert "Manager and gateway are down" in told.value.detail
    assert command in (told.value.hint or "")
    assert "label=penstock.installation=" in (told.value.hint or "")


def test_where_nothing_was_ever_started_nothing_is_left(home: Path) -> None:
    (home / DRIVER).write_text("docker")

    assert end_all(home) == 0
