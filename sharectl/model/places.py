"""Where a path leads: which file system, and which folder in it.

One file system can be seen at many paths: through bind mounts, and in other mount namespaces. The
device number and the folder in the file system are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import normpath

from sharectl.model.domain import is_within
from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import CEPH_FUSE_TYPE, KERNEL_TYPES
from sharectl.model.mounts import HostMount

SHARE_TYPES = frozenset({CEPH_FUSE_TYPE}).union(*KERNEL_TYPES.values())
"""Types of the file systems that shares are."""


@dataclass(frozen=True)
class Place:
    """Folder `folder` of the file system with the number `device`."""

    device: str
    folder: str

    def has(self, other: Place) -> bool:
        """Whether `other` is this folder, or lies in it."""
        folder = self.folder.rstrip("/")
        return self.device == other.device and (not folder or is_within(other.folder, folder))

    def below(self, path: str) -> Place:
        """Where `path`, relative to this folder, leads."""
        return Place(self.device, _joined(self.folder, path))


def is_share_mount(mount: HostMount) -> bool:
    """Whether the mount is of a kind that sharectl makes: a whole export, by a file server."""
    return mount.fs_type in SHARE_TYPES and mount.root == "/"


def place_of(mount: HostMount) -> Place:
    """What is seen at the mount point.

    NFS gives "/" as root whatever is mounted, and has the folder in the source; and what two
    mounts show can be one file system of the server, with one number.
    """
    if mount.fs_type in KERNEL_TYPES[ShareProtocol.NFS]:
        return Place(mount.device, normpath("/" + mount.source.partition(":/")[2].strip("/")))
    return Place(mount.device, mount.root)


class MountTable:
    """Mounts, to be asked for paths. Nothing is looked up."""

    def __init__(self, mounts: Iterable[HostMount]) -> None:
        self._visible = {item.mount_point: item for item in mounts}  # the last covers the others

    def covering(self, path: str) -> HostMount | None:
        """The mount that `path`, which has no links in it, lies on."""
        return next((self._visible[item] for item in _upwards(path) if item in self._visible), None)

    def place(self, path: str) -> Place | None:
        """Where `path`, which has no links in it, leads."""
        mount = self.covering(path)
        if mount is None:
            return None
        return place_of(mount).below(path[len(mount.mount_point.rstrip("/")) :])

    def under(self, path: str) -> Place | None:
        """Where `path` would lead with nothing mounted at it."""
        parent, _, name = path.rpartition("/")
        above = self.place(parent or "/")
        return above.below(name) if above is not None else None

    def children(self, folder: str) -> Iterator[HostMount]:
        """What is mounted directly in `folder`."""
        for item in self._visible.values():
            if item.mount_point.rpartition("/")[0] == folder:
                yield item


def _upwards(path: str) -> Iterator[str]:
    while path not in ("", "/"):
        yield path
        path = path.rpartition("/")[0]
    yield "/"


def _joined(folder: str, path: str) -> str:
    path = path.strip("/")
    return f"{folder.rstrip('/')}/{path}" if path else folder
