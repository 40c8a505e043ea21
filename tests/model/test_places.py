"""Where paths lead, by mountinfo alone, and who holds a share's file system."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model.enums import AccessLevel, AccessType, ShareProtocol
from sharectl.model.mount_use import holders
from sharectl.model.mounts import HostMount, MountNote, ServedMount, parse_mountinfo
from sharectl.model.places import MountTable, Place, place_of
from tests.model import things

_AT = things.MOUNT_POINT
_ROOT = HostMount("/", "ext4", "/dev/vda1", frozenset({"rw"}), device="254:1")
_RUN = HostMount("/run", "tmpfs", "tmpfs", frozenset({"rw"}), device="0:25")
_NFS = replace(things.MOUNT, device="0:50")
_FUSE = HostMount(
    _AT, "fuse.ceph-fuse", "192.0.2.21:6789/192.0.2.22:6789:/volumes/a", frozenset(), device="0:60"
)
_CEPH = replace(
    things.MAPPING, protocol=ShareProtocol.CEPHFS, access_type=AccessType.CEPHX,
    export_location="192.0.2.21:6789,192.0.2.22:6789:/volumes/a",
)  # fmt: skip
_HOST = (_RUN, _ROOT, _NFS)  # where / was mounted last, as when an initramfs handed over


@pytest.mark.parametrize(
    ("path", "device", "folder"),
    [
        ("/", "254:1", "/"),
        ("/etc", "254:1", "/etc"),
        ("/run", "0:25", "/"),
        ("/run/sharectl/mnt", "0:25", "/sharectl/mnt"),
        (f"{_AT}x", "0:25", "/sharectl/mnt/s1x"),
        (_AT, "0:50", "/exports/one"),
        (f"{_AT}/a/b", "0:50", "/exports/one/a/b"),
    ],
)
def test_place_of_a_path(path: str, device: str, folder: str) -> None:
    assert MountTable(_HOST).place(path) == Place(device, folder)


def test_place_below_what_is_mounted() -> None:
    assert MountTable(_HOST).under(_AT) == Place("0:25", "/sharectl/mnt/s1")
    assert MountTable(_HOST).under("/run") == Place("254:1", "/run")


def test_place_of_a_bind_mount_is_that_of_its_folder() -> None:
    bound = HostMount("/srv/x", "tmpfs", "tmpfs", frozenset(), root="/deep/er", device="0:25")
    assert MountTable((*_HOST, bound)).place("/srv/x/y") == Place("0:25", "/deep/er/y")


def test_children_are_directly_in_the_folder() -> None:
    deeper = replace(_NFS, mount_point=f"{_AT}/deeper")
    assert list(MountTable((*_HOST, deeper)).children("/run/sharectl/mnt")) == [_NFS]


@pytest.mark.parametrize("outer", ["/", "/a"])
def test_place_has_what_lies_in_it(outer: str) -> None:
    place = Place("0:1", outer)
    assert place.has(place)
    assert place.has(Place("0:1", "/a/b"))
    assert not place.has(Place("0:2", "/a/b"))
    assert place.has(Place("0:1", "/ab")) is (outer == "/")


def _served(mount: HostMount, **changes: str) -> ServedMount:
    return ServedMount(9, "virtiofsd", replace(mount, mount_point="/", **changes))  # type: ignore[arg-type]


_OTHER_SHARE = {"source": "192.0.2.1:/exports/two"}  # of one file system of the server
_FOLDER = _served(_RUN, root="/sharectl/mnt/s1")


@pytest.mark.parametrize(
    ("mounted", "served", "held"),
    [
        ([_NFS], _served(_NFS), True),
        ([], _served(_NFS), True),
        ([_NFS], _served(_NFS, device="0:77"), True),
        ([_NFS], _served(_NFS, source=f"{_NFS.source}/sub"), True),
        ([_NFS], _served(_NFS, **_OTHER_SHARE), False),
        ([_NFS], _served(_NFS, source=f"{_NFS.source}two"), False),
        ([_NFS], _served(_NFS, source="192.0.2.9:/exports/one", device="0:77"), False),
        ([_NFS], _FOLDER, True),
        ([], _FOLDER, True),
        ([], _served(_RUN, root="/sharectl/mnt/s12"), False),
        ([], _served(_RUN), False),
        ([replace(_ROOT, mount_point=_AT, device="8:1")], _served(_ROOT, device="8:1"), True),
    ],
)
def test_holders_of_nfs(mounted: list[HostMount], served: ServedMount, held: bool) -> None:
    found = holders(things.MAPPING, (_RUN, _ROOT, *mounted), {}, (served,))
    assert found == ((served,) if held else ())


@pytest.mark.parametrize(
    ("served", "held"),
    [
        (_served(_FUSE), True),
        (_served(_FUSE, root="/sub", device="0:77"), True),
        (_served(_FUSE, source="192.0.2.21:6789:/volumes/b", device="0:77"), False),
        (_served(_FUSE, source="192.0.2.21:6789:/volumes/a/deeper", device="0:77"), True),
    ],
)
def test_holders_of_cephfs(served: ServedMount, held: bool) -> None:
    assert holders(_CEPH, (_RUN, _ROOT), {}, (served,)) == ((served,) if held else ())


def test_mount_from_before_the_export_moved_is_known_by_its_note() -> None:
    old = replace(_NFS, source="192.0.2.7:/old")
    note = MountNote(_AT, "0:50", old.source, AccessLevel.RW)
    again = _served(_ROOT, device="0:50")  # the number is another's now
    found = holders(things.MAPPING, (_RUN, _ROOT), {_AT: note}, (_served(old), again))
    assert found == (_served(old),)


def test_root_of_a_folder_that_was_removed() -> None:
    (mount,) = parse_mountinfo("1 2 0:25 /sharectl/mnt/s1//deleted / rw - tmpfs tmpfs rw")
    assert place_of(mount) == Place("0:25", "/sharectl/mnt/s1")
