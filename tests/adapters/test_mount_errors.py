"""What an error of a mount helper says of the file server, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharectl.adapters import mountinfo, process
from sharectl.adapters.host_mounts import HostMounts
from sharectl.config import Config
from sharectl.errors import MountFailed, ServerDead, SharectlError, Unavailable
from sharectl.model.enums import AccessLevel, ShareProtocol
from sharectl.model.mounts import MountRequest


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("mount.nfs: Connection timed out for 192.0.2.1:/e", ServerDead),
        ("mount.nfs: No route to host", ServerDead),
        ("mount error: no mds server is up or the cluster is laggy", Unavailable),
        ("mount.nfs: access denied by server while mounting 192.0.2.1:/e", MountFailed),
        ("failed to fetch mon config (--no-mon-config to skip)", MountFailed),
        ("monclient: get_monmap_and_config cannot identify monitors to contact", ServerDead),
    ],
)
def test_kind_of_a_failure(
    said: str, kind: type[SharectlError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Completed(32, "", said))
    (tmp_path / "mountinfo").write_text("")
    monkeypatch.setattr(mountinfo, "MOUNTINFO", tmp_path / "mountinfo")
    config = Config(runtime_dir=tmp_path / "run")
    point = config.mount_base / "share"
    request = MountRequest(ShareProtocol.NFS, "192.0.2.1:/e", point, AccessLevel.RW, None, None)
    with pytest.raises(SharectlError) as caught:
        HostMounts(config).mount(request, None, 1)
    assert type(caught.value) is kind
    assert said in caught.value.message
    assert not point.exists()


@pytest.mark.parametrize(("tried", "other"), [("4", "3"), ("4.2", "3"), ("3", "4")])
@pytest.mark.parametrize(
    "said",
    [
        "mount.nfs: Protocol not supported",
        "mount.nfs: requested NFS version or transport protocol is not supported",
    ],
)
def test_a_server_without_the_nfs_version_names_the_setting(
    said: str, tried: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Completed(32, "", said))
    (tmp_path / "mountinfo").write_text("")
    monkeypatch.setattr(mountinfo, "MOUNTINFO", tmp_path / "mountinfo")
    config = Config(runtime_dir=tmp_path / "run", nfs_version=tried)
    point = config.mount_base / "share"
    request = MountRequest(ShareProtocol.NFS, "192.0.2.1:/e", point, AccessLevel.RW, None, None)
    with pytest.raises(MountFailed) as caught:
        HostMounts(config).mount(request, None, 1)
    assert f'version = "{other}" in section [nfs]' in caught.value.advice


@pytest.mark.parametrize(("seconds", "kind"), [(8.0, MountFailed), (9.5, ServerDead)])
def test_monitors_that_are_away_take_ceph_fuse_all_its_time(
    seconds: float, kind: type[SharectlError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([100.0, 100.0 + seconds])
    said = process.Completed(1, "", "failed to fetch mon config (--no-mon-config to skip)")
    monkeypatch.setattr("sharectl.adapters.mount_clients.monotonic", lambda: next(now))
    monkeypatch.setattr(process, "run", lambda *_, **__: said)
    (tmp_path / "mountinfo").write_text("")
    monkeypatch.setattr(mountinfo, "MOUNTINFO", tmp_path / "mountinfo")
    config = Config(runtime_dir=tmp_path / "run")
    request = MountRequest(
        ShareProtocol.NFS, "192.0.2.1:/e", config.mount_base / "s", AccessLevel.RW, "me", None
    )
    with pytest.raises(SharectlError) as caught:
        HostMounts(config).mount(request, None, 10)
    assert type(caught.value) is kind
    assert ("sharectl reconcile" in caught.value.advice) is (kind is MountFailed)
