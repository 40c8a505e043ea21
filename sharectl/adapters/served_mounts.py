"""What processes in other mount namespaces serve, read from /proc alone.

A virtiofsd makes a mount namespace of its own, in which the folder that it serves is the root. It
keeps that when the host unmounts it. Neither libvirt nor a file server is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sharectl.errors import HostFailed
from sharectl.host_files import telling
from sharectl.model.mounts import HostMount, ServedMount, parse_mountinfo
from sharectl.model.places import SHARE_TYPES, MountTable, place_of

_PROC = Path("/proc")


def served(mounts: tuple[HostMount, ...], base: str) -> tuple[ServedMount, ...]:
    """Roots that are a file system of a share, or a folder that lies below `base`.

    Args:
        mounts: those of this host.
        base: the folder of the mount points.
    """
    table = MountTable(mounts)
    devices = {item.device for item in table.children(base)}
    folder = table.place(base)
    return tuple(
        item
        for item in _roots()
        if item.mount.fs_type in SHARE_TYPES
        or item.mount.device in devices
        or (folder is not None and folder.has(place_of(item.mount)))
    )


def _roots() -> Iterator[ServedMount]:
    """The root of each mount namespace but this one, with the first process that is in it."""
    with telling("the kernel does not say what runs", _PROC, HostFailed):
        seen = {str((_PROC / "self" / "ns" / "mnt").readlink())}
        with os.scandir(_PROC) as entries:
            processes = [entry.path for entry in entries if entry.name.isdecimal()]
    for process in processes:
        with suppress(OSError):  # it has ended meanwhile, or is a thread of the kernel
            namespace = os.readlink(f"{process}/ns/mnt")  # noqa: PTH115 - of thousands
            if namespace in seen:
                continue
            root = _root(Path(process, "mountinfo").read_bytes())
            seen.add(namespace)
            if root is not None:
                command = Path(process, "comm").read_text(errors="replace").strip()
                yield ServedMount(int(Path(process).name), command, root)


def _root(mountinfo: bytes) -> HostMount | None:
    """What is mounted at "/"; of hundreds of lines, as containers have them, one is parsed."""
    lines = [line for line in mountinfo.split(b"\n") if b" / " in line and _at_root(line)]
    found = parse_mountinfo(b"\n".join(lines).decode(errors="surrogateescape"))
    return found[-1] if found else None


def _at_root(line: bytes) -> bool:
    fields = line.split(b" ", 5)
    return len(fields) > 5 and fields[4] == b"/"
