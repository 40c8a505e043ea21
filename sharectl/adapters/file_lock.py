"""Locks between processes: flock(2) on files of their own, with the holder's name inside."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sharectl.adapters.files import private_folder
from sharectl.errors import Busy, Denied, StoreError

_WITH_VALUE = frozenset({"--connect", "--os-cloud", "--config"})  # may stand before the verb
_POLL = 0.05  # seconds; flock(2) itself cannot be given a deadline


@contextmanager
def hold(path: Path, timeout: float, what: str) -> Iterator[None]:
    """Hold the lock file `path`, waiting up to `timeout` seconds for another process.

    Raises `Busy` that says who has `what`. The kernel frees the lock when the process dies.
    """
    try:
        private_folder(path.parent.parent, path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except PermissionError as error:
        raise Denied(f"lock {path} belongs to root", hint="run it with sudo") from error
    except OSError as error:
        raise StoreError(f"lock {path} cannot be made: {error.strerror}") from error
    try:
        _acquire(descriptor, timeout, what)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {_verb()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, timeout: float, what: str) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy(descriptor, timeout, what) from None
            time.sleep(_POLL)
        else:
            return


def _busy(descriptor: int, timeout: float, what: str) -> Busy:
    holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip().partition(" ")
    who = f"sharectl {holder[2]} (pid {holder[0]})" if holder[2] else "another sharectl"
    return Busy(
        f"{who} holds the lock of {what}; waited {timeout:g} s",
        hint="wait until that one is done",
    )


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
    """`Locks` as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def share(self, share_id: str, timeout: float) -> Iterator[None]:
        """The lock of a share."""
        with hold(self._folder / f"share-{share_id}", timeout, f"share {share_id}"):
            yield

    @contextmanager
    def domain(self, uuid: str, timeout: float) -> Iterator[None]:
        """The lock of a domain."""
        with hold(self._folder / f"domain-{uuid}", timeout, f"domain {uuid}"):
            yield

    @contextmanager
    def reconcile(self) -> Iterator[None]:
        """The lock of `reconcile`, taken at once or not at all."""
        with hold(self._folder / "reconcile", 0, "reconcile"):
            yield
