"""libvirt's side: domains and their filesystems."""

from __future__ import annotations

from dataclasses import dataclass, field

from sharectl.model.mark import Mark


@dataclass(frozen=True)
class Filesystem:
    """A `<filesystem>` element: the guest mounts `tag`, the host serves `source`."""

    tag: str
    source: str | None
    driver: str = "virtiofs"
    readonly: bool = False


@dataclass(frozen=True)
class Domain:
    """A libvirt domain as observed. Its identity is the UUID; the name is a label.

    `filesystems` are those of the persistent definition, `live_filesystems` those of the running
    guest (empty when it is shut off). `marks` are what its metadata says of our mappings. `xml` is
    the persistent definition as libvirt gives it.
    """

    uuid: str
    name: str
    persistent: bool = True
    running: bool = False
    managed_save: bool = False
    snapshots: int = 0
    shared_memory: bool = False
    filesystems: tuple[Filesystem, ...] = ()
    live_filesystems: tuple[Filesystem, ...] = ()
    marks: tuple[Mark, ...] = ()
    xml: str = field(default="", repr=False)

    def uses(self, source: str) -> bool:
        """Whether the persistent definition or the running guest serves `source`."""
        everything = self.filesystems + self.live_filesystems
        return any(is_within(item.source, source) for item in everything)


def is_within(path: str | None, folder: str) -> bool:
    """Whether `path` is `folder` or below it, by name alone: nothing is looked up."""
    return path is not None and (path == folder or path.startswith(folder + "/"))
