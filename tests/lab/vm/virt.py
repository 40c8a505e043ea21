"""libvirt in the lab VM, with guests inside the VM: the whole of a hypervisor host.

The guests are of type kvm, on the AMD-V that QEMU emulates for the VM. An emulator inside an
emulator would take a minute to boot even the tiny guest.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import guest, libvirtd
from tests.lab.guest.xml import console_log, domain_xml
from tests.lab.processes import wait_until
from tests.lab.vm.channel import Channel
from tests.lab.vm.image import image
from tests.lab.vm.machine import COMMON

GUESTS = Path("/run/guests")
_INITRAMFS = COMMON / "vm-guests"
_READY_TIMEOUT_S = 240
# A start takes three seconds on an idle machine and ten times that on a busy one.
_START_TIMEOUT_S = 180


@dataclass(frozen=True)
class Virt:
    """The running libvirtd of the VM, at qemu:///system."""

    vm: Channel

    @classmethod
    def start(cls, vm: Channel) -> Virt:
        """Start it in a fresh VM, and wait until it answers."""
        # libvirtd looks at /dev/kvm once, and QEMU runs as root but without capabilities.
        vm.run(["sh", "-c", "modprobe kvm_amd && chmod 666 /dev/kvm"])
        vm.run(["rm", "-f", "/usr/bin/qemu-system-i386"])  # or libvirtd looks at that as well
        for name, text in libvirtd.FILES.items():
            vm.run(["tee", f"/etc/libvirt/{name}"], input=text)
        for name, line in libvirtd.USERS.items():
            vm.run(["tee", "-a", f"/etc/{name}"], input=f"{line}\n")
        vm.run(["mkdir", "-p", GUESTS, libvirtd.LEARNED])
        if kept().exists():
            vm.run(["cp", "-a", f"{kept()}/.", libvirtd.LEARNED])
        for daemon in ("virtlogd", "libvirtd"):
            vm.run([daemon, "--daemon"])
        virt = cls(vm)
        wait_until(virt._answers, timeout=_READY_TIMEOUT_S, what="libvirtd in the VM")
        return virt

    def restart(self) -> None:
        """Start libvirtd anew, as it must be to see its first hook; guests go on."""
        gone = "pkill -x libvirtd; while pidof libvirtd >/dev/null; do sleep 0.1; done"
        self.vm.run(["sh", "-c", f"{gone}; libvirtd --daemon"])
        wait_until(self._answers, timeout=_READY_TIMEOUT_S, what="libvirtd in the VM")

    def virsh(self, *arguments: str, text: str | None = None) -> str:
        """What `virsh ARGUMENTS` prints; `text` is its standard input. Raises `CommandFailed`."""
        argv = ["virsh", "-q", *arguments]
        return self.vm.run(argv, input=text, timeout=_START_TIMEOUT_S).stdout

    def define(self, name: str, *, script: str = "", **options: Any) -> VmGuest:
        """Define a guest that runs `script`; `options` are those of `domain_xml`."""
        _INITRAMFS.mkdir(exist_ok=True)
        parts = guest.image().with_script(script, _INITRAMFS / name)
        xml = domain_xml(name, image=parts, run=GUESTS, domain_type="kvm", **options)
        self.virsh("define", "/dev/stdin", text=xml)
        self._keep_what_it_learned()
        return VmGuest(name, self)

    def _keep_what_it_learned(self) -> None:
        """The first look at QEMU takes libvirt ten seconds here: spare the next VM that."""
        if not kept().exists():
            with tempfile.TemporaryDirectory(dir=COMMON) as folder:
                self.vm.run(["cp", "-a", f"{libvirtd.LEARNED}/.", folder])
                libvirtd.keep(Path(folder), kept())

    def _answers(self) -> bool:
        return self.vm.run(["virsh", "-q", "uri"], check=False).returncode == 0


def kept() -> Path:
    """Where the cache keeps what libvirt learned of QEMU in the VM."""
    return libvirtd.kept_for(f"lab VM, {image().kernel}")


@dataclass(frozen=True)
class VmGuest:
    """A domain of the VM that boots the tiny guest."""

    name: str
    virt: Virt

    def start(self) -> None:
        """Start it. Raises `CommandFailed` with what libvirt said."""
        self.virt.virsh("start", self.name)

    def console(self) -> str:
        """All that the guest has printed."""
        log = console_log(GUESTS, self.name)
        return self.virt.vm.run(["cat", log], check=False).stdout.replace("\r", "")

    def wait_off(self, timeout: float = _START_TIMEOUT_S) -> str:
        """Wait until it is shut off; return its console. Raises `LabError`."""

        def off() -> bool:
            return self.virt.virsh("domstate", self.name).strip() == "shut off"

        wait_until(off, timeout=timeout, what=f"{self.name} to shut off", interval=0.5)
        return self.console()

    def remove(self) -> None:
        """Destroy and undefine it. Safe to repeat."""
        for verb in ("destroy", "undefine"):
            self.virt.vm.run(["virsh", "-q", verb, self.name], check=False)
