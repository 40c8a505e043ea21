"""Locks between processes: who has one is named, and a dead holder frees it."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import stat
import threading
import time
from pathlib import Path

import pytest

from sharectl.adapters.file_lock import FileLocks, hold
from sharectl.errors import Busy, Denied, ExitCode, StoreError


@pytest.fixture
def locks(tmp_path: Path) -> FileLocks:
    """Locks in a folder that is not there yet."""
    return FileLocks(tmp_path / "run" / "locks")


@pytest.mark.parametrize(
    ("argv", "who"),
    [
        (["sharectl", "add", "guest", "docs"], "sharectl add (pid {pid})"),
        (
            ["sharectl", "-v", "--connect", "x:///", "remove"],
            "sharectl remove (pid {pid})",
        ),
        (["sharectl", "--os-cloud=demo", "--config", "/c", "add"], "sharectl add (pid {pid})"),
        (["sharectl"], "sharectl sharectl (pid {pid})"),
    ],
)
def test_busy_names_the_holder(
    locks: FileLocks, argv: list[str], who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", argv)
    with locks.share("s1", 1), pytest.raises(Busy) as caught, locks.share("s1", 0.01):
        pytest.fail("held twice")
    assert caught.value.message == (
        f"{who.format(pid=os.getpid())} holds the lock of share s1; waited 0.01 s"
    )
    assert caught.value.exit_code is ExitCode.BUSY


def test_holder_that_has_not_written_its_name_yet(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "lock"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with (
            pytest.raises(Busy, match="another sharectl holds the lock of it"),
            hold(path, 0, "it"),
        ):
            pytest.fail("held twice")


def test_shares_and_domains_do_not_lock_each_other(locks: FileLocks) -> None:
    with locks.share("x", 0.01), locks.domain("x", 0.01), locks.share("y", 0.01):
        pass


def test_what_is_waited_for_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["sharectl", "add"])
    told: list[str] = []
    locks = FileLocks(tmp_path / "locks", told.append)
    with locks.share("s1", 0), locks.domain("d1", 0):
        assert told == []
        with pytest.raises(Busy), locks.share("s1", 0.2):
            pytest.fail("held twice")
        with pytest.raises(Busy), locks.domain("d1", 0.2):
            pytest.fail("held twice")
    who = f"sharectl add (pid {os.getpid()})"
    assert told == [
        f"waiting for {who}, which holds the lock of share s1",
        f"waiting for {who}, which holds the lock of domain d1",
    ]


def test_lock_is_waited_for(locks: FileLocks) -> None:
    with locks.share("s1", 1):
        start, got = threading.Event(), threading.Event()

        def wait() -> None:
            start.set()
            with locks.share("s1", 30):
                got.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        assert start.wait(30)
        assert not got.is_set()
    assert got.wait(30)
    waiter.join()


def test_lock_is_free_after_a_failure(locks: FileLocks) -> None:
    with pytest.raises(ZeroDivisionError), locks.share("s1", 0):
        raise ZeroDivisionError
    with locks.share("s1", 0):
        pass


def test_shorter_name_leaves_nothing_of_the_longer_one(
    locks: FileLocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in ("reconcile", "add"):
        monkeypatch.setattr("sys.argv", ["sharectl", verb])
        with locks.share("s1", 0):
            text = (tmp_path / "run" / "locks" / "share-s1").read_text()
    assert text == f"{os.getpid()} add\n"


def test_nobody_else_can_look_at_the_locks(locks: FileLocks, tmp_path: Path) -> None:
    with locks.share("s1", 0):
        pass
    folder = tmp_path / "run" / "locks"
    for path, mode in ((folder.parent, 0o700), (folder, 0o700), (folder / "share-s1", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_lock_is_held_where_the_name_finds_no_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with (
            hold(tmp_path / "lock", 0, "it"),
            pytest.raises(Busy, match="another sharectl"),
            hold(tmp_path / "lock", 0, "it"),
        ):
            pytest.fail("held twice")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _hold_and_die(path: Path, ready: object) -> None:
    with hold(path, 0, "it"):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(600)


@pytest.mark.processes
def test_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    ready = fork.Event()
    holder = fork.Process(target=_hold_and_die, args=(tmp_path / "lock", ready), daemon=True)
    holder.start()
    try:
        assert ready.wait(30)
        with pytest.raises(Busy, match=rf"pid {holder.pid}"), hold(tmp_path / "lock", 0, "it"):
            pytest.fail("held twice")
    finally:
        holder.kill()
        holder.join()
    with hold(tmp_path / "lock", 5, "it"):
        pass


@pytest.mark.parametrize(("number", "error"), [(errno.EACCES, Denied), (errno.EROFS, StoreError)])
def test_lock_that_cannot_be_made(
    tmp_path: Path, number: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(error, match="lock"), hold(tmp_path / "lock", 0, "it"):
            pytest.fail("held")
