"""What is taken out of a container that has ended: files of events, and nothing else of it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from penstock.deploy.drivers.docker.left import unpack_events


def archive(*members: tuple[tarfile.TarInfo, bytes], cut: int | None = None) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return io.BytesIO(made.getvalue()[:cut])


def file(name: str, content: bytes = b"event\n") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def link(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_of_events_are_taken(tmp_path: Path) -> None:
    told = archive(
        file("events/lock", b""),
        file("events/000000000001.usage", b"one\n"),
        file("events/000000000002.usage", b"two\n"),
    )

    assert unpack_events(told, tmp_path / "spool")
    assert everything(tmp_path / "spool") == ["000000000001.usage", "000000000002.usage"]
    assert (tmp_path / "spool" / "000000000002.usage").read_bytes() == b"two\n"


def test_nothing_else_leaves_the_container(tmp_path: Path) -> None:
    told = archive(
        link("events/000000000003.usage", "/etc/passwd", tarfile.SYMTYPE),
        link("events/000000000004.usage", "events/lock", tarfile.LNKTYPE),
        link("events/000000000005.usage", "", tarfile.CHRTYPE),
        file("events/../../000000000001.other"),
        file("/etc/cron.d/harm"),
        file("events/000000000001.usage.sh"),
    )

    assert not unpack_events(told, tmp_path / "home" / "spool")
    assert everything(tmp_path) == []


def test_a_name_that_leads_elsewhere_leads_nowhere(tmp_path: Path) -> None:
    assert unpack_events(archive(file("../../000000000009.usage")), tmp_path / "home" / "spool")
    assert everything(tmp_path) == ["home", "home/spool", "home/spool/000000000009.usage"]


def test_an_archive_that_is_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    told = archive(
        file("events/000000000001.usage", b"one\n"),
        file("events/000000000002.usage", b"x" * 4000),
        cut=2000,
    )

    assert unpack_events(told, tmp_path / "spool")
    assert (tmp_path / "spool" / "000000000001.usage").read_bytes() == b"one\n"
