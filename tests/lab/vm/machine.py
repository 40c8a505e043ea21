"""The lab VM itself: QEMU without KVM, and the daemons that serve it the machine's folders."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tests.lab import processes, sandbox
from tests.lab.processes import Daemon, LabError
from tests.lab.vm.channel import AGENT_PORT, Channel
from tests.lab.vm.image import Image, image

PROJECT = Path(__file__).resolve().parents[3]
COMMON = Path("/run/lab")
"""A folder that the sandbox and the VM have in common: what one writes, the other sees."""

VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
_READY = "lab: the agent listens"
_BOOT_TIMEOUT_S = 240
# norandmaps: QEMU finds again what it has translated for an earlier process, which makes the start
# of an interpreter a third faster.
_KERNEL_OPTIONS = (
    "console=ttyS0 quiet loglevel=6 panic=-1 mitigations=off nokaslr norandmaps no_timer_check "
    "tsc=reliable random.trust_cpu=on rcupdate.rcu_expedited=1 audit=0 "
    "pci=noearly,lastbus=0 "
    # A VM that hangs ends, so that what waits for it fails at once: see `fixtures_vm.vm`.
    "softlockup_panic=1 watchdog_thresh=60"
)


@dataclass(frozen=True)
class Hardware:
    """What the VM is made of. The disk is sparse and scratch; huge pages have 2 MiB."""

    memory_mib: int = 4096
    cpus: int = 2
    disk_gib: int = 40
    huge_pages: int = 0


class Cache(StrEnum):
    """What the VM may remember of a folder; the words are virtiofsd's."""

    ALWAYS = "always"  # for ever: fast, and blind to what changes on the machine
    AUTO = "auto"  # for a second
    NONE = "none"


@dataclass(frozen=True)
class Share:
    """A folder of the machine that the VM mounts, at its own path unless it is part of the root."""

    tag: str
    source: Path
    cache: Cache = Cache.ALWAYS


@dataclass(frozen=True)
class Machine:
    """A running VM; all that it consists of lies in `folder`."""

    folder: Path
    qemu: Daemon
    channel: Channel
    boot_s: float

    @property
    def console(self) -> Path:
        """What its kernel and its first process have printed."""
        return self.folder / "console.log"

    def alive(self) -> bool:
        return self.qemu.alive()


@dataclass(frozen=True)
class System:
    """A system that boots from a disk and stays on it (`host`), beside what every VM has.

    `layer` is one more lower layer of its root.
    """

    disk: Path
    layer: Path
    modules: tuple[str, ...]
    kernel_options: str


@contextmanager
def booted(
    folder: Path, *, hardware: Hardware | None = None, system: System | None = None
) -> Iterator[Machine]:
    """A VM that runs inside the `with` block, in the lab's sandbox.

    Its root is the machine's, read-only below a layer in memory, or below the disk of `system`;
    the checkout is served live.
    Raises `LabError` with the end of its console if it does not come up.
    """
    if not sandbox.inside():
        raise LabError("the VM runs inside the sandbox: python -m tests.lab run -- ...")
    folder.mkdir(parents=True)
    parts = image(*(system.modules if system else ()))
    daemons: list[Daemon] = []
    start = time.monotonic()
    try:
        shares = _shares(folder, parts, system)
        for share in shares:
            daemons.append(_served(folder, share))
        machine = _started(folder, hardware or Hardware(), parts, shares, system)
        daemons.append(machine.qemu)
        _await_agent(machine)
        yield replace(machine, boot_s=time.monotonic() - start)
    finally:
        for daemon in reversed(daemons):
            daemon.stop()
        subprocess.run(["umount", "-l", folder / "root"], check=False, stderr=subprocess.DEVNULL)
        (folder / "disk").unlink(missing_ok=True)


def _shares(folder: Path, parts: Image, system: System | None) -> tuple[Share, ...]:
    """What the VM sees of the machine.

    The root is served through a read-only bind mount: this virtiofsd has no such option, and
    root in the VM could remount what only the VM's own mount protects.
    """
    root = folder / "root"
    root.mkdir()
    subprocess.run(["mount", "--bind", "/", root], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", root], check=True)
    COMMON.mkdir(exist_ok=True)
    return (
        Share("root", root),
        Share("layer", parts.layer),
        *((Share("host", system.layer),) if system else ()),
        Share("project", PROJECT, Cache.AUTO),
        Share("common", COMMON, Cache.NONE),
    )


def _served(folder: Path, share: Share) -> Daemon:
    """A virtiofsd for one share, once it listens.

    Extended attributes stay off: overlayfs would ask for some with every lookup.
    """
    endpoint = _endpoint(folder, share)
    daemon = processes.start(
        [VIRTIOFSD, f"--socket-path={endpoint}", "--thread-pool-size=1",
         "-o", f"source={share.source}", "-o", "sandbox=chroot",
         "-o", f"cache={share.cache}"],
        log=folder / f"virtiofsd-{share.tag}.log",
    )  # fmt: skip
    processes.wait_until(endpoint.exists, timeout=10, what=f"virtiofsd for {share.source}",
                         daemon=daemon, interval=0.005)  # fmt: skip
    return daemon


def _endpoint(folder: Path, share: Share) -> Path:
    return folder / f"virtiofsd-{share.tag}.socket"


def _started(
    folder: Path,
    hardware: Hardware,
    parts: Image,
    shares: Sequence[Share],
    system: System | None,
) -> Machine:
    port = _free_port()
    disk = system.disk if system else _scratch_disk(folder, hardware)
    (folder / "console.log").touch()
    argv = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "q35,vmport=off,smbus=off,sata=off,memory-backend=memory",
        "-cpu", "max,la57=off", "-accel", "tcg,thread=multi", "-smp", str(hardware.cpus),
        "-m", f"{hardware.memory_mib}M",
        "-object", f"memory-backend-memfd,id=memory,size={hardware.memory_mib}M,share=on",
        "-kernel", parts.kernel, "-initrd", parts.initramfs,
        "-append", _command_line(hardware, shares, system),
        "-serial", f"file:{folder / 'console.log'}",
        "-device", "virtio-rng-pci",
        "-netdev", f"user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:{port}-:{AGENT_PORT}",
        "-device", "virtio-net-pci,netdev=net,romfile=",
        "-drive", f"file={disk},if=virtio,format=raw,cache=unsafe,discard=unmap",
    ]  # fmt: skip
    for share in shares:
        argv += [
            "-chardev", f"socket,id={share.tag},path={_endpoint(folder, share)}",
            "-device", f"vhost-user-fs-pci,chardev={share.tag},tag={share.tag}",
        ]  # fmt: skip
    qemu = processes.start([str(part) for part in argv], log=folder / "qemu.log")
    return Machine(folder, qemu, Channel(port, PROJECT), 0)


def _scratch_disk(folder: Path, hardware: Hardware) -> Path:
    with (folder / "disk").open("wb") as disk:
        disk.truncate(hardware.disk_gib << 30)
    return folder / "disk"


def _command_line(hardware: Hardware, shares: Sequence[Share], system: System | None) -> str:
    served = (f"{share.tag}:{share.source}" for share in shares if share.cache != Cache.ALWAYS)
    return (
        f"{_KERNEL_OPTIONS} hugepages={hardware.huge_pages} "
        f"lab.live={','.join(served)} lab.cached={PROJECT / '.venv'} "
        f"{system.kernel_options if system else ''}"
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await_agent(machine: Machine) -> None:
    def listening() -> bool:
        return _READY in machine.console.read_text(errors="replace")

    try:
        processes.wait_until(listening, timeout=_BOOT_TIMEOUT_S, what="the VM to boot",
                             daemon=machine.qemu, interval=0.02)  # fmt: skip
    except LabError as error:
        end = "\n".join(machine.console.read_text(errors="replace").splitlines()[-25:])
        raise LabError(f"{error}\n{end}") from error
