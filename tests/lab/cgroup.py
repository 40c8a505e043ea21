"""A control group for the sandbox, which is removed when the sandbox has ended.

libvirt can do without control groups, but 9.0 dies (SIGSEGV) when a virtiofs filesystem is
attached to a running domain and there are none. One controller is enough for it. net_cls is taken
since it does nothing by itself and nobody else uses it: no group of the machine's own is touched.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from tests.lab import syscalls
from tests.lab.syscalls import CLONE_NEWCGROUP, CLONE_NEWNS, MS_PRIVATE, MS_REC

_MOUNT_POINT = Path("/sys/fs/cgroup")
_PATIENCE_SECONDS = 10.0


def name() -> str:
    """The name of the group for the sandbox that this process starts."""
    return f"sharectl-lab-{os.getpid()}"


def join(group: str) -> None:
    """Make `group` the root of all that this process and its children see below /sys/fs/cgroup.

    Where the kernel has no net_cls there will be no control groups.
    """
    if not _mounted():
        return
    folder = _MOUNT_POINT / group
    folder.mkdir(exist_ok=True)
    (folder / "cgroup.procs").write_text("0")  # 0 is the writer
    syscalls.unshare(CLONE_NEWCGROUP)
    _mounted()  # now it shows the group as its root


def remove_afterwards(group: str, alive: int, lifeline: int) -> int:
    """Start a process that removes `group` when the caller has closed `lifeline`, or has died.

    `alive` and `lifeline` are the ends of one pipe. Returned: the process's pid. It is outside
    the sandbox, so that it outlives a killed one.
    """
    pid = os.fork()
    if pid == 0:
        os.close(lifeline)
        with contextlib.suppress(OSError):
            _wait_and_remove(group, alive)
        os._exit(0)
    return pid


def _wait_and_remove(group: str, alive: int) -> None:
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):  # whoever reads our output must not wait for this process
        os.dup2(nothing, standard)
    syscalls.unshare(CLONE_NEWNS)
    syscalls.mount("none", "/", flags=MS_REC | MS_PRIVATE)
    nested = (_MOUNT_POINT / "net_cls.classid").exists()
    if not _mounted():
        return
    os.read(alive, 1)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _removed(_MOUNT_POINT / group) and time.monotonic() < deadline:
        time.sleep(0.01)  # its last processes are still being killed
    if not nested:
        _await_empty_hierarchy(deadline)


def _await_empty_hierarchy(deadline: float) -> None:
    """Wait for what we removed to be gone, unless other sandboxes have groups.

    The kernel drops a hierarchy if it is empty when it is unmounted, as it is when this process
    ends; but a removed group takes a moment to be gone.
    """
    while _groups() > 1 and not any(_MOUNT_POINT.glob("*/")) and time.monotonic() < deadline:
        time.sleep(0.005)


def _removed(folder: Path) -> bool:
    """Whether `folder`, with the groups that libvirt made in it, is gone now."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # busy, or gone with its parent
            Path(path).rmdir()
    return not folder.exists()


def _mounted() -> bool:
    """Mount the net_cls hierarchy in place of whatever is mounted there."""
    while syscalls.detach(_MOUNT_POINT):
        pass
    try:
        syscalls.mount("lab", _MOUNT_POINT, "cgroup", options="net_cls")
    except OSError:
        return False
    return True


def _groups() -> int:
    """How many groups net_cls has, its root included; the columns are in cgroups(7)."""
    for line in Path("/proc/cgroups").read_text().splitlines():
        controller, _, number, *_ = line.split()
        if controller == "net_cls":
            return int(number)
    return 0
