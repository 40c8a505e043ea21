"""The guest's kernel and initramfs. The kernel is the lab VM's; the initramfs is its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.lab import cache
from tests.lab.vm import image as vm
from tests.lab.vm.initramfs import Archive

# virtiofs and a port over PCI; button and evdev for the power button.
_MODULES = ("virtio_pci", "virtiofs", "virtio_console", "button", "evdev")
_HERE = Path(__file__).parent
_FOLDERS = ("bin", "lib", "dev", "proc", "sys", "mnt", "etc", "root", "run", "tmp")


@dataclass(frozen=True)
class Image:
    """What a domain boots. Both are plain files and may be copied elsewhere."""

    kernel: Path
    initramfs: Path

    def with_script(self, script: str, target: Path) -> Image:
        """The same, with `script` as /script, in the new initramfs `target`.

        The kernel unpacks archives that follow each other into one root
        (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
        """
        extra = Archive()
        extra.file("script", script.encode(), mode=0o755)
        target.write_bytes(self.initramfs.read_bytes() + extra.finished())
        return Image(self.kernel, target)


def image() -> Image:
    """The parts, built into the cache on the first call."""
    parts = vm.image()
    recipe = cache.digest(str(parts.kernel), Path(__file__), _HERE / "init.sh", _HERE / "share.sh")
    folder = cache.built("guest", recipe, lambda target: _build(parts, target))
    return Image(parts.kernel, folder / "initramfs")


def setup() -> None:
    """Build the image if need be."""
    image()


def _build(parts: vm.Image, folder: Path) -> None:
    (modules,) = (parts.layer / "usr/lib/modules").iterdir()
    archive = Archive()
    for name in _FOLDERS:
        archive.folder(name)
    busybox = parts.layer / "usr/bin/busybox"
    archive.file("bin/busybox", busybox.read_bytes(), mode=0o755)
    archive.file("bin/share", (_HERE / "share.sh").read_bytes(), mode=0o755)
    archive.file("init", (_HERE / "init.sh").read_bytes(), mode=0o755)
    archive.kernel_modules(modules, _MODULES)
    (folder / "initramfs").write_bytes(archive.finished())
