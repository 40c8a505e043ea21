"""Command lines of the mount helpers: nothing from outside becomes an option, no key is in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sharectl.adapters import mount_options
from sharectl.config import Config
from sharectl.errors import Refused
from sharectl.model.enums import AccessLevel, ShareProtocol
from sharectl.model.export_location import parse, same_source
from sharectl.model.mounts import HostMount, MountRequest

_POINT = Path("/run/sharectl/mnt/s1")
_KEY = Path("/var/lib/sharectl/secrets/s1.key")
_KEYRING, _CONF = Path("/run/x.keyring"), Path("/run/x.conf")
_NFS = MountRequest(ShareProtocol.NFS, "192.0.2.1:/exports/one", _POINT, AccessLevel.RW)
_CEPH = MountRequest(
    ShareProtocol.CEPHFS,
    "192.0.2.21:6789,192.0.2.22:6789:/volumes/a",
    _POINT,
    AccessLevel.RW,
    "sharectl-x",
    "cephfs",
)
_RO = {"level": AccessLevel.RO}
_V2 = {"source": "192.0.2.21:3300:/volumes/a"}
_MIXED = {"source": "192.0.2.21:3300,192.0.2.21:6789:/volumes/a"}


@pytest.mark.parametrize(
    ("changes", "settings", "options"),
    [
        ({}, {}, "vers=4,hard,timeo=600,retrans=2,retry=0,nosuid,nodev"),
        (_RO, {}, "vers=4,hard,timeo=600,retrans=2,retry=0,nosuid,nodev,ro"),
        (
            {},
            {"nfs_version": "3"},
            "vers=3,hard,timeo=600,retrans=2,retry=0,nolock,nosuid,nodev",
        ),
        (
            _RO,
            {"nfs_version": "4.1", "nfs_options": ("sec=krb5", "rw")},
            "vers=4.1,hard,timeo=600,retrans=2,retry=0,nosuid,nodev,sec=krb5,rw,ro",
        ),
    ],
)
def test_nfs(changes: dict[str, object], settings: dict[str, object], options: str) -> None:
    request = replace(_NFS, **changes)  # type: ignore[arg-type]
    config = Config(**settings)  # type: ignore[arg-type]
    assert mount_options.nfs(request, config) == [
        "mount",
        "--no-canonicalize",
        "-t",
        "nfs",
        "-o",
        options,
        "--",
        "192.0.2.1:/exports/one",
        "/run/sharectl/mnt/s1",
    ]


@pytest.mark.parametrize(
    ("changes", "settings", "options"),
    [
        ({}, {}, "fs=cephfs,mount_timeout=30,nosuid,nodev"),
        (_RO, {}, "fs=cephfs,mount_timeout=30,nosuid,nodev,ro"),
        ({"filesystem_name": None}, {}, "mount_timeout=30,nosuid,nodev"),
        ({}, {"mount_timeout": 0.5}, "fs=cephfs,mount_timeout=1,nosuid,nodev"),
        (_V2, {}, "fs=cephfs,mount_timeout=30,ms_mode=prefer-crc,nosuid,nodev"),
        (_MIXED, {}, "fs=cephfs,mount_timeout=30,nosuid,nodev"),
        (
            _RO,
            {"cephfs_options": ("noatime",)},
            "fs=cephfs,mount_timeout=30,nosuid,nodev,noatime,ro",
        ),
    ],
)
def test_cephfs_by_the_kernel(
    changes: dict[str, object], settings: dict[str, object], options: str
) -> None:
    request = replace(_CEPH, **changes)  # type: ignore[arg-type]
    config = Config(**settings)  # type: ignore[arg-type]
    assert mount_options.cephfs_kernel(request, _KEY, config, config.mount_timeout) == [
        "mount",
        "--no-canonicalize",
        "-t",
        "ceph",
        "-o",
        f"name=sharectl-x,secretfile={_KEY},{options}",
        "--",
        request.source,
        "/run/sharectl/mnt/s1",
    ]


def test_session_that_would_outlive_a_denied_rule_is_no_default() -> None:
    argv = mount_options.cephfs_kernel(_CEPH, _KEY, Config(), 30)
    assert "recover_session" not in " ".join(argv)


@pytest.mark.parametrize(
    ("changes", "options"),
    [({}, ["nosuid", "nodev"]), (_RO, ["nosuid", "nodev", "ro"])],
)
def test_cephfs_by_fuse(changes: dict[str, object], options: list[str]) -> None:
    request = replace(_CEPH, **changes)  # type: ignore[arg-type]
    *argv, listed, point = mount_options.cephfs_fuse(request, _KEYRING, _CONF)
    assert argv == [
        "ceph-fuse",
        "--conf",
        "/run/x.conf",
        "--name",
        "client.sharectl-x",
        "--keyring",
        "/run/x.keyring",
        "--client_mountpoint",
        "/volumes/a",
        "--client_fs",
        "cephfs",
        "-o",
    ]
    assert point == "/run/sharectl/mnt/s1"
    assert listed.split(",")[2:] == options
    assert listed.split(",")[1] == "subtype=ceph-fuse"


def test_conf_for_fuse_names_the_monitors_and_a_limit() -> None:
    conf = mount_options.ceph_conf(_CEPH, 12.9)
    assert conf.splitlines() == [
        "[global]",
        "mon host = 192.0.2.21:6789,192.0.2.22:6789",
        "client mount timeout = 12",
        "log file =",
        "admin socket =",
        "client die on failed dentry invalidate = false",
        "client die on failed remount = false",
    ]


_heads = st.sampled_from(
    ["192.0.2.1", "nas", "[2001:db8::1]", "m1:6789,m2:3300", "m1,[::1]:6789,m3", "-o", "a,rw"]
)
_parts = [*"ab01/ -=:;@#'%$(){}é", ",", "..", '"', "\\", "\n"]
_paths = st.lists(st.sampled_from(_parts), min_size=1, max_size=20).map("".join)


def _request(protocol: ShareProtocol, head: str, path: str) -> MountRequest:
    """A request for that location, if `parse` lets it through."""
    source = f"{head}:/{path}"
    try:
        parse(protocol, source)
    except Refused:
        assume(False)
    sample = _NFS if protocol is ShareProtocol.NFS else _CEPH
    return replace(sample, source=source)


@given(st.sampled_from(ShareProtocol), _heads, _paths)
def test_location_is_one_argument_behind_the_options(
    protocol: ShareProtocol, head: str, path: str
) -> None:
    request = _request(protocol, head, path)
    if protocol is ShareProtocol.NFS:
        argv = mount_options.nfs(request, Config())
    else:
        argv = mount_options.cephfs_kernel(request, _KEY, Config(), 30)
    assert [item for item in argv if request.source in item] == [request.source]
    assert argv[-3:] == ["--", request.source, str(_POINT)]
    sample = mount_options.nfs(_NFS, Config())
    if protocol is ShareProtocol.NFS:
        assert argv[:-2] == sample[:-2], "the location changed an option"


@given(_heads, _paths)
def test_location_adds_no_option_to_fuse(head: str, path: str) -> None:
    request = _request(ShareProtocol.CEPHFS, head, path)
    argv = mount_options.cephfs_fuse(request, _KEYRING, _CONF)
    fsname, *others = argv[-2].split(",")
    assert others == ["subtype=ceph-fuse", "nosuid", "nodev"]
    assert argv[argv.index("--client_mountpoint") + 1].startswith("/")
    assert len(argv) == len(mount_options.cephfs_fuse(_CEPH, _KEYRING, _CONF))
    mounted = HostMount(str(_POINT), "fuse.ceph-fuse", fsname.partition("=")[2], frozenset())
    assert same_source(ShareProtocol.CEPHFS, request.source, mounted)


@given(_heads, _paths)
def test_location_adds_no_line_to_the_conf(head: str, path: str) -> None:
    request = _request(ShareProtocol.CEPHFS, head, path)
    assert len(mount_options.ceph_conf(request, 30).splitlines()) == 7


def test_no_key_is_on_any_command_line(tmp_path: Path) -> None:
    key_file = tmp_path / "s1.key"
    key_file.write_text("AQBnotarealkey==\n")
    everything = [
        *mount_options.cephfs_kernel(_CEPH, key_file, Config(), 30),
        *mount_options.cephfs_fuse(_CEPH, key_file, _CONF),
        mount_options.ceph_conf(_CEPH, 30),
    ]
    assert not [item for item in everything if "AQB" in item or "secret=" in item]
