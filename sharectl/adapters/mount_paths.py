"""The one form of a path, found without touching a file server.

realpath(3) would ask the server for each name below a network mount, and hang with it.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable

from sharectl.model.mounts import HostMount
from sharectl.model.places import MountTable

# What may wait for another machine or a daemon; of FUSE that is every type, all called `fuse...`.
_REMOTE = frozenset(
    {"nfs", "nfs4", "ceph", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "ocfs2", "gfs2",
     "virtiofs", "autofs"}
)  # fmt: skip
_MOST_LINKS = 40  # as the kernel has it


class Paths:
    """Paths on a host with these mounts, of which those directly in `base` are the shares'."""

    def __init__(self, mounts: tuple[HostMount, ...], base: str) -> None:
        self._table = MountTable(mounts)
        shares = [
            (item.mount_point, place)
            for item in self._table.children(base)
            if (place := self._table.place(item.mount_point)) is not None
        ]
        # An export may lie in another one: what lies in both is the inner one's.
        self._shares = sorted(shares, key=lambda share: -len(share[1].folder))

    def resolve(self, path: str) -> str:
        """The canonical path; below a share's mount point where another path leads into it."""
        plain = self._without_links(path)
        place = self._table.place(plain)
        if place is None:
            return plain
        for mount_point, share in self._shares:
            if share.has(place):
                inside = place.folder[len(share.folder.rstrip("/")) :].strip("/")
                return f"{mount_point}/{inside}" if inside else mount_point
        return plain

    def _without_links(self, path: str) -> str:
        done, links = "", 0
        left = path.split("/")[::-1]
        while left:
            name = left.pop()
            if name in ("", "."):
                continue
            if name == "..":
                done = done.rpartition("/")[0]
                continue
            target = self._target(f"{done}/{name}")
            if target is None:
                done = f"{done}/{name}"
                continue
            links += 1
            if links > _MOST_LINKS:
                return "/" + posixpath.normpath(path).lstrip("/")
            left += target.split("/")[::-1]
            if target.startswith("/"):
                done = ""
        return done or "/"

    def _target(self, path: str) -> str | None:
        """Where a symbolic link leads; None for anything else, and for what is not looked at."""
        mount = self._table.covering(path)
        if mount is None or mount.fs_type in _REMOTE or mount.fs_type.startswith("fuse"):
            return None
        try:
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                return None
            return os.readlink(path)  # noqa: PTH115 - of many paths, and as it is written
        except (OSError, ValueError):
            return None


def resolve(paths: Iterable[str], mounts: tuple[HostMount, ...], base: str) -> dict[str, str]:
    """See `Mounts.resolve`."""
    known = Paths(mounts, base)
    return {path: known.resolve(path) for path in paths}
