"""The system calls that the sandbox needs and Python 3.11 does not offer.

Constants are from linux/sched.h, linux/mount.h, linux/prctl.h and linux/sockios.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_MNT_DETACH = 2
_SYS_PIVOT_ROOT = 155  # x86_64
_PR_SET_PDEATHSIG = 1
_SIOCSIFADDR = 0x8916
_SIOCSIFFLAGS = 0x8914
_SIOCSIFNETMASK = 0x891C
_IFF_UP = 0x1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags`; with CLONE_NEWPID only later children do."""
    _check(_libc.unshare(flags), "unshare")


def die_with_parent(signal: int) -> None:
    """Ask for `signal` when the parent ends, however it ends (prctl(2), PR_SET_PDEATHSIG)."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl")


def mount(
    source: str | Path, target: str | Path, fs_type: str = "none", flags: int = 0, options: str = ""
) -> None:
    """mount(2). Raises OSError naming the target."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        fs_type.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, f"mount {fs_type} on {target}")


def detach(target: str | Path) -> bool:
    """Unmount `target` and all below it, busy or not; False if it is no mount point."""
    return bool(_libc.umount2(os.fsencode(target), _MNT_DETACH) == 0)


def pivot_root(new: Path) -> None:
    """Make `new`, a mount point, the root of this mount namespace, and detach the old one.

    pivot_root(2) allows both to be one folder, the old root then lies on top of the new.
    """
    os.chdir(new)
    _check(_libc.syscall(ctypes.c_long(_SYS_PIVOT_ROOT), b".", b"."), f"pivot_root to {new}")
    detach(".")
    os.chdir("/")


def loopback_up(extra_address: str | None = None) -> None:
    """Bring lo up with 127.0.0.1 and `extra_address` (netdevice(7); an alias needs no netlink)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _IFF_UP))
        if extra_address is None:
            return
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(extra_address))
        fcntl.ioctl(control, _SIOCSIFADDR, struct.pack("16s16s8x", b"lo:1", address))
        mask = struct.pack("HH4s8x", socket.AF_INET, 0, b"\xff" * 4)
        fcntl.ioctl(control, _SIOCSIFNETMASK, struct.pack("16s16s8x", b"lo:1", mask))
