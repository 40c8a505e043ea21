"""The mountinfo parser: nothing in it can stop us, and names come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import same_source
from sharectl.model.mounts import HostMount, mounted_at, parse_mountinfo

_SAMPLES = Path(__file__).parent.parent / "data" / "mountinfo"


def _sample(name: str) -> tuple[HostMount, ...]:
    return parse_mountinfo((_SAMPLES / name).read_bytes().decode(errors="surrogateescape"))


def _escape(name: str) -> str:
    """As the kernel does it (mangle() in fs/proc_namespace.c, seq_path_root())."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in name)


@given(st.text() | st.lists(st.sampled_from([*"0/ -\\,:\n", " - ", "\\04", "\\777"])).map("".join))
@example("36 35 98:0 / /mnt rw -")
@example("36 35 98:0 / /mnt rw - ext3")
@example(" - ")
@example("36 35 98:0 / /mnt\\400 rw - a b c")
def test_parser_takes_anything(text: str) -> None:
    for mount in parse_mountinfo(text):
        assert isinstance(mount, HostMount)


_names = st.text(st.characters(min_codepoint=1), min_size=1).filter(
    lambda name: not name.endswith("//deleted")
)


@given(_names.map("/{}".format), _names)
@example("/with space", "a\tb")
@example("/new\nline", "back\\slash")
@example("/literal\\040octal", "dépôt")
@example("/ - a b", "-")
@example("/bad\udcffutf8", "hash#tag")
@example("/next\x85line", "separators\u2028\x1c\x0b\x0c\r")
def test_names_survive_the_kernels_escapes(point: str, source: str) -> None:
    line = f"36 35 98:0 / {_escape(point)} rw,noatime shared:1 master:2 - nfs4 {_escape(source)} rw"
    assert parse_mountinfo(f"{line}\n{line}\n") == 2 * (
        HostMount(point, "nfs4", source, frozenset({"rw", "noatime"}), frozenset({"rw"})),
    )


def test_odd_names_as_a_kernel_wrote_them() -> None:
    """Mounts that were made under these names; Linux 6.18."""
    mounts = _sample("odd-names.txt")
    names = [item.mount_point.removeprefix("/mnt/odd/") for item in mounts[2:]]
    assert names == [
        "with space",
        "tab\there",
        "new\nline",
        "back\\slash",
        "hash#tag",
        "dépôt-données",
        "literal\\040octal",
        "nel\x85end",
        "ls\u2028end",
        "bad\udcffutf8",
        "vt\x0bff\x0c",
        "covered",
        "covered",
        "bind",
        "gone",
    ]
    sources = [item.source for item in mounts[2:13]]
    assert sources == [f"src {name}" for name in names[:11]]


def test_last_mount_covers_the_others() -> None:
    covering = mounted_at(_sample("odd-names.txt"), "/mnt/odd/covered")
    assert covering is not None
    assert covering.source == "above"


def test_bind_mount_can_be_read_only_where_its_source_is_not() -> None:
    mounts = _sample("odd-names.txt")
    seen = {item.mount_point: item.read_only for item in mounts}
    assert seen["/mnt/odd/bind"]
    assert not seen["/mnt/odd/covered"]


def test_root_tells_a_bind_mount_of_a_folder() -> None:
    lines = (
        "36 35 0:52 / /mnt/1 rw - fuse.ceph-fuse m1:/a rw",
        "37 35 0:52 /with\\040space /mnt/2 rw - fuse.ceph-fuse m1:/a rw",
    )
    whole, folder = parse_mountinfo("\n".join(lines))
    assert (whole.root, whole.label) == ("/", "m1:/a")
    assert (folder.root, folder.label) == ("/with space", "/with space of m1:/a")
    assert not folder.same_as(whole)


def test_nothing_is_mounted_where_nothing_is() -> None:
    assert mounted_at(_sample("odd-names.txt"), "/mnt/odd/with") is None


@pytest.mark.parametrize(
    ("options", "super_options", "read_only"),
    [
        ("rw", "rw", False),
        ("ro,nodev", "rw", True),
        ("rw", "ro,vers=4.2", True),
        ("root", "r", False),
    ],
)
def test_read_only(options: str, super_options: str, read_only: bool) -> None:
    (mount,) = parse_mountinfo(f"36 35 98:0 / /mnt {options} - nfs4 nas:/a {super_options}")
    assert mount.read_only is read_only


@pytest.mark.parametrize(
    ("point", "asked_for", "read_only"),
    [
        ("1", "10.98.0.2:/srv/shares/a", False),
        ("2", "[fd98::2]:/srv/shares/a/", True),
        ("3", "10.98.0.2:/srv/shares/with space", False),
        ("4", "10.98.0.2:/srv/shares/a", False),
    ],
)
def test_nfs_mounts_as_a_kernel_shows_them(point: str, asked_for: str, read_only: bool) -> None:
    """Mounted in this spelling by mount.nfs 2.6.2 on Linux 6.1, in versions 4.2 and 3."""
    mounts = _sample("nfs.txt")
    found = mounted_at(mounts, f"/run/sharectl/mnt/{point}")
    assert found is not None
    assert found.read_only is read_only
    assert _same(asked_for, found)
    others = {item.mount_point[-1] for item in mounts if not _same(asked_for, item)}
    assert others == {"1": set("23"), "2": set("134"), "3": set("124"), "4": set("23")}[point]


def _same(location: str, mount: HostMount) -> bool:
    return same_source(ShareProtocol.NFS, location, mount)
