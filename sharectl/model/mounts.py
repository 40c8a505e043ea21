"""What is mounted on the host, and what is to be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sharectl.model.enums import AccessLevel, ShareProtocol

_ESCAPE = re.compile(r"\\([0-7]{3})")
_DELETED = "//deleted"
# "ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS" (proc(5))
_BEFORE_DASH = 6
_AFTER_DASH = 3


@dataclass(frozen=True)
class HostMount:
    """One line of mountinfo.

    `root` is the folder of the file system that is seen at the mount point: "/" but for a bind
    mount of another one. NFS shows "/" always, and has the folder in `source`. `device` is the
    file system's "MAJOR:MINOR", which all mounts of one file system have in common.
    """

    mount_point: str
    fs_type: str
    source: str
    options: frozenset[str]
    super_options: frozenset[str] = frozenset()
    root: str = "/"
    device: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """What is mounted there, for messages."""
        return self.source if self.root == "/" else f"{self.root} of {self.source}"

    def same_as(self, other: HostMount) -> bool:
        """Whether both show the same, perhaps one on top of the other."""
        return (self.fs_type, self.source, self.root) == (other.fs_type, other.source, other.root)

    @property
    def mode(self) -> AccessLevel:
        """The level at which it is mounted."""
        return AccessLevel.RO if self.read_only else AccessLevel.RW

    @property
    def read_only(self) -> bool:
        """Read-only here, whatever the server would allow."""
        return "ro" in self.options or "ro" in self.super_options


@dataclass(frozen=True)
class MountRequest:
    """A mount to make. `source` is a checked export location; `user` is the cephx id.

    `rule_id`, the access rule that the mount is made with, and `project_id` are for its note.
    """

    protocol: ShareProtocol
    source: str
    mount_point: Path
    level: AccessLevel
    user: str | None = None
    filesystem_name: str | None = None
    rule_id: str | None = None
    project_id: str = ""


@dataclass(frozen=True)
class MountNote:
    """What is noted of a mount when sharectl makes it, and kept until the next boot.

    It tells the mount from one that somebody else has made at the same place: `device` is that of
    the mount (see `HostMount`). `rule_id` is the access rule that it was made with, if known: a
    CephFS client whose rule was made again since then has a key that is of no use any more.
    `project_id` is the project that attached the share, empty where that is not known.
    """

    mount_point: str
    device: str
    source: str
    level: AccessLevel
    rule_id: str | None = None
    project_id: str = ""


@dataclass(frozen=True)
class ServedMount:
    """A file system that process `pid` of another mount namespace serves; see `HostMount`."""

    pid: int
    command: str
    mount: HostMount


def parse_mountinfo(text: str) -> tuple[HostMount, ...]:
    """The mounts that `/proc/self/mountinfo` lists, oldest first.

    A later mount on the same mount point covers the earlier one. Lines that the kernel cut short
    are skipped. Octal escapes are decoded (proc(5)); the suffix that the kernel adds to a mount
    point or a root whose folder was removed is dropped.
    """
    # Not splitlines(): the kernel leaves other separators in names as they are.
    mounts = (_parse_line(line) for line in text.split("\n"))
    return tuple(item for item in mounts if item is not None)


def _parse_line(line: str) -> HostMount | None:
    left, dash, right = line.partition(" - ")
    before, after = left.split(" "), right.split(" ")
    if not dash or len(before) < _BEFORE_DASH or len(after) < _AFTER_DASH:
        return None
    return HostMount(
        mount_point=_unescape(before[4]).removesuffix(_DELETED),
        fs_type=after[0],
        source=_unescape(after[1]),
        options=frozenset(before[5].split(",")),
        super_options=frozenset(" ".join(after[2:]).split(",")),
        root=_unescape(before[3]).removesuffix(_DELETED) or "/",
        device=before[2],
    )


def _unescape(field: str) -> str:
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
    # Non-ASCII bytes come unescaped in the text, escapes are single bytes below 128.
    return raw


def mounted_at(mounts: tuple[HostMount, ...], mount_point: str) -> HostMount | None:
    """The mount that is visible at `mount_point`: the last one made there."""
    found = layers_at(mounts, mount_point)
    return found[-1] if found else None


def layers_at(mounts: tuple[HostMount, ...], mount_point: str) -> tuple[HostMount, ...]:
    """All mounts at `mount_point`, each covered by the next."""
    return tuple(item for item in mounts if item.mount_point == mount_point)
