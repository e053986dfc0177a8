from __future__ import annotations

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.artifact.small import Workshop


def test_the_bill_of_materials_is_valid_and_names_everything(workshop: Workshop) -> None:
    artifact = workshop.build()
    text = workshop.store.sbom(artifact.digest).decode()
    bill = json.loads(text)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert bill["metadata"]["component"]["bom-ref"] == artifact.digest
    found = {component.get("purl") or component["name"] for component in bill["components"]}
    assert {"pkg:pypi/duckdb@2.0.0", "models/shop.yaml", "data/orders.csv", "python"} <= found


def test_the_bill_of_materials_is_the_same_each_time(workshop: Workshop) -> None:
    digest = workshop.build().digest

    assert workshop.store.sbom(digest) == workshop.store.sbom(digest)
    assert "timestamp" not in json.loads(workshop.store.sbom(digest))["metadata"]


def test_the_provenance_says_what_went_in(workshop: Workshop) -> None:
    artifact = workshop.build()
    statement = json.loads(workshop.store.provenance(artifact.digest))
    manifest = workshop.store.manifest(artifact.digest)

    number = artifact.digest.removeprefix("sha256:")
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "shop/shop:1.0", "digest": {"sha256": number}}]
    definition = statement["predicate"]["buildDefinition"]
    materials = {m["name"]: m["digest"]["sha256"] for m in definition["resolvedDependencies"]}
    assert materials.items() >= manifest.files.items()
    assert definition["externalParameters"]["base"] == artifact.base
