"""Write a cpio archive in the "newc" form, which the kernel unpacks as its first root."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path


class Archive:
    """An archive in memory. Paths are relative; a folder is named before what lies in it.

    The form is described in Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._number = 0

    def folder(self, path: str) -> None:
        self._entry(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path: str, content: bytes, *, mode: int = 0o644) -> None:
        self._entry(path, stat.S_IFREG | mode, content)

    def kernel_modules(self, tree: Path, names: Sequence[str]) -> None:
        """Add modules of `tree` (a folder with a modules.dep) below lib/, with all they need.

        The file `modules` lists them, each after those it needs. A name that is not in the tree is
        built into the kernel.
        """
        order = list(dict.fromkeys(_load_order(tree, names)))
        for module in order:
            self.file(f"lib/{module.name}", module.read_bytes())
        self.file("modules", "".join(f"{module.name}\n" for module in order).encode())

    def finished(self) -> bytes:
        """The whole archive."""
        self._entry("TRAILER!!!", 0, b"")
        return b"".join(self._parts)

    def _entry(self, path: str, mode: int, content: bytes) -> None:
        self._number += 1
        name = path.encode() + b"\0"
        links, owner, mtime, device = 1, 0, 0, 0
        fields = (
            self._number, mode, owner, owner, links, mtime, len(content),
            device, device, device, device, len(name), 0,
        )  # fmt: skip
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts += [_padded(header + name), _padded(content)]


def _load_order(tree: Path, names: Sequence[str]) -> Iterator[Path]:
    """Each module after those it depends on (modules.dep lists the nearest first)."""
    needs: dict[str, list[Path]] = {}
    for line in (tree / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[Path(path).stem] = [tree / name for name in (path, *rest.split())]
    for name in names:
        yield from reversed(needs.get(name, []))


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
