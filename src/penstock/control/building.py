"""A version's files -> an artifact, its log written down line by line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import msgspec

from penstock.control.build_talk import Said, Wish
from penstock.control.required import check_variables
from penstock.control.world import World
from penstock.deploy.rollout.events import BuildFailed, Built, Event
from penstock.deploy.rollout.types import Release
from penstock.deploy.types import Place
from penstock.errors import ArtifactError, ConflictError, NotFoundError, PenstockError
from penstock.store import apis, artifacts, builds, projects, versions
from penstock.store.artifacts import ArtifactRecord
from penstock.store.builds import BuildLogRepository, BuildRecord
from penstock.store.contents import ContentStore
from penstock.store.unit import SYSTEM, Actor, looking, working
from penstock.store.versions import VersionRecord

_DEADLINE = 600.0  # seconds that a build may take
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a build ended: with the digest of an artifact, or with what went wrong."""

    build: BuildRecord
    digest: str | None
    error: str | None


@dataclass(slots=True)
class Builder:
    """`_unwritten` are, by version, the ends of builds that could not be written down yet."""

    world: World
    contents: ContentStore
    deadline: float = _DEADLINE
    _unwritten: dict[str, _Outcome] = field(default_factory=dict)

    def request(self, version: str, by: Actor) -> BuildRecord:
        """Have a version built; returns at once. Raises NotFoundError, ConflictError."""
        self._end_unwritten(version)
        with working(self.world.database, by, time.time()) as work:
            build = builds.create(work, version)
        place = Place("")
        self.world.tasks.ensure(place, ("build", build.id), lambda: self._run_all(build))
        return build

    def has(self, digest: str) -> bool:
        """Whether an artifact can be run: it is in the store, or prepared for nodes already."""
        try:
            self.world.artifacts.get(digest)
        except NotFoundError:
            return digest in self.world.driver.prepared()
        return True

    def artifact_of(self, version: VersionRecord) -> str | None:
        """Return what a version was built into, None where it is to be built, or built anew.

        Raises ConflictError where it has no files to be built of.
        """
        if version.artifact is not None and self.has(version.artifact):
            return version.artifact
        if version.content is None:
            raise builds.without_files(version.name)
        return None

    def act(self, place: Place, release: Release | None) -> None:
        """Build what a deployment waits for, unless it is built already."""
        if release is not None:
            key = ("build for", place, release.deployment)
            self.world.tasks.ensure(place, key, lambda: self._provide(place, release))

    def resume(self) -> None:
        """End what a manager that is gone was building: a deployment that waits begins anew."""
        with looking(self.world.database) as look:
            left = builds.unfinished(look)
        for build in left:
            with working(self.world.database, SYSTEM, time.time()) as work:
                builds.finish(work, build.id, error="the manager was stopped meanwhile")

    def _provide(self, place: Place, release: Release) -> Iterable[Event]:
        with looking(self.world.database) as look:
            version = versions.get(look, release.version)
        known = self.artifact_of(version)
        if known is not None:
            return self._built(place, known)
        outcome = self._end_unwritten(version.id)
        if outcome is None:
            with working(self.world.database, SYSTEM, time.time()) as work:
                build = builds.create(work, version.id)
            outcome = self._run(build)
        if outcome.digest is not None:
            return self._built(place, outcome.digest)
        return (BuildFailed(outcome.error or "it failed"),)

    def _built(self, place: Place, digest: str) -> Iterable[Event]:
        try:
            check_variables(self.world, place, digest)
        except ConflictError as error:
            return (BuildFailed(error.told),)
        return (Built(digest),)

    def _run_all(self, build: BuildRecord) -> Iterable[Event]:
        self._run(build)
        return ()

    def _run(self, build: BuildRecord) -> _Outcome:
        """Build, and write down how it ended; where there is no room for that, later."""
        digest, error = None, None
        try:
            digest = self._build(build)
        except PenstockError as known:
            error = known.told
        except OSError as unknown:
            error = f"The build could not be run: {unknown.strerror or unknown}."
        self._unwritten[build.version] = outcome = _Outcome(build, digest, error)
        self._end_unwritten(build.version)
        return outcome

    def _end_unwritten(self, version: str) -> _Outcome | None:
        """Write down how a version's last build ended, if that is still to be done."""
        outcome = self._unwritten.get(version)
        if outcome is None:
            return None
        build, digest = outcome.build, outcome.digest
        try:
            with working(self.world.database, SYSTEM, time.time()) as work:
                if digest is not None:
                    artifacts.add(work, self._artifact(digest, build))
                    versions.built(work, build.version, digest)
                builds.finish(work, build.id, digest=digest, error=outcome.error)
        except ConflictError:  # another manager has ended it meanwhile
            del self._unwritten[version]
            raise
        del self._unwritten[version]
        return outcome

    def _artifact(self, digest: str, build: BuildRecord) -> ArtifactRecord:
        made = self.world.artifacts.get(digest)
        return ArtifactRecord(
            digest=digest,
            project=made.project,
            api=made.api,
            version=made.version,
            size=made.size,
            created=made.added,
            labels=dict(made.labels),
            api_id=build.api,
            version_id=build.version,
        )

    def _build(self, build: BuildRecord) -> str:
        log = BuildLogRepository(self.world.database)
        with working(self.world.database, SYSTEM, time.time()) as work:
            builds.begin(work, build.id)
        with looking(self.world.database) as look:
            version = versions.get(look, build.version)
            api = apis.get(look, version.api)
            project = projects.get(look, api.project)
        if version.content is None:
            raise ArtifactError(
                f"Version {version.name} has no files.", hint="Synchronise it from a folder first."
            )
        with self._checked_out(version.content) as folder:
            wish = Wish(
                folder=str(folder),
                artifacts=str(self.world.home / "artifacts"),
                project=project.name,
                api=api.name,
                version=version.name,
            )
            digest, errors = None, list[str]()
            for said in _say_all(wish, self.deadline):
                if said.line is not None:
                    log.append(build.id, [said.line], time.time())
                digest = said.digest or digest
                errors.extend(said.errors)
        if digest is None:
            log.append(build.id, errors, time.time())
            raise ArtifactError("; ".join(errors) or "The build ended without an artifact.")
        return digest

    @contextmanager
    def _checked_out(self, content: str) -> Iterator[Path]:
        parent = self.world.home / "builds"
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix="build-") as folder:
            into = Path(folder) / "project"
            self.contents.checkout(content, into)
            yield into


def _say_all(wish: Wish, deadline: float) -> Iterator[Said]:
    """Run a build apart, without the manager's own environment: its secrets are not the build's."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "penstock.control.build_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment,
        ) as process,
    ):
        timer = Timer(deadline, process.kill)
        timer.start()
        try:
            if process.stdin is None or process.stdout is None:
                raise ArtifactError("The build could not be started.")
            process.stdin.write(msgspec.json.encode(wish))
            process.stdin.close()
            ended = False
            for line in process.stdout:
                step = msgspec.json.decode(line, type=Said)
                ended = ended or step.line is None
                yield step
            if not ended:
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").splitlines()[-1:]
                yield Said(errors=(f"The build broke off: {''.join(said) or 'it was killed'}",))
        finally:
            timer.cancel()
            process.kill()
