"""What a command in the sandbox sees: own /proc, /sys, /dev, /run, and its own /etc and /var.

/etc, /var/lib and /var/log are overlays: the machine's files can be read, and what is written
stays private. Where a daemon's files on this machine must not even be seen (libvirt, sharectl),
an empty folder covers them. /tmp, the checkout and the lab's cache are the machine's own.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from tests.lab import syscalls
from tests.lab.syscalls import MS_BIND, MS_MOVE, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC

HOSTNAME = "compute1"
ADDRESS = "10.99.0.1"

_OVERLAYS = (Path("/etc"), Path("/var/lib"), Path("/var/log"))
_EMPTY = (
    Path("/etc/libvirt"),
    Path("/var/lib/libvirt"),
    Path("/var/log/libvirt"),
    Path("/var/cache/libvirt"),
    Path("/var/lib/sharectl"),
    Path("/etc/sharectl"),
)
# No kvm: where /dev/kvm exists but does not work, libvirt probes QEMU anew at every define, which
# takes up to a minute (seen with libvirt 9.0). No block devices: nothing here may touch a disk.
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "fuse",
            "net/tun")  # fmt: skip
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_ETC_FILES = {
    "hostname": f"{HOSTNAME}\n",
    "hosts": f"127.0.0.1 localhost\n::1 localhost\n{ADDRESS} {HOSTNAME}\n",
    # No name server can be reached; asking 127.0.0.1 fails at once instead of after a while.
    "resolv.conf": "nameserver 127.0.0.1\n",
}


def build() -> None:
    """Set up the view; the caller is PID 1 in mount, net, pid, ipc and uts namespaces of its own.

    Raises OSError.
    """
    syscalls.mount("none", "/", flags=MS_REC | MS_PRIVATE)
    socket.sethostname(HOSTNAME)
    syscalls.loopback_up(ADDRESS)
    working_folder = Path.cwd()
    staging = Path("/run")
    syscalls.mount("lab", staging, "tmpfs", options="mode=700")
    for folder in _OVERLAYS:
        _overlay(folder, staging)
    for folder in _EMPTY:
        folder.mkdir(parents=True, exist_ok=True)
        syscalls.mount("lab", folder, "tmpfs", options="mode=755")
    _private_etc()
    _kernel_views()
    _devices(staging)
    syscalls.detach(staging)
    _run_folder()
    os.chdir(working_folder)  # it may lie in what is now covered


def _overlay(folder: Path, staging: Path) -> None:
    """Make what is written to `folder` private; the upper layer outlives its unmounting."""
    name = "-".join(folder.parts[1:])
    upper, work = staging / f"{name}.upper", staging / f"{name}.work"
    upper.mkdir(mode=0o755)
    work.mkdir()
    options = f"lowerdir={folder},upperdir={upper},workdir={work}"
    syscalls.mount("lab", folder, "overlay", options=options)


def _private_etc() -> None:
    for name, text in _ETC_FILES.items():
        path = Path("/etc") / name
        path.unlink(missing_ok=True)  # may be a link to elsewhere
        path.write_text(text)


def _kernel_views() -> None:
    """/proc and /sys of the new namespaces.

    The machine's control groups are not among them: two sandboxes would meet there.
    """
    for folder, fs_type in (("/proc", "proc"), ("/sys", "sysfs")):
        while syscalls.detach(folder):
            pass
        syscalls.mount("lab", folder, fs_type, MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _devices(staging: Path) -> None:
    """A /dev with few nodes, put together aside and then moved into place."""
    new, old = staging / "dev", Path("/dev")
    new.mkdir()
    devices(new)
    while syscalls.detach(old):
        pass
    syscalls.mount(new, old, flags=MS_MOVE)


def devices(new: Path) -> None:
    """Mount a /dev with few nodes, copied from ours, on the folder `new`. Raises OSError."""
    old = Path("/dev")
    syscalls.mount("lab", new, "tmpfs", MS_NOSUID, "mode=755")
    for name in _DEVICES:
        if (old / name).exists():
            (new / name).parent.mkdir(exist_ok=True)
            _copy_node(old / name, new / name)
    for name, target in _LINKS.items():
        (new / name).symlink_to(target)
    for name in ("pts", "shm", "hugepages", "mqueue"):
        (new / name).mkdir()
    # The same terminals as outside, so that ttyname(3) works.
    syscalls.mount(old / "pts", new / "pts", flags=MS_BIND)
    syscalls.mount("lab", new / "shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    syscalls.mount("lab", new / "hugepages", "hugetlbfs")
    syscalls.mount("lab", new / "mqueue", "mqueue")


def _copy_node(old: Path, new: Path) -> None:
    status = old.stat()
    if not stat.S_ISCHR(status.st_mode):  # in containers /dev/ptmx and console may be links
        return
    os.mknod(new, status.st_mode, status.st_rdev)
    new.chmod(stat.S_IMODE(status.st_mode))  # mknod(2) applies the umask


def _run_folder() -> None:
    syscalls.mount("lab", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    lock = Path("/run/lock")
    lock.mkdir()
    lock.chmod(0o1777)
