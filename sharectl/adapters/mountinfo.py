"""What is mounted, read from the kernel without touching a file server."""

from __future__ import annotations

from pathlib import Path

from sharectl.model.mounts import HostMount, parse_mountinfo

MOUNTINFO = Path("/proc/self/mountinfo")


def read() -> tuple[HostMount, ...]:
    """All mounts, oldest first.

    Read until two reads agree: kernels before 5.8 can leave lines out during a change.
    """
    seen = MOUNTINFO.read_bytes()
    for _ in range(5):
        again = MOUNTINFO.read_bytes()
        if again == seen:
            break
        seen = again
    return parse_mountinfo(seen.decode(errors="surrogateescape"))
