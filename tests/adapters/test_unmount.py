"""Unmounting layer by layer, with the folder; the lab has the same with real mounts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sharectl.adapters import mountinfo, process
from sharectl.adapters.host_mounts import HostMounts
from sharectl.config import Config
from sharectl.errors import InUse, MountFailed
from sharectl.model.mounts import mounted_at

_OURS, _FOREIGN = "nas:/a", "nas:/b"


class _Host:
    """A mountinfo file, and an umount(8) that takes the last line off it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = folder / "mountinfo"
        self.config = Config(runtime_dir=folder / "run")
        self.stuck = False
        monkeypatch.setattr(mountinfo, "MOUNTINFO", self._file)
        monkeypatch.setattr(process, "run", self._umount)
        self.config.mount_base.mkdir(parents=True)

    def mounted(self, folder: Path, *layers: str) -> None:
        """These are mounted on `folder`, each as "SOURCE" or "SOURCE ROOT"."""
        folder.mkdir()
        pairs = [(item.split(" ")[0], item.partition(" ")[2] or "/") for item in layers]
        lines = [f"1 2 0:3 {root} {folder} rw - nfs4 {source} rw\n" for source, root in pairs]
        self._file.write_text("".join(lines))

    def unmount(self, folder: Path) -> None:
        """Unmount what is there."""
        mounts = HostMounts(self.config)
        mounts.unmount(str(folder), 1, seen=mounted_at(mounts.list(), str(folder)))

    @property
    def left(self) -> int:
        return len(self._file.read_text().splitlines())

    def _umount(self, _argv: Sequence[str], **_options: object) -> process.Completed:
        if self.stuck:
            return process.Completed(32, "", "umount: target is busy")
        self._file.write_text("".join(self._file.read_text().splitlines(keepends=True)[:-1]))
        return process.Completed(0, "", "")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Host:
    return _Host(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ((_OURS,), 0),
        ((_OURS, _OURS), 0),
        ((_FOREIGN, _OURS, _OURS), 1),
        ((_OURS, f"{_OURS} /sub"), 1),
        ((_OURS, _FOREIGN, _OURS), 2),
    ],
)
def test_only_layers_of_the_same_go(host: _Host, layers: tuple[str, ...], left: int) -> None:
    folder = host.config.mount_base / "share"
    host.mounted(folder, *layers)
    host.unmount(folder)
    assert host.left == left
    assert folder.exists() is (left > 0)


def test_folder_inside_of_a_mount_stays(host: _Host) -> None:
    folder = host.config.mount_base / "share" / "folder"
    folder.parent.mkdir()
    host.mounted(folder, _OURS)
    host.unmount(folder)
    assert (host.left, folder.exists()) == (0, True)


def test_what_came_over_it_meanwhile_stays(host: _Host) -> None:
    folder = host.config.mount_base / "share"
    host.mounted(folder, _OURS)
    mounts = HostMounts(host.config)
    seen = mounted_at(mounts.list(), str(folder))
    folder.rmdir()
    host.mounted(folder, _OURS, _FOREIGN)
    with pytest.raises(InUse, match="nas:/b has just been mounted"):
        mounts.unmount(str(folder), 1, seen=seen)
    with pytest.raises(InUse, match="nas:/b has just been mounted"):
        mounts.unmount(str(folder), 1, seen=None)
    assert (host.left, folder.exists()) == (2, True)


def test_mount_that_stays_is_told_with_its_reason(host: _Host) -> None:
    folder = host.config.mount_base / "share"
    host.mounted(folder, f"{_OURS} /sub")
    host.stuck = True
    with pytest.raises(MountFailed, match=r"\(/sub of nas:/a\): .*target is busy"):
        host.unmount(folder)
