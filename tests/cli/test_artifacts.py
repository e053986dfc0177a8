from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.conftest import Shell
from deploy.artifact.small import make_base, make_shop
from project.folders import ROOT


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path / "base")


def built(shell: Shell, shop: Path, base: Path, version: str = "1.0") -> str:
    done = shell("build", shop, "--base", base, "--version", version, "--json")
    assert done.code == 0, done.err
    digest = json.loads(done.out)["digest"]
    assert isinstance(digest, str)
    return digest


def test_a_build_says_what_it_does_and_what_came_of_it(
    shell: Shell, shop: Path, base: Path, tmp_path: Path
) -> None:
    done = shell("build", shop, "--base", base, "--version", "1.0", "--export", tmp_path / "i.tar")

    assert done.code == 0, done.err
    assert "[1/6] Checking" in done.err
    assert "[2/6] Compiling 2 saved queries" in done.err
    assert "Built shop/shop 1.0" in done.text
    assert "docker load --input" in done.text
    assert (tmp_path / "i.tar").stat().st_size > 0


def test_the_time_in_the_image_is_what_the_environment_says(
    shell: Shell, shop: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = built(shell, shop, base)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    later = built(shell, shop, base)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    wrong = shell("build", shop, "--base", base)

    assert later != plain
    assert wrong.code == 1
    assert "SOURCE_DATE_EPOCH" in wrong.err


def test_everything_that_is_wrong_is_said_at_once(shell: Shell, shop: Path, base: Path) -> None:
    (shop / "queries/bad.yaml").write_text("query: {data: {fields: {nothing: [sum]}}}\n")
    (shop / "models/shop.yaml").write_text("tables: {orders: {database: nowhere}}\n")
    done = shell("build", shop, "--base", base)

    assert done.code == 1
    assert "queries/bad.yaml" in done.err
    assert "models/shop.yaml" in done.err
    assert "Traceback" not in done.err


def test_two_bases_are_one_too_many(shell: Shell, shop: Path, base: Path) -> None:
    done = shell("build", shop, "--base", base, "--docker", "penstock")

    assert done.code == 1
    assert "two images" in done.err


def test_an_empty_store_says_how_to_begin(shell: Shell) -> None:
    assert "penstock build" in shell("artifacts", "list").text
    assert json.loads(shell("artifacts", "list", "--json").out) == []


def test_artifacts_are_listed_and_shown(shell: Shell, shop: Path, base: Path) -> None:
    digest = built(shell, shop, base)
    listed = shell("artifacts", "list")
    shown = shell("artifacts", "show", digest[7:19])

    assert digest[:19] in listed.text
    assert digest in shown.text
    assert "shop (duckdb)" in shown.text
    assert [a["digest"] for a in json.loads(shell("artifacts", "list", "--json").out)] == [digest]
    assert json.loads(shell("artifacts", "show", digest, "--json").out)["version"] == "1.0"


@pytest.mark.parametrize(
    ("paper", "key"), [("manifest", "files"), ("sbom", "components"), ("provenance", "predicate")]
)
def test_papers_are_printed_as_json(
    shell: Shell, shop: Path, base: Path, paper: str, key: str
) -> None:
    digest = built(shell, shop, base)

    assert json.loads(shell("artifacts", "show", digest, "--print", paper).out)[key]


def test_an_artifact_goes_out_and_comes_in_again(
    shell: Shell, shop: Path, base: Path, tmp_path: Path
) -> None:
    digest = built(shell, shop, base)
    exported = shell("artifacts", "export", digest, tmp_path / "image.tar")
    home = tmp_path / "other"
    imported = shell("artifacts", "import", tmp_path / "image.tar", "--home", home)

    assert exported.code == 0, exported.err
    assert digest in imported.text
    assert digest[:19] in shell("artifacts", "list", "--home", home).text


def test_old_artifacts_are_removed(shell: Shell, shop: Path, base: Path) -> None:
    digests = [built(shell, shop, base, version) for version in "abc"]
    done = json.loads(shell("artifacts", "collect", "--keep", "1", "--json").out)

    left = json.loads(shell("artifacts", "list", "--json").out)
    assert {*done["artifacts"]} == {*digests[:2]}
    assert [artifact["digest"] for artifact in left] == digests[2:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "0123456789"), "There is no artifact"),
        (("export", "0123456789", "x.tar"), "There is no artifact"),
        (("import", "nothing.tar"), "There is no file"),
        (("push", "0123456789", "host.example/x:1"), "There is no artifact"),
        (("pull", "not-a-reference"), "does not name an image"),
        (("pull", "host.example/x:1", "--user", "me"), "PENSTOCK_REGISTRY_PASSWORD"),
    ],
)
def test_mistakes_are_sentences(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell("artifacts", *arguments)

    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err


def test_the_repositorys_own_project_is_built(shell: Shell, base: Path) -> None:
    first = built(shell, ROOT, base)

    assert built(shell, ROOT, base) == first
    files = json.loads(shell("artifacts", "show", first, "--print", "manifest").out)["files"]
    assert "data/flights.parquet" in files
    assert not [name for name in files if name.startswith(("src/", "tests/", ".git"))]


def test_a_copy_elsewhere_is_the_same_artifact(
    shell: Shell, shop: Path, base: Path, tmp_path: Path
) -> None:
    shutil.copytree(shop, tmp_path / "copy")

    assert built(shell, tmp_path / "copy", base) == built(shell, shop, base)
