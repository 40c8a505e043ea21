"""Whether a mount is the right one, whether it is ours, and whether its key is of use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharectl.errors import Unavailable
from sharectl.model.enums import AccessLevel, AccessType, RuleState, ShareProtocol
from sharectl.model.mount_use import check_made, is_ours, is_outdated, is_right
from sharectl.model.mounts import HostMount, MountNote, MountRequest
from sharectl.model.share import AccessRule
from tests.model import things

_NFS = things.MAPPING
_CEPH = replace(
    _NFS, protocol=ShareProtocol.CEPHFS, export_location="192.0.2.21:6789:/volumes/a",
    access_type=AccessType.CEPHX, access_to="sharectl-x",
)  # fmt: skip
_RULE = AccessRule("r2", "cephx", "sharectl-x", "rw", RuleState.ACTIVE)
_AT = _NFS.mount_point
_MOUNT = HostMount(_AT, "nfs4", _NFS.export_location, frozenset({"rw"}), device="0:50")
_NOTE = MountNote(_AT, "0:50", _MOUNT.source, AccessLevel.RW, "r1")


@pytest.mark.parametrize("level", AccessLevel)
@pytest.mark.parametrize("options", ["rw", "ro"])
def test_right_is_writable_exactly_where_the_mapping_is(level: AccessLevel, options: str) -> None:
    mount = replace(_MOUNT, options=frozenset({options}))
    assert is_right(replace(_NFS, access_level=level), mount) is (level == options)
    assert not is_right(_NFS, replace(mount, source="192.0.2.1:/other"))


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        ({}, True),
        ({"device": "0:51"}, False),
        ({"source": "/dev/vdb1", "fs_type": "ext4"}, False),  # with the number of ours, free again
        ({"root": "/sub"}, False),
    ],
)
def test_ours_is_what_was_noted(found: dict[str, str], ours: bool) -> None:
    moved = replace(_NFS, export_location="192.0.2.1:/elsewhere")
    mount = replace(_MOUNT, **found)  # type: ignore[arg-type]
    assert is_ours(_NFS, mount, _NOTE) is ours
    assert is_ours(moved, mount, _NOTE) is ours


def test_without_a_note_ours_is_a_mount_of_the_export() -> None:
    assert is_ours(_NFS, _MOUNT, None)
    assert not is_ours(_NFS, replace(_MOUNT, source="192.0.2.1:/elsewhere"), None)
    assert not is_ours(_NFS, replace(_MOUNT, fs_type="ext4"), None)


def test_outdated_is_a_mount_with_the_key_of_another_rule() -> None:
    note = replace(_NOTE, source=_CEPH.export_location)
    assert is_outdated(_CEPH, note, (_RULE,))
    assert not is_outdated(_CEPH, replace(note, rule_id="r2"), (_RULE,))
    assert not is_outdated(_CEPH, note, (replace(_RULE, state=RuleState.APPLYING),))
    assert not is_outdated(_CEPH, note, ())
    assert not is_outdated(_CEPH, note, None)
    assert not is_outdated(_CEPH, None, (_RULE,))
    assert not is_outdated(_CEPH, replace(note, rule_id=None), (_RULE,))
    assert not is_outdated(_NFS, note, (replace(things.RULE, id="r2"),))


@pytest.mark.parametrize(
    ("found", "level", "said"),
    [
        (None, AccessLevel.RW, "shows nothing"),
        (replace(_MOUNT, source="trap:/x"), AccessLevel.RW, r"shows trap:/x \(nfs4\)"),
        (replace(_MOUNT, options=frozenset({"ro"})), AccessLevel.RW, "shows it read-only"),
        (_MOUNT, AccessLevel.RO, "shows it writable"),
    ],
)
def test_what_is_not_asked_for_is_refused(
    found: HostMount | None, level: AccessLevel, said: str
) -> None:
    request = MountRequest(ShareProtocol.NFS, _NFS.export_location, Path(_AT), level)
    with pytest.raises(Unavailable, match=said):
        check_made(request, found)


def test_what_is_asked_for_is_returned() -> None:
    request = MountRequest(ShareProtocol.NFS, _NFS.export_location, Path(_AT), AccessLevel.RW)
    assert check_made(request, _MOUNT) is _MOUNT
