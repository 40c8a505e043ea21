"""Files of this host, read with suspicion; and what to do when the system refuses one.

A file may be a FIFO that nobody writes to, a device without end, too large, or no text. Nothing
here hangs on one or fills the memory with it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

from sharectl.errors import Denied, HostFailed, SharectlError, said

T = TypeVar("T")
KIB, MIB = 1024, 1024 * 1024
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, os.strerror(errno.EISDIR)),
    (stat.S_ISFIFO, "it is a FIFO"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
    (stat.S_ISSOCK, "it is a socket"),
)
# What to do, by what the system said. `{path}` and `{folder}` are quoted for a shell.
_ADVICE = {
    errno.EMFILE: "allow more open files and run it again: ulimit -n 4096",
    errno.ENFILE: "see how many files this host has open: cat /proc/sys/fs/file-nr",
    errno.ENOMEM: "see what takes the memory: free -h",
    errno.ENOSPC: "make room and run it again: df -h {folder}; df -i {folder}",
    errno.EDQUOT: "make room and run it again: quota -s",
    errno.EFBIG: "allow larger files and run it again: ulimit -f unlimited",
    errno.EROFS: "see how it is mounted: findmnt --target {folder}",
    errno.EIO: "see what the kernel says of the disk: dmesg | tail",
    errno.ESTALE: "see how it is mounted: findmnt --target {folder}",
    errno.ENAMETOOLONG: "give it a shorter name",
}
_USUAL_ADVICE = "see what is in its way: namei -l {path}"


class Cause(Enum):
    """Why a file cannot be read."""

    CONTENT = auto()
    NO_FILE = auto()
    SYSTEM = auto()
    DENIED = auto()


class Unreadable(Exception):
    """A file is there and cannot be read.

    Args:
        reason: why, as the rest of a sentence.
        cause: what is at fault. SYSTEM may pass; DENIED is for root only.
        hint: what to do about it.
    """

    def __init__(self, reason: str, cause: Cause, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.hint = hint

    def told(self, what: str, kind: type[SharectlError], hint: str | None = None) -> SharectlError:
        """The error to raise: of `kind`, or `Denied` where root could read it.

        Args:
            what: the file and what it is.
            kind: the class of the error.
            hint: a better one than `self.hint`.
        """
        text = f"{what} cannot be read: {self.reason}"
        if self.cause is Cause.DENIED:
            return denied(text, self.hint)
        return kind(text, hint=hint or self.hint)


def read_text(path: Path, limit: int) -> str:
    """The text of a file, without the byte order mark that some editors write.

    Args:
        path: the file, which must be a regular one.
        limit: the most bytes that it may have.

    Raises `FileNotFoundError` when there is nothing of that name, and `Unreadable`.
    """
    content = read_bytes(path, limit)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"it is no UTF-8 text (byte {error.start})", Cause.CONTENT, _see(path)
        ) from error


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a file. Arguments and errors are those of `read_text`."""
    try:
        _check_kind(path, path.stat())  # to open a device may do something
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            _check_kind(path, os.fstat(file.fileno()))
            content = file.read(limit + 1)
    except FileNotFoundError as error:
        if link := broken_link(path):
            reason = f"{link} is a link that leads nowhere"
            raise Unreadable(reason, Cause.NO_FILE, f"see: ls -l {quoted(link)}") from error
        raise
    except OSError as error:
        raise Unreadable(reason_of(error), _cause_of(error), advice(error, path)) from error
    except ValueError as error:  # NUL, or what the locale has no byte for
        raise Unreadable(f"no file can be called so: {error}", Cause.NO_FILE, _see(path)) from error
    if len(content) > limit:
        raise Unreadable(f"it is larger than {_size(limit)}", Cause.CONTENT, _see(path))
    return content


def listed(folder: Path, suffix: str) -> list[Path]:
    """The files in `folder` whose names end in `suffix`, by name; none when there is no folder.

    Raises `Unreadable` for a folder that is there and cannot be listed.
    """
    try:
        names = sorted(item.name for item in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unreadable(reason_of(error), _cause_of(error), advice(error, folder)) from error
    return [folder / name for name in names if name.endswith(suffix)]


def parsed(parse: Callable[[str], T], text: str) -> T:
    """`parse(text)`, with whatever the parser raises as `ValueError`, which says why.

    `RecursionError` for what is nested too deep, and `MemoryError`, stay what they are.
    """
    try:
        return parse(text)
    except (ValueError, RecursionError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(said(error)) from error


@contextmanager
def listing(folder: Path) -> Iterator[Iterable[os.DirEntry[str]]]:
    """What is in `folder`; nothing when there is no folder. Raises `HostFailed`, `Denied`."""
    with telling(f"folder {folder} cannot be read", folder, HostFailed):
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            yield ()
            return
        with entries:
            yield entries


@contextmanager
def telling(failed: str, path: Path, kind: type[SharectlError]) -> Iterator[None]:
    """Raise what the system refuses inside as `kind`, or as `Denied` where only root may.

    Args:
        failed: what could not be done, with the name of the file.
        path: the file, unless the system names another one.
        kind: the class of the error.
    """
    try:
        yield
    except OSError as error:
        file = Path(os.fsdecode(error.filename2 or error.filename or path))
        text = f"{failed}: {reason_of(error)}"
        if file.name.removesuffix(".new") != path.name:
            text += f": {file}"
        if isinstance(error, PermissionError):
            raise denied(text, advice(error, file)) from error
        raise kind(text, hint=advice(error, file)) from error


def denied(text: str, hint: str) -> Denied:
    """The error for what only root may do.

    To others than root the command is told again with sudo, which does not help root.
    """
    return Denied(text, hint=hint if os.geteuid() == 0 else None)


def _cause_of(error: OSError) -> Cause:
    return Cause.DENIED if isinstance(error, PermissionError) else Cause.SYSTEM


def reason_of(error: OSError) -> str:
    """What the system said, without number and file."""
    return error.strerror or str(error) or type(error).__name__


def advice(error: OSError, path: Path) -> str:
    """What to do after the system has refused `path`."""
    template = _ADVICE.get(error.errno or 0, _USUAL_ADVICE)
    return template.format(path=quoted(path), folder=quoted(path.parent))


def quoted(path: Path) -> str:
    """As a word of a command to type."""
    import shlex  # the hook does without

    return shlex.quote(str(path))


def _see(path: Path) -> str:
    return f"look at it: ls -l {quoted(path)}"


def _check_kind(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kind = next((word for is_kind, word in _KINDS if is_kind(found.st_mode)), "it is no file")
    raise Unreadable(kind, Cause.NO_FILE, _see(path))


def broken_link(path: Path) -> Path | None:
    """The link because of which there is nothing called `path`, be it a folder above; or None."""
    for place in (path, *path.parents):
        if place.is_symlink() and not os.path.exists(place):  # noqa: PTH110 - it never raises
            return place
    return None


def _size(limit: int) -> str:
    return f"{limit // MIB} MiB" if limit >= MIB else f"{limit // KIB} KiB"
