"""The lock on libvirt's file tells whether a virtiofsd lives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sharectl.adapters import virtiofsd_lock
from sharectl.adapters.virtiofsd_lock import is_served

_SYSTEM = "qemu:///system"
# As libvirt's virPidFileAcquirePath does, and the daemon it becomes keeps.
_HOLD = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(virtiofsd_lock, "FOLDER", tmp_path)
    return tmp_path


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """A process has the file locked inside."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("web1", "3-web1-fs0-fs.pid"),
        ("a-name-of-more-than-twenty-characters", "3-a-name-of-more-than--fs0-fs.pid"),
        ("a[b]*c", "3-a[b]*c-fs0-fs.pid"),
        ("dépôt", "3-d-fs0-fs.pid"),  # as its locale cuts it
    ],
)
def test_lives_while_the_file_is_locked(folder: Path, name: str, file: str) -> None:
    path = folder / file
    with _held(path):
        assert is_served(_SYSTEM, "3", name, "fs0")
    assert path.exists()
    assert not is_served(_SYSTEM, "3", name, "fs0")


def test_of_others_and_without_a_file_it_is_taken_to_live(folder: Path) -> None:
    for other in ("3-web2-fs0-fs.pid", "3-web1-fs1-fs.pid", "33-web1-fs0-fs.pid",
                  "3-web1-ua-x-fs0-fs.pid"):  # fmt: skip
        (folder / other).touch()
    assert is_served(_SYSTEM, "3", "web1", "fs0")


def test_of_another_libvirt_nothing_is_known(folder: Path) -> None:
    """Its domains have the same ids, and its files lie elsewhere."""
    (folder / "3-web1-fs0-fs.pid").touch()
    assert not is_served(_SYSTEM, "3", "web1", "fs0")
    assert is_served("qemu:///session", "3", "web1", "fs0")
    assert is_served("qemu:///system?socket=/other", "3", "web1", "fs0")
    assert is_served(_SYSTEM, "", "web1", "fs0")
