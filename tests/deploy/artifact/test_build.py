from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.artifact.small import Workshop, make_base, make_shop
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.manifest import read_manifest
from penstock.deploy.artifact.oci import KIND, read_config
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import GivenImage
from penstock.deploy.artifact.unpack import open_layer, unpack_project
from penstock.errors import ArtifactError
from penstock.project.types import ProjectError

POSTGRES = """\
engine: postgres
options: {host: "${DB_HOST}", port: 1, database: shop, user: reader, password: "${DB_PASSWORD}"}
"""


@contextmanager
def mask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def entries(workshop: Workshop, digest: str) -> list[tarfile.TarInfo]:
    """Return what is in the layers of the project."""
    image = workshop.store.images.read(workshop.store.images.find(digest))
    found: list[tarfile.TarInfo] = []
    for layer in image.manifest.layers:
        if layer.annotations.get(KIND) == "project":
            with open_layer(workshop.store.blobs, layer) as tar:
                found += [*tar]
    return found


def test_the_same_project_has_the_same_digest_wherever_and_whenever_it_is_built(
    workshop: Workshop, tmp_path: Path
) -> None:
    first = workshop.build()
    with mask(0o077):
        other = tmp_path / "elsewhere" / "shop"
        shutil.copytree(workshop.project, other, copy_function=shutil.copyfile)
        for path in sorted(other.rglob("*"), reverse=True):
            os.utime(path, (86_400, 86_400))
        store = ArtifactStore(tmp_path / "other-store")
        second = build_artifact(replace(workshop.request, folder=other), store, lambda _: None)

    assert second.digest == first.digest
    assert store.sbom(second.digest) == workshop.store.sbom(first.digest)
    assert store.provenance(second.digest) == workshop.store.provenance(first.digest)


def test_another_file_another_name_or_another_version_has_another_digest(
    workshop: Workshop,
) -> None:
    first = workshop.build().digest
    others = [
        workshop.build(version="1.1").digest,
        workshop.build(replace(workshop.request, api="public")).digest,
        workshop.build(replace(workshop.request, epoch=86_400)).digest,
    ]
    workshop.write("queries/more.yaml", "title: More\nquery: {data: {fields: {amount: [sum]}}}\n")
    others.append(workshop.build().digest)

    assert len({first, *others}) == 5


def test_nothing_in_the_layer_tells_where_when_or_by_whom_it_was_written(
    workshop: Workshop,
) -> None:
    found = entries(workshop, workshop.build().digest)

    assert {(e.uid, e.gid, e.mtime, e.uname, e.gname) for e in found} == {(0, 0, 0, "", "")}
    assert {e.mode for e in found if e.isfile()} == {0o644}
    assert {e.mode for e in found if e.isdir()} == {0o755}
    assert [e.name for e in found] == sorted((e.name for e in found), key=lambda n: n.split("/"))
    assert {e.name.split("/")[0] for e in found} == {"project"}


def test_the_manifest_tells_what_is_in_the_artifact(workshop: Workshop, tmp_path: Path) -> None:
    artifact = workshop.build()
    unpack_project(workshop.store.place(artifact.digest), tmp_path / "unpacked")
    manifest = read_manifest(tmp_path / "unpacked")

    assert manifest is not None
    assert (manifest.project, manifest.api, manifest.version) == ("shop", "shop", "1.0")
    assert manifest.engines == {"shop": "duckdb"}
    assert manifest.dialects == {"shop": "duckdb"}
    assert manifest.packages["duckdb"] == "2.0.0"
    model = tmp_path / "unpacked/models/shop.yaml"
    assert manifest.files["models/shop.yaml"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert {*manifest.files} == {
        path.relative_to(tmp_path / "unpacked").as_posix()
        for path in (tmp_path / "unpacked").rglob("*")
        if path.is_file() and ".penstock" not in path.parts
    }


def test_the_manifest_tells_what_each_saved_query_answers(workshop: Workshop) -> None:
    manifest = workshop.store.manifest(workshop.build().digest)

    queries = {query.name: query for query in manifest.queries}
    columns = [(column.name, column.type) for column in queries["sales/by-month"].columns]
    assert columns == [
        ("ordered_on:month", "date"),
        ("order_id_count", "integer"),
        ("amount_sum", "float"),
    ]
    assert queries["sales/by-month"].parameters == ["region"]
    assert queries["sales/by-month"].required == []


def test_the_image_starts_a_node_as_nobody_in_particular(workshop: Workshop) -> None:
    digest = workshop.build().digest
    image = workshop.store.images.read(workshop.store.images.find(digest))
    settings = read_config(workshop.store.blobs.read(image.manifest.config.digest)).config

    assert settings is not None
    assert settings.user == "10001:10001"
    assert settings.entrypoint == ["penstock"]
    assert settings.cmd == ["node", "/project"]
    assert settings.exposed_ports == {"8080/tcp": {}}
    assert "PATH=/opt/penstock/bin:/bin" in (settings.env or ())
    assert "LANG=C" in (settings.env or ())
    assert "PENSTOCK_LISTEN=0.0.0.0:8080" in (settings.env or ())


def test_labels_say_what_the_image_is(workshop: Workshop) -> None:
    labels = workshop.build(replace(workshop.request, epoch=86_400)).labels

    assert labels["org.opencontainers.image.title"] == "shop/shop"
    assert labels["org.opencontainers.image.version"] == "1.0"
    assert labels["org.opencontainers.image.created"] == "1970-01-02T00:00:00Z"
    assert labels["dev.penstock.project"] == "shop"


def test_secrets_and_what_else_lies_in_the_folder_stay_out(workshop: Workshop) -> None:
    workshop.write(".env", "DB_PASSWORD=hush")
    workshop.write(".git/config", "[core]")
    workshop.write(".penstock/master.key", "hush")
    workshop.write("notes.txt", "mine")
    workshop.write("data/unused.csv", "a,b")
    workshop.write("handlers/hook.py", "x = 1\n")
    workshop.write("handlers/.env", "hush")
    workshop.write("handlers/tls.key", "hush")
    workshop.write("handlers/__pycache__/hook.pyc", "hush")
    manifest = workshop.store.manifest(workshop.build().digest)

    assert {*manifest.files} == {
        "penstock.yaml",
        "connectors/shop.yaml",
        "models/shop.yaml",
        "policies/roles.yaml",
        "queries/sales/best-customers.sql",
        "queries/sales/by-month.yaml",
        "data/customers.csv",
        "data/orders.csv",
        "handlers/hook.py",
    }


def test_a_private_key_in_the_project_stops_the_build(workshop: Workshop) -> None:
    workshop.write("handlers/signing.txt", "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n")

    with pytest.raises(ArtifactError, match=r"handlers/signing\.txt holds a private key"):
        workshop.build()


def test_a_link_out_of_the_project_stops_the_build(workshop: Workshop) -> None:
    (workshop.project / "handlers").mkdir()
    (workshop.project / "handlers/hosts.py").symlink_to("/etc/hosts")

    with pytest.raises(ArtifactError, match="leads out of the project"):
        workshop.build()


@pytest.mark.parametrize("name", ["a\nb.py", "a\\b.py", "a\udcff.py"], ids=ascii)
def test_a_file_whose_name_nobody_can_read_stops_the_build(workshop: Workshop, name: str) -> None:
    (workshop.project / "handlers").mkdir()
    (workshop.project / "handlers" / name).touch()

    with pytest.raises(ArtifactError, match="signs that no version can hold") as told:
        workshop.build()

    assert told.value.detail.isprintable()


def test_a_project_of_its_base_is_hidden(workshop: Workshop, tmp_path: Path) -> None:
    artifact = workshop.build()
    place = workshop.store.place(artifact.digest)
    unpack_project(place, tmp_path / "unpacked")

    assert any(e.name == "project/.wh..wh..opq" for e in entries(workshop, artifact.digest))
    assert not (tmp_path / "unpacked/queries/of-the-base.yaml").exists()


def test_every_issue_of_a_project_is_told(workshop: Workshop) -> None:
    workshop.write("queries/one.yaml", "query: {data: {fields: {nothing: [sum]}}}\n")
    workshop.write("queries/two.yaml", "query: {data: {fields: {amount: [summ]}}}\n")

    with pytest.raises(ProjectError) as told:
        workshop.build()

    assert {issue.file for issue in told.value.issues} == {"queries/one.yaml", "queries/two.yaml"}
    assert workshop.store.list() == ()


def test_a_model_that_its_own_data_contradict_stops_the_build(workshop: Workshop) -> None:
    workshop.write("data/orders.csv", "order_id,ordered_on\n1,2024-01-01\n")

    with pytest.raises(ProjectError) as told:
        workshop.build()

    assert "COLUMN_NOT_FOUND" in {issue.code for issue in told.value.issues}


def test_a_database_elsewhere_and_its_secrets_are_not_needed(workshop: Workshop) -> None:
    workshop.write("connectors/shop.yaml", POSTGRES)
    manifest = workshop.store.manifest(workshop.build().digest)

    assert manifest.dialects == {"shop": "postgres"}
    assert manifest.variables == ["DB_HOST", "DB_PASSWORD"]
    said = [line.text for line in workshop.lines]
    assert "Not opened, nodes will look before they serve: shop" in said
    assert "Not set here, and not needed to build: DB_HOST, DB_PASSWORD" in said


@pytest.mark.parametrize(
    "connector",
    [
        'engine: sqlite\ndatabase: "${SHOP_FILE}"\n',
        'engine: duckdb\ndatabase: "data/${SHOP_FILE}.db"\n',
        'engine: duckdb\nfiles: {orders: "data/${SHOP_FILE}.csv", customers: "${SHOP_FILE}"}\n',
    ],
    ids=["sqlite", "duckdb", "files"],
)
@pytest.mark.parametrize("environ", [{}, {"SHOP_FILE": "orders"}], ids=["unset", "set"])
def test_a_file_that_a_variable_names_stops_the_build_whether_or_not_it_is_set(
    workshop: Workshop, connector: str, environ: dict[str, str]
) -> None:
    (workshop.project / "data/orders.db").write_bytes(b"")
    (workshop.project / "orders").write_bytes(b"")
    workshop.write("connectors/shop.yaml", connector)

    with pytest.raises(ProjectError) as told:
        workshop.build(replace(workshop.request, environ=environ))

    assert {issue.code for issue in told.value.issues} == {"FILE_FROM_VARIABLE"}
    assert {issue.file for issue in told.value.issues} == {"connectors/shop.yaml"}
    assert workshop.store.list() == ()


def test_a_file_that_is_named_outright_is_needed(workshop: Workshop) -> None:
    workshop.write("connectors/shop.yaml", "engine: sqlite\ndatabase: data/none.db\n")

    with pytest.raises(ProjectError) as told:
        workshop.build()

    assert "FILE_NOT_FOUND" in {issue.code for issue in told.value.issues}


def test_what_the_environment_holds_is_not_in_the_artifact(workshop: Workshop) -> None:
    workshop.write("connectors/shop.yaml", POSTGRES)
    without = workshop.build()
    secrets = {"DB_HOST": "db", "DB_PASSWORD": "hush"}
    with_secrets = workshop.build(replace(workshop.request, environ=secrets))

    assert with_secrets.digest == without.digest


def test_a_database_elsewhere_is_opened_when_that_is_asked_for(workshop: Workshop) -> None:
    workshop.write("connectors/shop.yaml", POSTGRES)
    nobody = {"DB_HOST": "127.0.0.1", "DB_PASSWORD": "hush"}

    with pytest.raises(ProjectError) as told:
        workshop.build(replace(workshop.request, inspect=True, environ=nobody))

    assert {issue.code for issue in told.value.issues} == {"DATABASE_UNAVAILABLE"}


def test_a_database_that_is_being_written_stops_the_build(workshop: Workshop) -> None:
    database = workshop.project / "data/shop.sqlite"
    workshop.write("connectors/shop.yaml", "engine: sqlite\ndatabase: data/shop.sqlite\n")
    shutil.rmtree(workshop.project / "queries")
    shutil.rmtree(workshop.project / "policies")
    workshop.write(
        "models/shop.yaml",
        "tables: {notes: {database: shop, attributes: {body: {type: string}}}}\n",
    )
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("CREATE TABLE notes (body TEXT)")
        connection.commit()

        with pytest.raises(ArtifactError, match=r"shop\.sqlite is being written"):
            workshop.build()


def test_the_steps_are_told_in_order(workshop: Workshop) -> None:
    workshop.build()

    assert [line.step for line in workshop.lines] == sorted(line.step for line in workshop.lines)
    assert {line.steps for line in workshop.lines} == {workshop.lines[-1].step}


def test_packages_for_handlers_are_a_layer_of_their_own(workshop: Workshop, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / "tool").mkdir(parents=True)
    (packages / "tool/__init__.py").write_text("")
    with_them = workshop.build(replace(workshop.request, packages=packages))
    unpack_project(workshop.store.place(with_them.digest), tmp_path / "unpacked")

    assert (tmp_path / "unpacked/.penstock/packages/tool/__init__.py").is_file()
    assert (tmp_path / "unpacked/penstock.yaml").is_file()
    image = workshop.store.images.read(workshop.store.images.find(with_them.digest))
    assert len(image.manifest.layers) == 3


def test_a_base_without_the_engine_of_a_connector_is_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    poor = GivenImage(make_base(tmp_path / "poor", {"penstock": "0.1.0"}))

    with pytest.raises(ArtifactError, match="no package 'duckdb'"):
        workshop.build(replace(workshop.request, base=poor))


def test_a_base_without_penstock_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    bare = GivenImage(make_base(tmp_path / "bare", {}))

    with pytest.raises(ArtifactError, match="no package 'penstock'"):
        workshop.build(replace(workshop.request, base=bare))


def test_a_folder_that_is_no_project_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="There is no folder"):
        workshop.build(replace(workshop.request, folder=tmp_path / "nowhere"))


def test_an_artifact_is_built_into_a_store_that_is_not_there_yet_and_for_nobody_else(
    workshop: Workshop, tmp_path: Path
) -> None:
    make_shop(tmp_path / "second")
    store = ArtifactStore(tmp_path / "home" / "artifacts")
    build_artifact(workshop.request, store, lambda _: None)

    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert store.blobs.root.stat().st_mode & 0o777 == 0o700
