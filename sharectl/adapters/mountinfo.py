"""What is mounted, read from the kernel without touching a file server."""

from __future__ import annotations

from pathlib import Path

from sharectl.errors import HostFailed
from sharectl.host_files import telling
from sharectl.model.mounts import HostMount, parse_mountinfo

MOUNTINFO = Path("/proc/self/mountinfo")


def read() -> tuple[HostMount, ...]:
    """All mounts, oldest first.

    Read until two reads agree: kernels before 5.8 can leave lines out during a change. Raises
    `HostFailed` when the system lets nothing be read.
    """
    with telling("the kernel does not say what is mounted", MOUNTINFO, HostFailed):
        seen = _stable()
    return parse_mountinfo(seen.decode(errors="surrogateescape"))


def _stable() -> bytes:
    seen = MOUNTINFO.read_bytes()
    for _ in range(5):
        again = MOUNTINFO.read_bytes()
        if again == seen:
            break
        seen = again
    return seen
