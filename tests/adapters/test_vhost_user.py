"""Which virtiofsd libvirt starts: what we expect, and what libvirt itself does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import libvirt
import pytest

from sharectl.adapters import vhost_user
from sharectl.adapters.vhost_user import find
from sharectl.model.host import Virtiofsd
from tests.adapters.vhost_user_cases import CASES, IN_TWO_FOLDERS, Case, Files
from tests.lab.fixtures_libvirt import RUN, DomainFactory

# Tells that it was started, and as what.
_PROGRAM = '#!/bin/sh\necho "$(basename "$0")" >>"$(dirname "$0")/started"\nexit 1\n'
_FILESYSTEM = (
    "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
    "<source dir='{}'/><target dir='tag'/></filesystem>"
)


def _programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / name).write_text(_PROGRAM)
        (folder / name).chmod(0o755)
    return folder


def _write(folder: Path, files: Files, programs: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text.replace("{bin}", str(programs)))


def _check(found: Virtiofsd, case: Case, programs: Path) -> None:
    assert found.path == (str(programs / case.started) if case.started else None)
    assert case.why is None or case.why in (found.problem or "")
    assert (found.problem is None) is (case.why is None)


@pytest.mark.parametrize("case", [*CASES, *IN_TWO_FOLDERS], ids=lambda case: case.name)
def test_what_counts(case: Case, tmp_path: Path) -> None:
    programs, folders = _programs(tmp_path / "bin"), (tmp_path / "share", tmp_path / "etc")
    _write(folders[0], case.share or {}, programs)
    _write(folders[1], case.etc, programs)
    _check(find(folders), case, programs)


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    assert find([tmp_path / "none"]) == Virtiofsd(None)


def test_what_is_no_regular_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.json")
    (tmp_path / "2.json").mkdir()
    assert find([tmp_path]) == Virtiofsd(None)


def test_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "1.json").symlink_to("gone")
    assert find([tmp_path]).problem == f"{tmp_path}/1.json: No such file or directory"


def test_deep_and_binary_files_are_no_json(tmp_path: Path) -> None:
    for text in (b"[" * 100_000, b"\xff\xfe", b'{"type": "fs"'):
        (tmp_path / "1.json").write_bytes(text)
        assert find([tmp_path]).problem == f"{tmp_path}/1.json: it is not JSON"


def test_users_have_a_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the libvirt of a user reads it, as root's never does."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/ann/conf")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert vhost_user.folders()[-1] == Path("/home/ann/conf/qemu/vhost-user")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/home/ann")
    assert vhost_user.folders()[-1] == Path("/home/ann/.config/qemu/vhost-user")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert vhost_user.folders() == vhost_user.SYSTEM


@dataclass(frozen=True)
class Libvirt:
    """A libvirt, and the folders in which it looks."""

    define: DomainFactory
    share: Path
    etc: Path


@pytest.fixture(
    params=[
        pytest.param("domain", marks=pytest.mark.lab),
        pytest.param("trixie_domain", marks=pytest.mark.lab),
    ]
)
def real(request: pytest.FixtureRequest) -> Iterator[Libvirt]:
    """That of Debian 12, that of Debian 13; its own descriptions are hidden."""
    define: DomainFactory = request.getfixturevalue(request.param)
    root = Path("/")
    if request.param == "trixie_domain":
        root = request.getfixturevalue("trixie").path("/")
    share, etc = (root / str(folder).lstrip("/") for folder in vhost_user.SYSTEM)
    etc.mkdir(parents=True)
    for file in share.iterdir():
        (etc / file.name).touch()
    yield Libvirt(define, share, etc)
    for file in etc.iterdir():
        file.unlink()
    etc.rmdir()


def test_libvirt_does_the_same(real: Libvirt) -> None:
    """Each case with a start of a domain: whichever program runs tells its name, and ends."""
    folder = RUN / f"descriptions-{uuid4()}"
    programs = _programs(folder / "bin")
    guest = real.define(f"v-{uuid4().hex[:8]}", devices=_FILESYSTEM.format(RUN))
    for case in CASES:
        _write(real.etc, case.etc, programs)
        with contextlib.suppress(libvirt.libvirtError):
            guest.start()
        started = programs / "started"
        said = started.read_text().splitlines()[:1] if started.exists() else []
        assert said == ([case.started] if case.started else []), case.name
        started.unlink(missing_ok=True)
        _check(find((real.share, real.etc)), case, programs)
        for name in case.etc:
            (real.etc / name).unlink()
