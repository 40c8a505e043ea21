"""Writing small files so that a crash leaves the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def private_folder(*folders: Path) -> Path:
    """The last of `folders`; those that are not there are made with mode 0700.

    Folders above the first one get the usual mode. One that exists keeps its mode: it may be
    somebody's choice.
    """
    for folder in folders:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
    return folders[-1]


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `text` to `path` with that mode: temporary file, fsync, rename, fsync of the folder.

    The caller holds the lock that keeps two writers apart. Raises `OSError`.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        _write(temporary, text, mode)
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            with suppress(OSError):  # half a file takes room as well
                temporary.unlink()
        raise
    sync_folder(path.parent)


def _write(temporary: Path, text: str, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as handle:
        os.fchmod(handle.fileno(), 0o600)
        handle.write(text)
        handle.flush()
        os.fchmod(handle.fileno(), mode)  # a script must not be run before it is complete
        os.fsync(handle.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
