"""Whether the virtiofsd of a running guest's filesystem is alive, without asking libvirt.

libvirt writes the daemon's number into a file that the daemon keeps locked for as long as it lives;
the file stays when the daemon dies. Nothing else tells: the domain runs on, and no event comes.
"""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path

from sharectl.model.host import SYSTEM

FOLDER = Path("/run/libvirt/qemu")
_NAME_LENGTH = 20  # libvirt's VIR_DOMAIN_SHORT_NAME_MAX
_FLOCK = "hhqqi"  # struct flock of 64-bit Linux: type, whence, start, length, pid


def is_served(uri: str, number: str, name: str, alias: str) -> bool:
    """Whether the daemon lives; taken for granted where libvirt has not started it itself.

    Args:
        uri: the libvirt that has the domain, in its one spelling.
        number: the domain's id.
        name: its name.
        alias: that of the filesystem in the live XML.
    """
    if uri != SYSTEM or not (number and alias):
        return True
    exact = FOLDER / f"{number}-{name[:_NAME_LENGTH]}-{alias}-fs.pid"
    locked = _is_locked(exact)
    if locked is None and not name.isascii():  # libvirt cuts such a name as its locale says
        found = _files(number, alias)
        locked = _is_locked(found[0]) if len(found) == 1 else None
    return locked is not False


def _files(number: str, alias: str) -> list[Path]:
    """Those that may be meant; none where they cannot be listed."""
    try:
        found = list(FOLDER.glob(f"{number}-*-fs.pid"))
    except OSError:
        return []
    return [path for path in found if path.name.endswith(f"-{alias}-fs.pid")]


def _is_locked(path: Path) -> bool | None:
    """Whether somebody holds a lock on the file; None when it cannot be opened."""
    try:
        with path.open("rb") as file:
            asked = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
            kind: int = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))[0]
    except OSError:
        return None
    return kind != fcntl.F_UNLCK
