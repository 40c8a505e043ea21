"""mount(2) and umount2(2) for what is mounted already, where a program would take too long."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_MS_BIND = 4096
_MNT_DETACH = 2
_UMOUNT_NOFOLLOW = 8


def bind(source: Path, target: Path) -> None:
    """Show what is mounted at `source` at `target` as well. Raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND, None) != 0:
        raise _last_error(target)


def detach(target: Path) -> None:
    """Take the mount at `target` out of the tree, whoever uses it. Raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(target), _MNT_DETACH | _UMOUNT_NOFOLLOW) != 0:
        raise _last_error(target)


def _last_error(path: Path) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), str(path))
