from __future__ import annotations

import io
import os
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.asking import Asked, managing, zipped
from penstock.errors import ForbiddenError, ManagementError, PenstockError
from penstock.manager.context import ManagerSettings
from penstock.manager.sources.git import check_repository
from penstock.store.grants import Scope

SMALL = ManagerSettings(max_upload=1 << 16, max_unpacked=1 << 20, max_files=20)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Asked]:
    with managing(tmp_path / "state", SMALL) as asked:
        yield asked


def upload(manager: Asked, content: bytes) -> tuple[int, str]:
    version = manager.version()
    path = f"/versions/{version['id']}"
    answer = manager.send("PUT", f"{path}/content", content=content, headers={"if-match": "*"})
    assert manager.get(path)["files"] == (answer.json().get("files", 1))
    return answer.status_code, answer.json().get("code", "")


def linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def lying() -> bytes:
    """Return a ZIP whose one file claims to be small, and is not."""
    content = bytearray(zipped({"big": bytes(2 << 20)}))
    directory = content.rfind(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (zipped({"../out": b"x"}), 400),
        (zipped({"/etc/out": b"x"}), 400),
        (zipped({"a/../../out": b"x"}), 400),
        (zipped({"a\\..\\out": b"x"}), 400),
        (zipped({"C:out": b"x"}), 400),
        (zipped({"a": b"x", "a/b": b"x"}), 400),
        (zipped({"bomb": bytes(2 << 20)}), 413),
        (zipped({f"bomb{i}": bytes(1 << 18) for i in range(5)}), 413),
        (zipped({f"{i}": b"" for i in range(21)}), 413),
        (b"x" * ((1 << 16) + 1), 413),
        (lying(), 400),
        (linked(), 400),
        (b"no zip", 400),
        (b"", 400),
    ],
)
def test_a_hostile_upload_is_refused_and_leaves_nothing(
    small: Asked, content: bytes, status: int
) -> None:
    assert upload(small, content)[0] == status

    left = [path.name for path in small.contents.folder.iterdir() if path.name.startswith(".")]
    assert left == []
    assert not (small.home.parent / "out").exists()


def test_keys_and_state_never_become_part_of_a_version(manager: Asked) -> None:
    version = manager.version()
    sent = zipped({"p/penstock.yaml": b"", "p/.env": b"A=1", "p/.git/config": b"", "p/k.pem": b""})

    filled = manager.send(
        "PUT",
        f"/versions/{version['id']}/content",
        content=sent,
        headers={"if-match": "*"},
    )

    assert filled.json()["files"] == 1
    assert manager.contents.tree(filled.json()["content"])[0].path == "penstock.yaml"


def synchronise(manager: Asked, body: dict[str, str], token: str | None = None) -> tuple[int, str]:
    version = manager.version(f"p{len(manager.events)}")
    more = {} if token is None else {"token": token}
    answer = manager.send(
        "POST",
        f"/versions/{version['id']}/actions/synchronise",
        json=body,
        **more,  # type: ignore[arg-type] # one name
    )
    return answer.status_code, answer.text


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    hook = tmp_path / "hooked"
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", *arguments], cwd=folder, check=True, capture_output=True, env=environment
        )

    git("init", "-q", "-b", "main")
    (folder / "penstock.yaml").write_text("name: shop\n")
    (folder / "outside").symlink_to("/etc/passwd")
    (folder / ".gitattributes").write_text("* filter=evil\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "v1")
    git("config", "filter.evil.smudge", f"touch {hook}")
    (folder / ".git/hooks/post-checkout").write_text(f"#!/bin/sh\ntouch {hook}\n")
    (folder / ".git/hooks/post-checkout").chmod(0o755)
    return folder


@pytest.mark.parametrize("reference", [None, "v1", "main"])
def test_a_repository_is_fetched_and_nothing_of_it_runs(
    manager: Asked, repository: Path, reference: str | None
) -> None:
    body = {"url": f"file://{repository}"} | ({"reference": reference} if reference else {})

    status, text = synchronise(manager, body)

    assert status == 200, text
    assert '"files":3' in text  # a link is kept as the text that it is
    assert not (repository.parent / "hooked").exists()
    assert [p.name for p in manager.contents.folder.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=touch",
        "http://example.com/a",
        "git://example.com/a",
        "ftp://example.com/a",
        "https://user:password@example.com/a",
        "ssh://-oProxyCommand=touch/a",
        "ssh://git@-oProxyCommand=touch/a",
        "file://host/a",
        "https://example.com/a?b",
        "https://example.com/$(touch x)",
        "https://example.com:port/a",
        "example.com:a",
        "/etc",
        "",
    ],
)
def test_an_address_that_could_do_more_than_fetch_is_refused(url: str) -> None:
    with pytest.raises(ManagementError):
        check_repository(url, None, ManagerSettings(), local=True)


@pytest.mark.parametrize("reference", ["--upload-pack=x", "a..b", "-b", "a b", "a\nb", "$(x)"])
def test_a_reference_that_could_be_an_option_is_refused(reference: str) -> None:
    with pytest.raises(ManagementError, match="no branch"):
        check_repository("file:///tmp", reference, ManagerSettings(), local=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_addresses_are_not_reached_unless_they_are_allowed(host: str) -> None:
    url = f"https://{host}/a"
    with pytest.raises((ForbiddenError, ManagementError)):
        check_repository(url, None, ManagerSettings(), local=True)

    if host == "127.0.0.1":
        allowed = ManagerSettings(hosts=frozenset({host}))
        assert check_repository(url, None, allowed, local=False).addresses == (host,)


def test_a_folder_is_open_to_who_holds_the_state_and_where_it_is_allowed(
    tmp_path: Path, repository: Path
) -> None:
    settings = ManagerSettings(folders=(repository,))
    with managing(tmp_path / "state", settings) as manager:
        _, token = manager.person("ann", ("owner", Scope()))
        (tmp_path / "other").mkdir()
        (repository / "sneaky").symlink_to(tmp_path / "other")

        assert synchronise(manager, {"folder": str(tmp_path / "other")})[0] == 200
        assert synchronise(manager, {"folder": str(repository)}, token)[0] == 200
        for hidden in (tmp_path / "other", repository / "sneaky", repository / ".." / "other"):
            assert synchronise(manager, {"folder": str(hidden)}, token)[0] == 403
            assert synchronise(manager, {"url": f"file://{hidden}"}, token)[0] in {400, 403}
        assert synchronise(manager, {"folder": "/nowhere"})[0] == 400
        assert synchronise(manager, {})[0] == 400


def test_a_repository_that_takes_too_long_is_given_up(tmp_path: Path, repository: Path) -> None:
    settings = ManagerSettings(git_seconds=0.0001)
    with managing(tmp_path / "state", settings) as manager:
        status, text = synchronise(manager, {"url": f"file://{repository}"})

    assert status == 503, text
    assert issubclass(ForbiddenError, PenstockError)
