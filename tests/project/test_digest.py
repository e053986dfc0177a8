"""A digest identifies what was read: nothing less, and nothing of where or when."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from project.folders import ROOT, SHOP, load, write


def test_a_copy_elsewhere_has_the_same_digest(tmp_path: Path) -> None:
    first = load(write(tmp_path / "a"))
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "deeper")

    assert load(tmp_path / "b" / "deeper").digest == first.digest


def test_the_time_of_a_file_is_not_in_the_digest(tmp_path: Path) -> None:
    folder = write(tmp_path)
    first = load(folder).digest
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))

    assert load(folder).digest == first


@pytest.mark.parametrize("name", [name for name in SHOP if name.endswith(".yaml")])
def test_every_file_is_in_the_digest(tmp_path: Path, name: str) -> None:
    first = load(write(tmp_path / "a")).digest
    changed = write(tmp_path / "b", {name: f"{SHOP[name]}# a comment\n"})

    assert load(changed).digest != first


def test_a_file_more_is_in_the_digest(tmp_path: Path) -> None:
    folder = write(tmp_path)
    first = load(folder).digest
    write(tmp_path, {"queries/again.yaml": SHOP["queries/by-shop.yaml"]})

    assert load(folder).digest != first


def test_a_changed_secret_changes_the_digest(tmp_path: Path) -> None:
    connector = SHOP["connectors/shop.yaml"] + "options: {password: '${PASSWORD}'}\n"
    folder = write(tmp_path, {"connectors/shop.yaml": connector})
    digests = {load(folder, {"PASSWORD": word}).digest for word in ("one", "two")}

    assert len(digests) == 2
    assert load(folder, {"PASSWORD": "one", "UNUSED": "x"}).digest in digests


def test_the_content_of_a_key_file_is_in_the_digest(tmp_path: Path) -> None:
    root = (
        "name: shop\nauthentication:\n  jwt:\n    - {issuer: 'https://id', audience: a,"
        " algorithms: [RS256], public_key_file: id.pem}\n"
    )
    digests = {
        load(write(tmp_path, {"penstock.yaml": root, "id.pem": key})).digest for key in ("a", "b")
    }

    assert len(digests) == 2


def test_the_model_has_a_digest_of_its_own(tmp_path: Path) -> None:
    first = load(write(tmp_path / "a")).model.digest
    title = SHOP["models/shops.yaml"] + "    title: Shops\n"

    assert load(write(tmp_path / "b", {"penstock.yaml": "name: other\n"})).model.digest == first
    assert load(write(tmp_path / "c", {"models/shops.yaml": title})).model.digest != first
    assert load(ROOT).model.digest != first
