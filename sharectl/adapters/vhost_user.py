"""virtiofsd, found as libvirt finds it when a domain starts.

libvirt takes `<binary path>` of the filesystem, which sharectl does not set, or else what the
vhost-user descriptions name: JSON files in two folders, for an unprivileged libvirt in three. Of
files with the same name the one in the later folder counts, and an empty one hides them all. They
are taken in the order of their names, and the first of type `fs` tells the program. libvirt reads
all of them before: one that it cannot read keeps every domain with virtiofs from starting.

Sources: docs/interop/vhost-user.json of QEMU, and src/qemu/qemu_interop_config.c and
src/qemu/qemu_vhost_user.c of libvirt; tried with 9.0 and 11.3.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sharectl.host_files import parsed
from sharectl.model.host import Virtiofsd

SYSTEM = (Path("/usr/share/qemu/vhost-user"), Path("/etc/qemu/vhost-user"))
_LONGEST = 1024 * 1024  # bytes; libvirt reads no more
_TYPES = frozenset(
    {"9p", "balloon", "block", "caif", "console", "crypto", "fs", "gpu", "input", "net", "rng",
     "rpmsg", "rproc-serial", "scsi", "vsock"}
)  # fmt: skip


class _Unusable(Exception):
    """Why libvirt cannot use a description."""


def folders() -> tuple[Path, ...]:
    """Where the libvirt of this user looks, the least important folder first."""
    if os.geteuid() == 0:
        return SYSTEM
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return (*SYSTEM, Path(home) / "qemu/vhost-user")


def find(where: Iterable[Path]) -> Virtiofsd:
    """The program that libvirt will start, by the descriptions in the folders `where`.

    Args:
        where: as `folders` has them; one that does not exist has no descriptions.
    """
    file = None
    try:
        found: tuple[Path, str] | None = None
        for file in _files(where):
            description = _read(file)
            if found is None and description is not None and description["type"] == "fs":
                found = file, _binary(description)
    except (_Unusable, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        named = file or getattr(error, "filename", None)
        return Virtiofsd(None, f"{named}: {reason}")
    if found is None:
        return Virtiofsd(None)
    file, binary = found
    if not (os.path.isfile(binary) and os.access(binary, os.X_OK)):  # noqa: PTH113 - never raises
        return Virtiofsd(None, f"{file}: it names {binary}, which is no program")
    return Virtiofsd(binary)


def _files(where: Iterable[Path]) -> list[Path]:
    """The descriptions in the order in which libvirt takes them. Raises `OSError`."""
    chosen: dict[str, Path] = {}
    for folder in where:
        try:
            paths = list(folder.iterdir())
        except FileNotFoundError:
            continue
        for path in paths:
            if not path.name.startswith(".") and stat.S_ISREG(path.stat().st_mode):
                chosen[path.name] = path
    return [path for _name, path in sorted((os.fsencode(n), p) for n, p in chosen.items())]


def _read(file: Path) -> dict[str, object] | None:
    """What the file says; None for an empty one. Raises `_Unusable` and `OSError`."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as handle:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _Unusable("it is no regular file")
        text = handle.read(_LONGEST + 1)
    if not text:
        return None
    if len(text) > _LONGEST:
        raise _Unusable("it is longer than 1 MiB")
    try:
        found: Any = parsed(json.loads, text.decode())
    except (ValueError, RecursionError) as error:
        raise _Unusable("it is not JSON") from error
    kind = found.get("type") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _TYPES:
        raise _Unusable("it has no type that libvirt knows")
    return dict(found)


def _binary(description: dict[str, object]) -> str:
    binary = description.get("binary")
    if not isinstance(binary, str) or not binary.startswith("/"):
        raise _Unusable("it names no program with its whole path")
    return binary
