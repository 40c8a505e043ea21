"""The file system name in a share's metadata, which its users may write."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.model.cephfs import filesystem_name


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("fs=cephfs", "cephfs"),
        ("-o fs=cephfs", "cephfs"),
        ("noatime,fs=vol_1.a-b,ro", "vol_1.a-b"),
        ("fs=one,fs=two", "one"),
        ("fs=", None),
        ("fs", None),
        ("", None),
        ("xfs=a", None),
        ("fs=-a", None),
        ("fs=a/b", None),
        ("fs=a b", "a"),
        ("fs=a;reboot", None),
        ("fs=$(reboot)", None),
        ("'fs=a", None),
        ("fs='a,secret=b'", "a"),
        ("fs=é", None),
        ("fs=a\nb", "a"),
        ("fs=" + "a" * 129, None),
        ("recover_session=clean,secretfile=/etc/shadow", None),
    ],
)
def test_name(options: str, name: str | None) -> None:
    assert filesystem_name({"__mount_options": options}) == name


def test_share_without_options_has_no_name() -> None:
    assert filesystem_name({"fs": "cephfs"}) is None


@given(st.text() | st.text(alphabet="fs=,'\" \\a-\n$").map("fs={}".format))
def test_only_harmless_names_come_out(options: str) -> None:
    name = filesystem_name({"__mount_options": options})
    assert name is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name)
