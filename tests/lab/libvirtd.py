"""A libvirtd of our own, at libvirt's default socket, for use in the sandbox only.

So `qemu:///system` is the real thing, with the real QEMU driver, and no machine-wide state.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import cache, packages, processes, sandbox
from tests.lab.processes import Daemon, LabError

URI = "qemu:///system"
HOOKS = Path("/etc/libvirt/hooks")

_ETC = Path("/etc/libvirt")
# What libvirt learned by running QEMU, which takes it a second. It checks by itself whether that
# is still true of this QEMU, kernel and CPU.
LEARNED = Path("/var/cache/libvirt/qemu/capabilities")
# libvirt-daemon brings the programs; the units, users and rules are in libvirt-daemon-system.
_PROGRAMS = ("libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "qemu-system-x86")
_TO_BUILD_PYTHON_BINDING = ("libvirt-dev", "gcc", "pkg-config", "python3-dev")
_HOST_UUID = "5f1c2a60-8a4e-4c5b-9d0e-6c6162000001"
USERS = {
    "passwd": "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin",
    "group": "libvirt-qemu:x:64055:",
}
FILES = {
    # Without a mount namespace of its own QEMU's /dev/pts is the sandbox's; libvirt 9.0 fails
    # there with "Unable to move /dev/pts mount". No owners are remembered because the kernel and
    # the initramfs may lie on a read-only file system without xattrs.
    "qemu.conf": """\
user = "root"
group = "root"
security_driver = "none"
namespaces = [ ]
hugetlbfs_mount = "/dev/hugepages"
remember_owner = 0
""",
    "libvirtd.conf": f"""\
auth_unix_rw = "none"
host_uuid = "{_HOST_UUID}"
log_outputs = "3:stderr"
""",
    "virtlogd.conf": 'log_outputs = "3:stderr"\n',
}


def setup() -> None:
    """Install libvirt, QEMU, and what `pip install libvirt-python` compiles against."""
    packages.install(*_PROGRAMS, *_TO_BUILD_PYTHON_BINDING)


@dataclass
class Libvirtd:
    """The running daemons. Guests outlive `restart`, as on a real host."""

    run: Path
    _daemons: list[Daemon] = field(default_factory=list)

    def start(self) -> None:
        """Start virtlogd and libvirtd and wait until libvirtd answers."""
        virtlogd = processes.start(["virtlogd"], log=self.run / "virtlogd.log")
        self._daemons.append(virtlogd)
        self._start_libvirtd()

    def restart(self) -> None:
        """Start libvirtd anew; the guests, virtlogd and its open logs stay."""
        self._daemons.pop().stop()
        self._start_libvirtd()

    def stop(self) -> None:
        """Stop both daemons; guests that still run go with the sandbox."""
        while self._daemons:
            self._daemons.pop().stop()
        if LEARNED.exists() and not kept_for(os.uname().release).exists():
            keep(LEARNED, kept_for(os.uname().release))

    @property
    def pid(self) -> int:
        """Of libvirtd itself, to freeze it."""
        return self._daemons[-1].pid

    @property
    def log(self) -> Path:
        """What libvirtd wrote: its warnings and errors."""
        return self.run / "libvirtd.log"

    def _start_libvirtd(self) -> None:
        daemon = processes.start(["libvirtd"], log=self.log)
        self._daemons.append(daemon)
        processes.wait_until(answers, timeout=20, what="libvirtd", daemon=daemon, interval=0.01)


def start(run: Path) -> Libvirtd:
    """Configure and start libvirtd, its logs in the folder `run`.

    Raises LabError outside the sandbox (it would take over the machine's own socket), or when
    the daemon does not come up.
    """
    if not sandbox.inside():
        raise LabError("libvirtd runs in the sandbox only: python -m tests.lab run -- ...")
    _add_default_user()
    for name, text in FILES.items():
        (_ETC / name).write_text(text)
    if (kept := kept_for(os.uname().release)).exists():
        shutil.copytree(kept, LEARNED, dirs_exist_ok=True)
    daemon = Libvirtd(run)
    daemon.start()
    return daemon


def answers(uri: str = URI) -> bool:
    """Whether the daemon at `uri` has its drivers up: the socket alone is there before them."""
    import libvirt

    libvirt.registerErrorHandler(lambda _context, _error: None, None)  # it would print them
    try:
        libvirt.open(uri).close()
    except libvirt.libvirtError:
        return False
    return True


def _add_default_user() -> None:
    """The user compiled into Debian's libvirt must exist, though qemu.conf names another."""
    for name, line in USERS.items():
        path = Path("/etc") / name
        if f"\n{line.partition(':')[0]}:" not in path.read_text():
            with path.open("a") as file:
                file.write(f"{line}\n")


def kept_for(host: str, root: Path = Path("/")) -> Path:
    """Where the cache keeps what libvirt learned of QEMU on `host` (names kernel and CPU).

    Both programs are those below `root`.
    """
    programs = ("usr/sbin/libvirtd", "usr/bin/qemu-system-x86_64")
    times = (str((root / program).stat().st_ctime_ns) for program in programs)
    return cache.CACHE / f"libvirt-learned-{cache.digest(host, *times)}"


def keep(source: Path, target: Path) -> None:
    """Copy a folder whole or not at all; where the cache cannot be written, not at all."""
    with (
        contextlib.suppress(OSError),
        tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as aside,
    ):
        shutil.copytree(source, Path(aside) / target.name)
        (Path(aside) / target.name).rename(target)
