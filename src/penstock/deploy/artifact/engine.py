"""A project → an image by `docker build`, where an engine is at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.disk import told_if_full
from penstock.deploy.artifact.image import ENVIRONMENT, PORT, USER, BaseImage
from penstock.deploy.artifact.intake import take_in
from penstock.deploy.artifact.layer import FOLDER, Entry
from penstock.deploy.artifact.oci import Descriptor, architecture
from penstock.errors import ArtifactError, DriverUnavailableError

_MINUTES: Final = 15 * 60.0
_ASK: Final = (
    "import json, importlib.metadata as m;"
    "print(json.dumps({d.name: d.version for d in m.distributions()}))"
)


def read_engine_base(image: str) -> BaseImage:
    """Ask an engine's image what it is. Raises DriverUnavailableError, ArtifactError."""
    _docker("version")
    if not _docker("image", "ls", "--quiet", image):
        _docker("pull", "--quiet", image)
    name = _docker("image", "inspect", "--format", "{{.Id}}", image)
    said = _docker("run", "--rm", "--network=none", "--entrypoint=python3", image, "-c", _ASK)
    packages = msgspec.json.decode(said, type=dict[str, str])
    if "penstock" not in packages:
        raise ArtifactError(
            f"There is no Penstock in the image {image}.",
            hint="Build one: docker build --target runtime -t penstock-runtime .",
        )
    return BaseImage(
        name=name,
        layers=(),
        packages={key.lower().replace("_", "-"): packages[key] for key in sorted(packages)},
        architecture=architecture(),
    )


def build_by_engine(
    blobs: Blobs, base: BaseImage, entries: tuple[Entry, ...], labels: Mapping[str, str]
) -> Descriptor:
    """Have the engine build, take the image from it, and leave none of it there.

    Raises DriverUnavailableError, ArtifactError, StorageFullError.
    """
    with told_if_full(blobs.root), TemporaryDirectory(prefix="penstock-build-") as folder:
        context = Path(folder)
        for entry in entries:
            _write(context, entry)
        (context / "Dockerfile").write_text("\n".join(_dockerfile(base, labels)))
        with _built(context) as image, TemporaryDirectory(prefix="penstock-save-") as saved:
            tar = Path(saved) / "image.tar"
            _docker("save", "--output", str(tar), image)
            own, _ = take_in(blobs, tar)
    return own


@contextmanager
def _built(context: Path) -> Iterator[str]:
    _docker("build", "--quiet", "--iidfile", str(context / ".image"), str(context))
    image = (context / ".image").read_text().strip()
    try:
        yield image
    finally:
        # The base stays; what was built is in the store now.
        _docker("image", "rm", "--no-prune", image)


def _dockerfile(base: BaseImage, labels: Mapping[str, str]) -> Iterator[str]:
    """Say what the writer of layers says: the same start, user, names and places."""
    yield f"FROM {base.name}"
    yield "USER 0:0"
    yield 'RUN ["python3", "-c", "import shutil; shutil.rmtree(\'/project\', ignore_errors=True)"]'
    yield "COPY project /project"
    for name, value in ENVIRONMENT.items():
        yield f"ENV {name}={json.dumps(value)}"
    for name, value in sorted(labels.items()):
        yield f"LABEL {json.dumps(name)}={json.dumps(value).replace('$', chr(92) + '$')}"
    yield f"USER {USER}:{USER}"
    yield "WORKDIR /"
    yield f"EXPOSE {PORT}"
    yield "STOPSIGNAL SIGTERM"
    yield "HEALTHCHECK NONE"
    yield 'ENTRYPOINT ["penstock"]'
    yield 'CMD ["node", "/project"]'
    yield ""


def _write(root: Path, entry: Entry) -> None:
    place = root / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(entry.content, bytes):
        place.write_bytes(entry.content)
    elif isinstance(entry.content, Path):
        shutil.copyfile(entry.content, place)
    else:
        place.mkdir(exist_ok=True)
    place.chmod(FOLDER if entry.content is None else entry.mode)


def _docker(*arguments: str) -> str:
    """Run Docker's client. Raises DriverUnavailableError, ArtifactError."""
    program = shutil.which("docker")
    if program is None:
        raise DriverUnavailableError(
            "There is no `docker` here to build with.",
            hint="Without it, `penstock build` makes the image by itself: leave --docker out.",
        )
    try:
        done = subprocess.run(  # noqa: S603 - Docker's own client, without a shell
            (program, *arguments),
            capture_output=True,
            text=True,
            timeout=_MINUTES,
            check=False,
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )
    except subprocess.TimeoutExpired as error:
        raise DriverUnavailableError(f"`docker {arguments[0]}` does not end.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        kind = DriverUnavailableError if arguments[0] == "version" else ArtifactError
        raise kind(f"`docker {arguments[0]}` fails: {said[-1] if said else done.returncode}")
    return done.stdout.strip()
