"""The one form of a path: real links, and mounts as mountinfo would show them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters import mountinfo
from sharectl.adapters.host_mounts import HostMounts
from sharectl.adapters.mount_paths import resolve
from sharectl.config import Config
from sharectl.model.mounts import HostMount


class _Host:
    """A folder as host: real files and links, with mounts that are only said to be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.base = self.folder / "mnt"
        self.share = self.base / "s1"
        self.share.mkdir(parents=True)
        self.mounts = [HostMount("/", "ext4", "/dev/vda1", frozenset(), device="8:1")]
        self.mount(self.share, "nfs4", "nas:/a", "0:50")

    def mount(self, at: Path, kind: str, source: str, device: str, root: str = "/") -> None:
        self.mounts.append(HostMount(str(at), kind, source, frozenset(), root=root, device=device))

    def __call__(self, path: str) -> str:
        return resolve([path], tuple(self.mounts), str(self.base))[path]


@pytest.fixture
def host(tmp_path: Path) -> _Host:
    return _Host(tmp_path)


@pytest.mark.parametrize(
    "form",
    ["{}", "{}/", "/{}", "//{}//", "{}/.", "{}/x/..", "{}/../s1", "{}/./././", "{}/x/../y/.."],
)
def test_spellings(host: _Host, form: str) -> None:
    assert host(form.format(host.share)) == str(host.share)


def test_folders_below_stay_folders_below(host: _Host) -> None:
    assert host(f"{host.share}//sub/./dir/") == f"{host.share}/sub/dir"
    assert host(f"{host.share}x") == f"{host.share}x"


@pytest.mark.parametrize("path", ["/", "//", "/..", "/../.."])
def test_root(host: _Host, path: str) -> None:
    assert host(path) == "/"


def test_links_outside_of_shares(host: _Host) -> None:
    links = host.folder / "links"
    links.mkdir()
    (links / "absolute").symlink_to(host.share)
    (links / "relative").symlink_to("../mnt/./s1/")
    (links / "twice").symlink_to("relative/../s1")
    (links / "base").symlink_to(host.base)
    for name in ("absolute", "relative", "twice", "base/s1"):
        assert host(f"{links}/{name}/sub") == f"{host.share}/sub", name
    assert host(f"{links}/relative/..") == str(host.base)


def test_links_that_lead_nowhere_end(host: _Host) -> None:
    (host.folder / "loop").symlink_to("loop")
    (host.folder / "gone").symlink_to("/nowhere/at/all")
    assert host(f"{host.folder}/loop//x") == f"{host.folder}/loop/x"
    assert host(f"{host.folder}/gone/x") == "/nowhere/at/all/x"
    assert host("/nowhere/at/../all\0x") == "/nowhere/all\0x"


@pytest.mark.parametrize(
    "kind", ["nfs4", "nfs", "ceph", "fuse.ceph-fuse", "fuse", "cifs", "autofs"]
)
def test_no_file_server_is_asked(host: _Host, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = host.folder / "remote"
    remote.mkdir()
    (remote / "link").symlink_to("/elsewhere")
    host.mount(remote, kind, "nas:/b", "0:51")
    touched: list[str] = []
    lstat = os.lstat

    def watched(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        touched.append(os.fspath(path))
        return lstat(path, *arguments, **options)

    monkeypatch.setattr(os, "lstat", watched)
    assert host(f"{remote}/link/x") == f"{remote}/link/x"
    assert str(host.folder) in touched
    assert [path for path in touched if path.startswith(str(remote))] == []


def test_bind_mounts_of_a_share(host: _Host) -> None:
    alias = host.folder / "alias"
    host.mount(alias, "nfs4", "nas:/a", "0:50")
    host.mount(host.folder / "sub", "nfs4", "nas:/a/deep/er", "0:50")
    host.mount(host.folder / "other", "nfs4", "nas:/ab", "0:50")  # one file system of the server
    assert host(f"{alias}/x") == f"{host.share}/x"
    assert host(f"{host.folder}/sub/x") == f"{host.share}/deep/er/x"
    assert host(f"{host.folder}/other") == f"{host.folder}/other"


@pytest.mark.parametrize("outer", ["nas:/a", "nas:/"])
def test_export_that_lies_in_another(host: _Host, outer: str) -> None:
    host.mount(host.share, "nfs4", outer, "0:50")
    inner = host.base / "s2"
    host.mount(inner, "nfs4", "nas:/a/deep", "0:50")
    assert host(f"{inner}/x") == f"{inner}/x"
    assert host(f"{inner}") == str(inner)
    assert host(f"{host.share}/other") == f"{host.share}/other"


def test_bind_mount_of_an_export_that_is_written_with_more_slashes(host: _Host) -> None:
    host.mount(host.base / "s2", "nfs4", "nas://b//c/", "0:51")
    host.mount(host.folder / "alias", "nfs4", "nas://b//c/", "0:51")
    assert host(f"{host.folder}/alias/x") == f"{host.base}/s2/x"
    assert host(f"{host.base}/s2/x") == f"{host.base}/s2/x"


def test_bind_mounts_of_a_share_by_fuse(host: _Host) -> None:
    host.mount(host.base / "s2", "fuse.ceph-fuse", "mon:/v", "0:60")
    host.mount(host.folder / "sub", "fuse.ceph-fuse", "mon:/v", "0:60", root="/deep")
    assert host(f"{host.folder}/sub/x/") == f"{host.base}/s2/deep/x"


def test_folder_of_a_share_that_is_not_mounted(host: _Host) -> None:
    assert host(f"{host.base}//s9/") == f"{host.base}/s9"


@pytest.mark.parametrize(
    ("folder", "volatile"), [("/run/sharectl", True), ("/var/run", False), ("/run/x/y", False)]
)
def test_volatile_is_a_folder_that_a_boot_clears(
    folder: str, volatile: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("1 0 8:1 / / rw - ext4 /dev/vda1 rw", "2 1 0:25 / /run rw - tmpfs tmpfs rw",
             "3 2 8:2 / /run/x rw - ext4 /dev/vdb1 rw")  # fmt: skip
    (tmp_path / "mountinfo").write_text("\n".join(lines))
    monkeypatch.setattr(mountinfo, "MOUNTINFO", tmp_path / "mountinfo")
    assert HostMounts(Config(runtime_dir=Path(folder))).volatile() is volatile
