"""Locks between processes: flock(2) on files of their own, with the holder's name inside."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sharectl.adapters.files import private_folder
from sharectl.errors import Busy, StoreError
from sharectl.host_files import telling

_WITH_VALUE = frozenset({"--connect", "--os-cloud", "--config"})  # may stand before the verb
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_POLL = 0.05  # seconds; flock(2) itself cannot be given a deadline


def _nobody(_text: str) -> None:
    """Who wants to know what is waited for."""


@contextmanager
def hold(
    path: Path, timeout: float, what: str, waiting: Callable[[str], None] = _nobody
) -> Iterator[None]:
    """Hold the lock file `path`, waiting up to `timeout` seconds for another process.

    `waiting` is called once with a sentence on what is waited for, if the lock is not free.
    Raises `Busy` that says who has `what`. The kernel frees the lock when the process dies.
    """
    with telling(f"lock {path} cannot be made", path, StoreError):
        private_folder(path.parent.parent, path.parent)
        descriptor = os.open(path, _FLAGS, 0o600)
    try:
        with telling(f"lock {path} cannot be taken", path, StoreError):
            if not _try(descriptor):
                waiting(f"waiting for {_holder(descriptor)}, which holds the lock of {what}")
                _wait(descriptor, timeout, what)
            _sign(descriptor)
        yield
    finally:
        with suppress(OSError):  # it is closed all the same, see close(2)
            os.close(descriptor)


def _sign(descriptor: int) -> None:
    """Note who has the lock, for the message that others show; a full disk does without."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {_verb()}\n".encode(), 0)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, timeout: float, what: str) -> None:
    deadline = time.monotonic() + timeout
    while not _try(descriptor):
        if time.monotonic() >= deadline:
            raise Busy(
                f"{_holder(descriptor)} holds the lock of {what}; waited {timeout:g} s",
                hint="run it again when that one is done",
            )
        time.sleep(_POLL)


def _holder(descriptor: int) -> str:
    try:
        note = os.pread(descriptor, 200, 0)
    except OSError:  # a FIFO, say: it is a lock all the same
        note = b""
    holder = note.decode(errors="replace").strip().partition(" ")
    return f"sharectl {holder[2]} (pid {holder[0]})" if holder[2] else "another sharectl"


def _verb() -> str:
    """The subcommand of this process, for the message that others show."""
    words = iter(sys.argv[1:])
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word[:20]
    return "sharectl"


class FileLocks:
    """`Locks` as files in one folder.

    Args:
        folder: where they are; made when needed.
        waiting: told what is waited for, when the lock of a share or a domain is not free.
    """

    def __init__(self, folder: Path, waiting: Callable[[str], None] = _nobody) -> None:
        self._folder = folder
        self._waiting = waiting

    @contextmanager
    def share(self, share_id: str, timeout: float) -> Iterator[None]:
        """The lock of a share."""
        file = self._folder / f"share-{share_id}"
        with hold(file, timeout, f"share {share_id}", self._waiting):
            yield

    @contextmanager
    def domain(self, uuid: str, timeout: float) -> Iterator[None]:
        """The lock of a domain."""
        file = self._folder / f"domain-{uuid}"
        with hold(file, timeout, f"domain {uuid}", self._waiting):
            yield

    @contextmanager
    def reconcile(self) -> Iterator[None]:
        """The lock of `reconcile`, taken at once or not at all."""
        with hold(self._folder / "reconcile", 0, "reconcile"):
            yield
