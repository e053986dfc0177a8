from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Shell
from cli.manager_stand import API, DEPLOYMENT, DIGEST, PLACE, Stand, known_api, serving
from penstock.cli.upload import Parcel
from penstock.manager.context import ManagerSettings
from penstock.manager.sources.zip import read_zip
from penstock.project.template import Template, start_project
from penstock.project.types import ProjectError
from penstock.store.contents import ContentStore

HEAVY = {"pyarrow", "sqlalchemy", "sqlglot", "numpy"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    start_project("shop", Template.QUERY, folder)
    return folder


def test_the_digest_of_a_folder_is_the_one_the_manager_gives_it(shop: Path, tmp_path: Path) -> None:
    parcel = Parcel(shop)
    store = ContentStore(tmp_path / "contents")
    (tmp_path / "contents").mkdir()

    with parcel.packed() as archive:
        kept = read_zip(store, archive, ManagerSettings())

    assert parcel.content == kept.digest
    assert len(store.tree(kept.digest)) == kept.files > 3


def test_another_file_is_another_digest(shop: Path) -> None:
    before = Parcel(shop).content
    root = shop / "penstock.yaml"

    root.write_text(f"{root.read_text()}\n# changed\n")

    assert Parcel(shop).content != before


def test_what_nothing_has_to_be_sent_of_is_told_without_anything_heavy(shop: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from penstock.cli.upload import Parcel; "
        "parcel = Parcel(Path(sys.argv[1])); assert parcel.content; print(parcel.name); "
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, shop],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.startswith("shop\n")
    assert HEAVY & {*done.stdout.split()} == set()


def test_a_model_that_is_wrong_has_names_and_is_told_before_it_is_sent(shop: Path) -> None:
    model = next((shop / "models").glob("*.yaml"))
    model.write_text(f"{model.read_text()}\nnonsense: true\n")
    parcel = Parcel(shop)

    assert (parcel.name, parcel.api) == ("shop", "shop")
    with pytest.raises(ProjectError) as raised:
        parcel.check()
    assert {issue.file for issue in raised.value.issues} == {f"models/{model.name}"}


def test_a_root_that_is_wrong_is_told_with_all_that_is_wrong(shop: Path) -> None:
    root = shop / "penstock.yaml"
    root.write_text(f"{root.read_text()}\nnonsense: true\n")
    model = next((shop / "models").glob("*.yaml"))
    model.write_text(f"{model.read_text()}\nnonsense: true\n")

    with pytest.raises(ProjectError) as raised:
        _ = Parcel(shop).name

    assert {issue.file for issue in raised.value.issues} == {
        "penstock.yaml",
        f"models/{model.name}",
    }


@pytest.fixture
def stand(shop: Path, tmp_path: Path) -> Iterator[Stand]:
    """Serve a manager that has these files as v3, which is deployed, and others as v7."""
    stand = known_api()
    versions = [
        {"id": "ver_a", "name": "v7", "state": "new", "content": DIGEST},
        {"id": "ver_c", "name": "v3", "state": "deployed", "content": Parcel(shop).content},
    ]
    stand.answers["GET /versions"] = (200, {"items": versions})
    stand.answers[f"POST {PLACE}/deploy"] = (202, {"id": DEPLOYMENT})
    stand.answers[f"GET {PLACE}"] = (200, {"address": "", "nodes": []})
    stand.follows[f"POST {PLACE}/deploy"] = "baking"
    with serving(stand, tmp_path / "state"):
        yield stand


@pytest.mark.parametrize("more", [(), ("--version", "v3")])
def test_what_the_manager_has_is_deployed_and_not_sent(
    shell: Shell, stand: Stand, shop: Path, more: tuple[str, ...]
) -> None:
    done = shell("deploy", shop, *more)

    assert (done.code, "nothing changed since v3" in done.text) == (0, True)
    assert [body["version"] for body in stand.bodies(f"POST {PLACE}/deploy")] == ["ver_c"]  # type: ignore[index] # bodies are objects
    assert [asked for asked, _ in stand.asked if not asked.startswith("GET ")] == [
        f"POST {PLACE}/deploy"
    ]


def test_a_version_that_is_deployed_takes_no_other_files(
    shell: Shell, stand: Stand, shop: Path
) -> None:
    root = shop / "penstock.yaml"
    root.write_text(f"{root.read_text()}\n# changed\n")

    done = shell("deploy", shop, "--version", "v3")

    assert "Version v3 is deployed: it is not changed any more. [CONFIGURATION]" in done.err
    assert [asked for asked, _ in stand.asked if not asked.startswith("GET ")] == []


def test_a_name_of_its_own_is_another_version_of_the_same_files(
    shell: Shell, stand: Stand, shop: Path
) -> None:
    path = "/versions/ver_n"
    made = {"id": "ver_n", "name": "v9", "state": "new", "content": None}
    stand.answers[f"POST /apis/{API}/versions"] = (201, made)
    stand.answers[f"GET {path}"] = (200, made)
    stand.answers[f"PUT {path}/content"] = (200, {**made, "content": Parcel(shop).content})

    done = shell("deploy", shop, "--version", "v9")

    assert (done.code, "version v9" in done.text) == (0, True)
    assert stand.bodies(f"POST /apis/{API}/versions") == [{"name": "v9"}]
    assert [body["version"] for body in stand.bodies(f"POST {PLACE}/deploy")] == ["ver_n"]  # type: ignore[index] # bodies are objects


def test_a_name_that_has_other_files_goes_back_to_nothing(
    shell: Shell, stand: Stand, shop: Path
) -> None:
    versions = [
        {"id": "ver_a", "name": "v1", "state": "deployed", "content": DIGEST},
        {"id": "ver_c", "name": "v2", "state": "deployed", "content": Parcel(shop).content},
    ]
    stand.answers["GET /versions"] = (200, {"items": versions})

    done = shell("deploy", shop, "--version", "v1")

    assert "Version v1 is deployed: it is not changed any more. [CONFIGURATION]" in done.err
    assert "penstock rollback" in done.err
