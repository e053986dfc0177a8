from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
