"""What an artifact is made of → a bill of materials in CycloneDX's JSON, the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from penstock.deploy.artifact.manifest import ProjectManifest

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.component import Component

_INDENT: Final = 1


def write_sbom(manifest: ProjectManifest, digest: str) -> bytes:
    """Return the bill: the image, the project's files and every package, with versions."""
    # Half a second of imports, which commands that need no bill are spared, here and below.
    from cyclonedx.model.bom import Bom  # noqa: PLC0415 - see above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - see above
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415 - see above

    image = Component(
        name=f"{manifest.project}/{manifest.api}",
        version=manifest.version,
        type=ComponentType.CONTAINER,
        bom_ref=digest,
        hashes=_hashes(digest.removeprefix("sha256:")),
    )
    python = Component(
        name="python",
        version=manifest.python,
        type=ComponentType.PLATFORM,
        bom_ref=f"python@{manifest.python}",
    )
    packages = [_package(name, version) for name, version in manifest.packages.items()]
    files = [_file(path, found) for path, found in manifest.files.items()]
    bom = Bom(components=[python, *packages, *files])
    bom.metadata.component = image
    bom.register_dependency(image, [python, *packages, *files])
    # Neither by chance nor by the clock: the same artifact has the same bill.
    bom.serial_number = uuid5(NAMESPACE_URL, digest)
    bom.metadata.timestamp = None  # type: ignore[assignment] # CycloneDX lets it be absent
    return JsonV1Dot6(bom).output_as_string(indent=_INDENT).encode() + b"\n"


def _package(name: str, version: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - see above
    from packageurl import PackageURL  # noqa: PLC0415 - see above

    url = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=url.to_string()
    )


def _file(path: str, digest: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - see above

    return Component(
        name=path, type=ComponentType.FILE, bom_ref=f"file:{path}", hashes=_hashes(digest)
    )


def _hashes(digest: str) -> list[HashType]:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415 - see above

    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)]
