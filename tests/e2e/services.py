"""PostgreSQL and Redis as one image of Debian's packages, for where no registry is in reach."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from e2e.docker_engine import Engine, NoEngineError

SERVICES = "penstock-tests-services:bookworm"
_PLAIN = "penstock-tests-services-plain:bookworm"
_DEBIAN = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--include=postgresql-15,redis-server",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "bookworm",
    "-",
)
# As much of the well-known image's manners as our compose file counts on: its user, its folder,
# its variables, and a database that is made at the first start.
_ENTRY = r"""#!/bin/sh
set -eu
[ "$1" = postgres ] || exec "$@"
PATH=/usr/lib/postgresql/15/bin:$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/password \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
"""
_DOCKERFILE = f"""FROM {_PLAIN}
RUN groupadd -g 999 service && useradd -u 999 -g 999 -d /tmp service \\
 && mkdir -p /var/lib/postgresql/data /var/run/postgresql /data \\
 && chown 999:999 /var/lib/postgresql/data /var/run/postgresql /data
COPY entry /entry
ENTRYPOINT ["/entry"]
CMD ["postgres"]
"""


def make_services(engine: Engine, folder: Path) -> str:
    """Return the image's name; it is made once, and kept by the engine."""
    if not engine.docker("images", "--quiet", _PLAIN):
        _import(engine)
    (folder / "entry").write_text(_ENTRY)
    (folder / "entry").chmod(0o755)
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    engine.docker("build", "--quiet", "--tag", SERVICES, str(folder))
    return SERVICES


def _import(engine: Engine) -> None:
    if not shutil.which("mmdebstrap"):
        raise NoEngineError("there is no mmdebstrap here to make PostgreSQL and Redis with")
    making = subprocess.Popen(_DEBIAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with making:
        subprocess.run(
            ["docker", "import", "-", _PLAIN],
            stdin=making.stdout,
            env=dict(engine.environment),
            capture_output=True,
            check=False,
        )
        said = making.stderr.read().decode() if making.stderr else ""
    if making.returncode:
        engine.docker("rmi", "--force", _PLAIN)
        raise NoEngineError(f"mmdebstrap cannot make the services here: {said[-400:]}")
