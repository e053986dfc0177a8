"""`penstock artifacts`: what was built, shown, copied to and from elsewhere, and removed."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.listing import print_list
from penstock.cli.sizes import as_moment, as_size
from penstock.cli.state_folder import make_home
from penstock.deploy.artifact.manifest import ProjectManifest
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import Artifact, Login
from penstock.errors import ConfigurationError
from penstock.secret import Secret

PASSWORD = "PENSTOCK_REGISTRY_PASSWORD"  # noqa: S105 - the name of the variable that holds it
_SHORT = 19  # characters of a digest that people are shown: sha256: and 12 digits

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Show, copy and remove the images that `penstock build` made.",
    epilog="Start with: penstock artifacts list",
)

Digest = Annotated[
    str, typer.Argument(metavar="DIGEST", help="The artifact's digest, or its first digits.")
]
Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="Such as registry.example.com/team/flights:1.0.")
]
User = Annotated[
    str | None,
    typer.Option(help=f"Log in as; the password is in {PASSWORD}. Default: as `docker login` did."),
]
PlainHTTP = Annotated[
    bool, typer.Option("--plain-http", help="Talk to a registry of another machine without TLS.")
]


class Paper(StrEnum):
    """What can be shown of an artifact, instead of a summary."""

    MANIFEST = "manifest"
    SBOM = "sbom"
    PROVENANCE = "provenance"


@app.command("list")
def list_artifacts(*, as_json: AsJson = False, home: Home = DEFAULT_HOME) -> None:
    """List what is in the store, the newest first.

    Example: penstock artifacts list --json
    """
    store = _store(home)
    found, held = store.list(), store.held()
    if as_json:
        typer.echo(json.dumps([_as_json(a, held) for a in found], indent=2))
        return
    console = Console(highlight=False)
    if not found:
        console.print("There are no artifacts yet: `penstock build` makes one.")
        return
    grid = Table("DIGEST", "PROJECT", "API", "VERSION", "SIZE", "ADDED", "", box=None)
    grid.columns[4].justify = "right"
    for artifact in found:
        grid.add_row(
            artifact.digest[:_SHORT],
            *(Text(said) for said in (artifact.project, artifact.api, artifact.version)),
            as_size(artifact.size),
            as_moment(artifact.added),
            "in use" if artifact.digest in held else "",
        )
    print_list(grid)


@app.command("show")
def show_artifact(
    digest: Digest,
    *,
    paper: Annotated[
        Paper | None, typer.Option("--print", help="Print one of its papers as JSON instead.")
    ] = None,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Show what an artifact is, or print its manifest, bill of materials or provenance.

    Example: penstock artifacts show 3f2a91c0 --print sbom
    """
    store = _store(home)
    if paper is not None:
        typer.echo(_paper(store, digest, paper), nl=False)
        return
    artifact = store.get(digest)
    manifest = store.manifest(artifact.digest)
    if as_json:
        typer.echo(json.dumps(_as_json(artifact, store.held()), indent=2))
    else:
        _show(artifact, manifest)


@app.command("export")
def export_artifact(
    digest: Digest,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The tar to write.")],
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="What the image is called where it is loaded. Repeat it for more."),
    ] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Write an artifact to one tar, which every Docker loads and `import` takes.

    Example: penstock artifacts export 3f2a91c0 flights.tar && docker load --input flights.tar
    """
    written = _store(home).export(digest, path, tags=tag or ())
    _say(f"Wrote {written}: {as_size(written.stat().st_size)}.")


@app.command("import")
def import_artifact(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A tar, or an OCI layout folder.")],
    *,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Take an artifact from a tar of `export` or `docker save`, or a folder in OCI image layout.

    Example: penstock artifacts import flights.tar
    """
    _tell_added(_writable(home).import_(path), as_json=as_json)


@app.command("push")
def push_artifact(
    digest: Digest,
    reference: Reference,
    *,
    user: User = None,
    plain_http: PlainHTTP = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Copy an artifact to a registry, its bill of materials and provenance too.

    Example: penstock artifacts push 3f2a91c0 registry.example.com/team/flights:1.0
    """
    store = _store(home)
    with Console(stderr=True).status(f"Sending to {reference} …"):
        place = store.push(digest, reference, _login(user), plain_http=plain_http)
    _say(f"Pushed {place}")


@app.command("pull")
def pull_artifact(
    reference: Reference,
    *,
    user: User = None,
    plain_http: PlainHTTP = False,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Copy an artifact from a registry.

    Example: penstock artifacts pull registry.example.com/team/flights:1.0
    """
    store = _writable(home)
    with Console(stderr=True).status(f"Fetching {reference} …"):
        artifact = store.pull(reference, _login(user), plain_http=plain_http)
    _tell_added(artifact, as_json=as_json)


@app.command("collect")
def collect_artifacts(
    *,
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest stay, of each API.")] = 3,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Remove old artifacts, and what no other is made of.

    What the manager has deployed, or keeps for a rollback, is never removed.

    Example: penstock artifacts collect --keep 5
    """
    store = _store(home)
    seen: Counter[tuple[str, str]] = Counter()
    kept: set[str] = set()
    for artifact in store.list():
        seen[artifact.project, artifact.api] += 1
        if seen[artifact.project, artifact.api] <= keep:
            kept.add(artifact.digest)
    done = store.collect(kept)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    else:
        number = len(done.artifacts)
        said = f"Removed {number} artifact{'s' * (number != 1)}, {as_size(done.freed)} in all."
        _say(said)


def _writable(home: Path) -> ArtifactStore:
    make_home(home)
    return _store(home)


def _store(home: Path) -> ArtifactStore:
    return ArtifactStore(home / "artifacts")


def _login(user: str | None) -> Login | None:
    if user is None:
        return None
    password = os.environ.get(PASSWORD)
    if password is None:
        raise ConfigurationError(
            f"The password of {user!r} is not set.", hint=f"Put it in {PASSWORD}."
        )
    return Login(user, Secret(password))


def _paper(store: ArtifactStore, digest: str, paper: Paper) -> str:
    match paper:
        case Paper.MANIFEST:
            return msgspec.json.format(
                msgspec.json.encode(store.manifest(digest)).decode() + "\n", indent=2
            )
        case Paper.SBOM:
            return store.sbom(digest).decode()
        case Paper.PROVENANCE:
            return store.provenance(digest).decode()


def _as_json(artifact: Artifact, held: frozenset[str]) -> dict[str, object]:
    return {**asdict(artifact), "held": artifact.digest in held}


def _show(artifact: Artifact, manifest: ProjectManifest) -> None:
    console = Console(soft_wrap=True, highlight=False)
    engines = (f"{name} ({engine})" for name, engine in manifest.engines.items())
    rows = {
        "digest": artifact.digest,
        "API": f"{artifact.project}/{artifact.api} {artifact.version}",
        "size": as_size(artifact.size),
        "added": as_moment(artifact.added),
        "base": artifact.base,
        "made with": f"Penstock {manifest.penstock}, Python {manifest.python}",
        "databases": ", ".join(engines) or "none",
        "variables": ", ".join(manifest.variables) or "none",
        "holds": f"{len(manifest.files)} files, {len(manifest.queries)} saved queries,"
        f" {len(manifest.packages)} packages",
    }
    for name, said in rows.items():
        console.print(Text.assemble((f"{name:<10}", "bold"), said))


def _tell_added(artifact: Artifact, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(artifact), indent=2))
        return
    name = f"{artifact.project}/{artifact.api} {artifact.version}"
    _say(f"{name}: {as_size(artifact.size)}, {artifact.digest}")


def _say(text: str) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print(Text.assemble(("✓", "bold green"), f" {text}"))
