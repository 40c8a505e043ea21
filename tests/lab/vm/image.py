"""What the lab VM boots from: a Debian kernel, an initramfs, and the programs the machine lacks.

Nothing of it is installed. The NFS server, LVM and the like are unpacked into a folder that only
the VM sees, as an overlay layer above the machine's own root.
"""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import cache, packages
from tests.lab.processes import LabError
from tests.lab.vm.initramfs import Archive

PACKAGES = (
    "linux-image-amd64",
    "kmod",
    "busybox-static",
    "nfs-kernel-server",
    "nfs-common",
    "rpcbind",
    "lvm2",
    "e2fsprogs",
    "nftables",
    "iproute2",
    "ceph-common",
)
# What the initramfs loads: enough to reach the root, the disk and the network.
BOOT_MODULES = ("virtio_pci", "virtiofs", "overlay", "virtio_blk", "virtio_rng", "virtio_net")

_HERE = Path(__file__).parent
_PROGRAMS = {"init": _HERE / "init.c", "bin/agent": _HERE / "agent.c"}
# To be changed with what `_build_base` does.
_BASE_RECIPE = "1"
_BOOT_FOLDERS = ("bin", "lib", "dev", "proc", "sys", "lower", "layer", "host", "upper", "new")
_XZ_MAGIC = b"\xfd7zXZ\0"


@dataclass(frozen=True)
class Image:
    """The parts of a bootable VM."""

    kernel: Path
    initramfs: Path
    layer: Path
    agent: Path


def image(*more_modules: str) -> Image:
    """The parts, built into the cache on the first call; the initramfs also has `more_modules`."""
    modules = (*BOOT_MODULES, *more_modules)
    packages.install("qemu-system-x86", "gcc", "libc6-dev")
    base = cache.built("vm", f"{_BASE_RECIPE} {' '.join(PACKAGES)}", _build_base)
    recipe = cache.digest(
        str(base), *_PROGRAMS.values(), _HERE / "initramfs.py", *modules, *_BOOT_FOLDERS
    )

    def build(folder: Path) -> None:
        _build_initramfs(base / "layer", modules, folder)

    boot = cache.built("vm-boot", recipe, build)
    return Image(base / "vmlinux", boot / "initramfs", base / "layer", boot / "agent")


def _build_base(folder: Path) -> None:
    layer = folder / "layer"
    shutil.copytree(
        packages.unpacked("vm-packages", *PACKAGES), layer, symlinks=True, copy_function=os.link
    )
    version = _modules(layer).name
    (folder / "vmlinux").write_bytes(decompressed((layer / f"boot/vmlinuz-{version}").read_bytes()))
    _index_modules(layer, version)


def _modules(layer: Path) -> Path:
    (tree,) = (layer / "usr/lib/modules").iterdir()
    return tree


def decompressed(kernel: bytes) -> bytes:
    """The ELF kernel inside a bzImage.

    QEMU starts it directly (PVH), which saves the two seconds that firmware and the kernel's own
    decompressor take under emulation. The offsets are those of the x86 boot protocol
    (Linux, Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length).
    """
    setup_sectors = kernel[0x1F1] or 4
    offset, length = struct.unpack_from("<II", kernel, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = kernel[start : start + length]
    if not payload.startswith(_XZ_MAGIC):
        raise LabError(f"the kernel's payload is not xz: {payload[:6]!r}")
    # The payload ends with four bytes of size, which are not part of the xz stream.
    return lzma.LZMADecompressor().decompress(payload)


def _index_modules(layer: Path, version: str) -> None:
    """Write modules.dep and its kin: the kernel package leaves that to its postinst."""
    libraries = layer / "usr/lib/x86_64-linux-gnu"
    subprocess.run(
        ["depmod", "-b", layer, version],
        executable=layer / "usr/bin/kmod",
        env={"LD_LIBRARY_PATH": str(libraries)},
        check=True,
    )


def _build_initramfs(layer: Path, modules: Sequence[str], folder: Path) -> None:
    archive = Archive()
    for name in _BOOT_FOLDERS:
        archive.folder(name)
    for path, source in _PROGRAMS.items():
        program = folder / source.stem
        subprocess.run(["gcc", "-static", "-O2", "-o", program, source], check=True)
        archive.file(path, program.read_bytes(), mode=0o755)
    archive.kernel_modules(_modules(layer), modules)
    (folder / "initramfs").write_bytes(archive.finished())
