"""Export locations: what is accepted is safe to mount, what is refused says why."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sharectl.errors import Refused
from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import Export, Server, candidates, named, parse, same_source
from sharectl.model.mounts import HostMount
from sharectl.model.share import ExportLocation, Share

NFS, CEPHFS = ShareProtocol.NFS, ShareProtocol.CEPHFS

_HOSTILE = [
    (NFS, "", "no ':/'"),
    (NFS, "server", "no ':/'"),
    (NFS, "server:export", "no ':/'"),
    (NFS, "//server/share", "no ':/'"),
    (NFS, "/etc", "no ':/'"),
    (NFS, ":/export", "'' is not a host name"),
    (NFS, "-o:/export", "'-o' is not a host name"),
    (NFS, "--bind:/export", "'--bind' is not a host name"),
    (NFS, "server,ro:/export", "more than one server"),
    (NFS, "server:/export,exec", "comma"),
    (NFS, "server:/a/../../etc", "'..'"),
    (NFS, "server:/..", "'..'"),
    (NFS, "server:/a/./b", "'.'"),
    (NFS, "server:/a\nb", "control"),
    (NFS, "server\n:/a", "control"),
    (NFS, "server:/a\x00b", "control"),
    (NFS, "server:/a\x1b[2Jb", "control"),
    (NFS, "server:/a\u202eb", "invisible"),
    (NFS, "server:/a\u200bb", "invisible"),
    (NFS, "server:/a\udcffb", "invisible"),
    (NFS, 'server:/a"b', "quote"),
    (NFS, "server:/a\\040b", "backslash"),
    (NFS, "ser ver:/a", "'ser ver' is not a host name"),
    (NFS, "user@server:/a", "'user@server' is not a host name"),
    (NFS, "$(reboot):/a", "is not a host name"),
    (NFS, "server;reboot:/a", "is not a host name"),
    (NFS, "a..b:/a", "'a..b' is not a host name"),
    (NFS, "a" * 64 + ":/a", "is not a host name"),
    (NFS, "server:2049:/a", "has a port"),
    (NFS, "[::1:/a", "is not a host name"),
    (NFS, "[::g]:/a", "is not a host name"),
    (NFS, "[1.2.3.4]:/a", "not an IPv6 address"),
    (NFS, "::1:/a", "is not a host name"),
    (NFS, "server:/" + "a" * 5000, "longer than 4095 bytes"),
    (NFS, "server:/" + "é" * 2500, "longer than 4095 bytes"),
    (CEPHFS, "user@.cephfs=/volumes", "no ':/'"),
    (CEPHFS, "mon:0:/a", "0 is not a port"),
    (CEPHFS, "mon:65536:/a", "65536 is not a port"),
    (CEPHFS, "mon1,,mon2:/a", "'' is not a host name"),
    (CEPHFS, "mon1, mon2:/a", "' mon2' is not a host name"),
    (CEPHFS, "mon1;mon2:/a", "is not a host name"),
    (CEPHFS, "mon1,-o:/a", "'-o' is not a host name"),
    (CEPHFS, "mon:6789:/a/../b", "'..'"),
    (CEPHFS, "mon:6789:/a,secret=x", "comma"),
]

_GOOD = [
    (NFS, "192.0.2.1:/exports/one", "/exports/one", (Server("192.0.2.1"),)),
    (NFS, "[2001:db8::1]:/a", "/a", (Server("2001:db8::1"),)),
    (NFS, "[fe80::1%eth0]:/a", "/a", (Server("fe80::1%eth0"),)),
    (NFS, "nas.example.org:/", "/", (Server("nas.example.org"),)),
    (NFS, "nas_1.example.org.:/a", "/a", (Server("nas_1.example.org."),)),
    (NFS, "nas://a//b/", "/a/b", (Server("nas"),)),
    (NFS, "nas:/with space/dépôt", "/with space/dépôt", (Server("nas"),)),
    (NFS, "nas:/a:/b", "/a:/b", (Server("nas"),)),
    (NFS, "nas:/-o", "/-o", (Server("nas"),)),
    (NFS, "nas:/a..b/...", "/a..b/...", (Server("nas"),)),
    (CEPHFS, "mon:/a", "/a", (Server("mon"),)),
    (
        CEPHFS,
        "192.0.2.1:6789,[2001:db8::1]:3300,mon:/volumes/_nogroup/x",
        "/volumes/_nogroup/x",
        (Server("192.0.2.1", "6789"), Server("2001:db8::1", "3300"), Server("mon")),
    ),
]

# Text that comes near to an export location much more often than arbitrary text does.
_near = st.lists(
    st.sampled_from([*"abc-.,:/[]% \\\n@;0159", "..", ":/", "[::1]", "192.0.2.1", "\u200b", "é"]),
    max_size=30,
).map("".join)
_texts = st.text() | _near | st.builds("{}:/{}".format, _near, _near)


def _mounted(kind: str, source: str) -> HostMount:
    return HostMount("/mnt", kind, source, frozenset({"rw"}))


@pytest.mark.parametrize(("protocol", "text", "why"), _HOSTILE)
def test_hostile_location_is_refused(protocol: ShareProtocol, text: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(protocol, text)
    reason = caught.value.message.rpartition("is refused: ")[2]
    assert why in reason
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize(("protocol", "text", "path", "servers"), _GOOD)
def test_good_location_is_taken_apart(
    protocol: ShareProtocol, text: str, path: str, servers: tuple[Server, ...]
) -> None:
    assert parse(protocol, ExportLocation(text)) == Export(servers, path, text)


@given(st.sampled_from(ShareProtocol), _texts)
@example(NFS, "a:/")
def test_what_is_accepted_is_safe(protocol: ShareProtocol, text: str) -> None:
    try:
        export = parse(protocol, text)
    except Refused:
        return
    assert export.source == text
    assert not text.startswith("-")
    assert text.isprintable()
    path = text.partition(":/")[2]
    assert not set(path) & set(',"\\')
    assert not {"..", "."} & set(path.split("/"))
    assert export.path.startswith("/")
    allowed = set(string.ascii_letters + string.digits + "-_.:%")
    for server in export.servers:
        assert server.host
        assert not server.host.startswith("-")
        assert set(server.host) <= allowed
    assert protocol is CEPHFS or len(export.servers) == 1


@given(st.sampled_from(ShareProtocol), _texts)
@example(CEPHFS, "192.0.2.1:6789,192.0.2.2:/a")
def test_accepted_location_is_known_again_when_mounted(protocol: ShareProtocol, text: str) -> None:
    try:
        parse(protocol, text)
    except Refused:
        return
    kind = "nfs4" if protocol is NFS else "ceph"
    assert same_source(protocol, text, _mounted(kind, text))


@pytest.mark.parametrize(
    ("protocol", "location", "kind", "source", "same"),
    [
        (NFS, "nas:/a", "nfs", "nas:/a", True),
        (NFS, "nas:/a", "nfs4", "NAS:/a/", True),
        (NFS, "nas:/a", "nfs4", "nas.:/a", True),
        (NFS, "nas:/a", "nfs4", "nas:/b", False),
        (NFS, "nas:/a", "nfs4", "nas2:/a", False),
        (NFS, "nas:/a", "nfs4", "nas:/A", False),
        (NFS, "nas:/a", "nfs4", "nas:/a/b", False),
        (NFS, "nas:/a", "ext4", "nas:/a", False),
        (NFS, "nas:/a", "fuse.sshfs", "nas:/a", False),
        (NFS, "nas:/a", "nfs4", "-o:/a", False),
        (NFS, "[2001:db8::1]:/a", "nfs4", "[2001:0DB8:0::1]:/a", True),
        (NFS, "-o:/a", "nfs4", "-o:/a", False),
        (CEPHFS, "m1:6789,m2:6789:/a", "ceph", "m2:6789,m1:6789:/a", True),
        (CEPHFS, "m1:6789,m2:6789:/a", "ceph", "m1,m2:/a", True),
        (CEPHFS, "m1:6789,m2:6789:/a", "ceph", "m2:6789,m3:6789:/a", True),
        (CEPHFS, "m1:6789:/a", "ceph", "m1:3300:/a", True),
        (CEPHFS, "m1:6789:/a", "ceph", "m1:7000:/a", False),
        (CEPHFS, "m1:6789:/a", "ceph", "m3:6789:/a", False),
        (CEPHFS, "m1:6789:/a", "ceph", "m1:6789:/b", False),
        (CEPHFS, "m1:6789:/a", "nfs4", "m1:6789:/a", False),
        (CEPHFS, "m1:6789:/a", "fuse.ceph-fuse", "m1:6789:/a", True),
        (CEPHFS, "m1:6789,[::2]:6789:/a", "fuse.ceph-fuse", "m1:6789/[::2]:6789:/a", True),
        (CEPHFS, "m1:6789,m2:6789:/a", "ceph", "m1:6789/m2:6789:/a", False),
        (CEPHFS, "m1:6789:/a", "fuse.sshfs", "m1:6789:/a", False),
        (NFS, "nas:/a", "fuse.ceph-fuse", "nas:/a", False),
    ],
)
def test_same_source(
    protocol: ShareProtocol, location: str, kind: str, source: str, same: bool
) -> None:
    assert same_source(protocol, location, _mounted(kind, source)) is same


@pytest.mark.parametrize(
    ("protocol", "kind"), [(NFS, "nfs4"), (CEPHFS, "ceph"), (CEPHFS, "fuse.ceph-fuse")]
)
@pytest.mark.parametrize("root", ["/sub", "/sub//deleted"])
def test_bind_mount_of_a_folder_of_the_export_is_not_the_export(
    protocol: ShareProtocol, kind: str, root: str
) -> None:
    mount = _mounted(kind, "nas:/a")
    assert same_source(protocol, "nas:/a", mount)
    assert not same_source(protocol, "nas:/a", replace(mount, root=root))


def _share(*locations: ExportLocation) -> Share:
    return Share("id", "docs", "NFS", "available", "project", export_locations=locations)


def test_preferred_location_is_chosen() -> None:
    second = ExportLocation("nas:/second", preferred=True)
    assert candidates(_share(ExportLocation("nas:/first"), second)) == ("nas:/second", "nas:/first")


def test_else_the_first() -> None:
    assert candidates(_share(ExportLocation("nas:/1"), ExportLocation("nas:/2"))) == (
        "nas:/1",
        "nas:/2",
    )


def test_others_that_are_unsafe_or_the_same_are_left_out() -> None:
    others = (ExportLocation(path) for path in ("-o:/1", "NAS:/1", "//nas/1", "nas:/2"))
    share = _share(ExportLocation("nas:/1"), *others)
    assert candidates(share) == ("nas:/1", "nas:/2")


def test_no_more_than_eight_are_tried() -> None:
    many = (ExportLocation(f"nas{number}:/1") for number in range(1000))
    assert len(candidates(_share(*many))) == 8


def test_location_by_path_or_id() -> None:
    share = _share(ExportLocation("nas:/1", id="one"), ExportLocation("-o:/2", id="two"))
    assert named(share, "nas:/1") == named(share, "one") == "nas:/1"
    for wanted in ("two", "-o:/2", "nas:/3", ""):
        with pytest.raises(Refused):
            named(share, wanted)


def test_hostile_preferred_location_is_refused_not_passed_over() -> None:
    locations = ExportLocation("nas:/a"), ExportLocation("-o:/a", preferred=True)
    with pytest.raises(Refused, match="'-o' is not a host name"):
        candidates(_share(*locations))


def test_share_without_location_is_refused() -> None:
    with pytest.raises(Refused, match="share id has no export location"):
        candidates(_share())
