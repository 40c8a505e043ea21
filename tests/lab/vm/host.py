"""A hypervisor host that boots as one does: systemd as PID 1, libvirt's own units, a disk.

It can be rebooted, and its power can be cut. What it has on its root is on its disk, the rest is
the lab VM's (`machine`). Masked is what a host without hardware can do without: udev, logins,
D-Bus, and whatever the machine itself has enabled.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.lab import libvirtd, packages, processes
from tests.lab.vm.channel import Channel
from tests.lab.vm.image import image
from tests.lab.vm.machine import Hardware, Machine, System, booted
from tests.lab.vm.virt import GUESTS, kept

# systemd itself may be missing on the machine.
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "libvirt-daemon-system",
    "libvirt-daemon-system-systemd",
)
_DISK_MIB = 1024
_UP_TIMEOUT_S = 300
_DOWN_TIMEOUT_S = 150
MODULES = ("crc32c_generic", "ext4")
_KERNEL_OPTIONS = "lab.systemd=1 systemd.unit=multi-user.target systemd.show_status=1"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_AGENT = Path("usr/local/sbin/lab-agent")
_UNITS = {
    "lab-network.service": """\
[Unit]
DefaultDependencies=no
Before=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lo up
ExecStart=ip address add 10.0.2.15/24 dev eth0
ExecStart=ip link set eth0 up
ExecStart=ip route add default via 10.0.2.2
""",
    "lab-agent.service": f"""\
[Unit]
DefaultDependencies=no
After=lab-network.service
[Service]
ExecStart=/{_AGENT}
KillMode=process
""",
    # libvirtd looks at /dev/kvm once, and QEMU runs as root but without capabilities.
    "lab-kvm.service": f"""\
[Unit]
Before=libvirtd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=modprobe kvm_amd
ExecStart=chmod 666 /dev/kvm
ExecStart=mkdir -p {GUESTS}
""",
}
_WANTED = {
    "sysinit.target": ("lab-agent.service",),
    "network-online.target": ("lab-network.service",),
    "sockets.target": ("libvirtd.socket", "libvirtd-ro.socket", "virtlogd.socket"),
    "multi-user.target": (
        "remote-fs.target", "lab-network.service", "lab-kvm.service", "libvirtd.service",
        "libvirt-guests.service",
    ),
}  # fmt: skip
_KEPT = frozenset({
    "systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
})  # fmt: skip
_ETC = {
    "hostname": "lab-vm\n",
    "machine-id": "5f1c2a608a4e4c5b9d0e6c6162000002\n",
    "systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\n",
    **{f"libvirt/{name}": text for name, text in libvirtd.FILES.items()},
}


class Host:
    """The host, running."""

    def __init__(self, folder: Path, system: System) -> None:
        self.folder = folder
        self._system = system
        self._boots = 0
        self._running = ExitStack()
        self._machine: Machine | None = None

    @property
    def machine(self) -> Machine:
        """The VM since its last boot."""
        assert self._machine is not None
        return self._machine

    @property
    def vm(self) -> Channel:
        """To run commands on it; another one after each boot."""
        return self.machine.channel

    def boot(self) -> None:
        """Turn it on, and wait until systemd has started all that it is to start."""
        self._boots += 1
        folder = self.folder / f"boot{self._boots}"
        self._machine = self._running.enter_context(
            booted(folder, hardware=Hardware(memory_mib=3072), system=self._system)
        )
        self.vm.run(["systemctl", "is-system-running", "--wait"], timeout=_UP_TIMEOUT_S,
                    check=False)  # fmt: skip

    def shut_down(self) -> str:
        """Stop everything in order, as `systemctl reboot` does; it stays off.

        Returns what its console showed since it was turned on.
        """
        self.vm.run(["systemctl", "reboot"], check=False)
        gone = self.machine.qemu
        processes.wait_until(lambda: not gone.alive(), timeout=_DOWN_TIMEOUT_S,
                             what="the host to shut down")  # fmt: skip
        self._running.close()
        return _ESCAPES.sub("", self.machine.console.read_text(errors="replace"))

    def cut_power(self) -> None:
        """Turn it off at once. What was written is on the disk."""
        self.vm.run(["sync"])
        self._running.close()


def programs() -> Path:
    """What such a host has beside the machine's own and the VM's, unpacked."""
    return packages.unpacked("vm-host", *PACKAGES)


@contextmanager
def host(folder: Path) -> Iterator[Host]:
    """A freshly installed host that has booted; it is gone after the `with` block."""
    folder.mkdir(parents=True)
    layer = programs()
    disk = _installed(folder, layer)
    made = Host(folder, System(disk, layer, MODULES, _KERNEL_OPTIONS))
    try:
        made.boot()
        yield made
    finally:
        made._running.close()
        disk.unlink()


def _installed(folder: Path, layer: Path) -> Path:
    """The disk: upper layer of the root, and below `private` the folders that start empty."""
    content, disk = folder / "content", folder / "disk"
    (content / "work").mkdir(parents=True)
    etc = content / "data/etc"
    for name, text in _ETC.items():
        _write(etc / name, text)
    for name, line in libvirtd.USERS.items():
        _write(etc / name, Path("/etc", name).read_text() + f"{line}\n")
    (content / "data" / _AGENT.parent).mkdir(parents=True)
    shutil.copy(image(*MODULES).agent, content / "data" / _AGENT)
    roots = (Path("/"), image().layer, layer)
    _mask_generators(roots, etc)
    _write_units(roots, content / "private/etc/systemd/system")
    if kept().exists():
        learned = content / "private" / libvirtd.LEARNED.relative_to("/")
        shutil.copytree(kept(), learned)
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-m", "0", "-N", "16384", "-d", content, disk,
         f"{_DISK_MIB}M"], check=True,
    )  # fmt: skip
    return disk


def _mask_generators(roots: tuple[Path, ...], etc: Path) -> None:
    for root in roots:
        for generator in (root / "usr/lib/systemd/system-generators").glob("*"):
            _mask(etc / "systemd/system-generators" / generator.name)


def _write_units(roots: tuple[Path, ...], system: Path) -> None:
    """Our units and the wishes of a host, and masks for whatever else wants to start."""
    for name, text in _UNITS.items():
        _write(system / name, text)
    for target, units in _WANTED.items():
        for unit in units:
            link = system / f"{target}.wants" / unit
            link.parent.mkdir(exist_ok=True)
            folder = "/etc/systemd/system" if unit in _UNITS else "/usr/lib/systemd/system"
            link.symlink_to(f"{folder}/{unit}")
    for root in roots:
        for wish in (root / "usr/lib/systemd/system").glob("*.target.wants/*"):
            if wish.suffix != ".target" and wish.name not in _KEPT:
                _mask(system / wish.name)
    _mask(system / "systemd-machined.service")  # it needs D-Bus


def _mask(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(path):
        path.symlink_to("/dev/null")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
