"""Files that are not what they should be: nothing hangs, and each error names its cause."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharectl.errors import Denied, ExitCode, HostFailed, StoreError
from sharectl.foreign import as_ours
from sharectl.host_files import KIB, Cause, Unreadable, listed, listing, read_text, telling


def _refused(path: Path) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_text(path, KIB)
    return caught.value


def test_a_text_of_the_longest_length(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("x" * KIB)
    assert read_text(file, KIB) == "x" * KIB
    file.write_text("x" * (KIB + 1))
    error = _refused(file)
    assert (error.cause, error.reason) == (Cause.CONTENT, "it is larger than 1 KiB")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xef\xbb\xbfword")
    assert read_text(file, KIB) == "word"


def test_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"a\xff")
    error = _refused(file)
    assert (error.cause, error.reason) == (Cause.CONTENT, "it is no UTF-8 text (byte 1)")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


_KINDS: dict[str, Callable[[Path], object]] = {
    "it is a FIFO": os.mkfifo,
    "it is a socket": _socket,
    "Is a directory": Path.mkdir,
    "it is a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("reason", _KINDS)
def test_what_is_no_file(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "x"
    _KINDS[reason](path)
    error = _refused(path)
    assert (error.cause, error.reason) == (Cause.NO_FILE, reason)
    assert error.hint == f"look at it: ls -l {path}"


def test_a_file_that_becomes_a_fifo_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "x", tmp_path / "file"
    os.mkfifo(path)
    file.touch()
    found = file.stat()
    monkeypatch.setattr(Path, "stat", lambda _path: found)
    assert _refused(path).reason == "it is a FIFO"


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none" / "x", KIB)


@pytest.mark.parametrize("below", [(), ("folder", "x")])
def test_a_link_that_leads_nowhere_is_no_absence(tmp_path: Path, below: tuple[str, ...]) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "unmounted")
    error = _refused(link.joinpath(*below))
    assert error.reason == f"{link} is a link that leads nowhere"
    assert error.cause is Cause.NO_FILE


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert _refused(tmp_path / "a\0b").cause is Cause.NO_FILE
    error = _refused(tmp_path / ("x" * 256))
    assert (error.reason, error.hint) == ("File name too long", "give it a shorter name")


_HINTS = {
    errno.EMFILE: "ulimit -n 4096",
    errno.ENFILE: "cat /proc/sys/fs/file-nr",
    errno.EIO: "dmesg | tail",
    errno.ENOMEM: "free -h",
    errno.ENOSPC: "df -h {folder}",
    errno.EFBIG: "ulimit -f unlimited",
    errno.EROFS: "findmnt --target {folder}",
    errno.EINTR: "namei -l {path}",
    errno.EACCES: "namei -l {path}",
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A file in a folder whose name a shell would take apart."""
    folder = tmp_path / "a b;c"
    folder.mkdir()
    (folder / "x").touch()
    return folder / "x"


def _failing(monkeypatch: pytest.MonkeyPatch, number: int, path: Path) -> None:
    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, "open", fail)


@pytest.mark.parametrize("number", _HINTS, ids=errno.errorcode.__getitem__)
def test_the_hint_follows_what_the_system_said(
    odd: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, number, odd)
    error = _refused(odd)
    assert error.reason == os.strerror(number)
    assert error.cause is (Cause.DENIED if number == errno.EACCES else Cause.SYSTEM)
    assert _HINTS[number].format(folder=f"'{odd.parent}'", path=f"'{odd}'") in error.hint


@pytest.mark.parametrize(("user", "hint"), [(0, True), (1000, False)])
def test_sudo_helps_others_than_root(
    odd: Path, user: int, hint: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, errno.EACCES, odd)
    monkeypatch.setattr("os.geteuid", lambda: user)
    told = _refused(odd).told("the file", StoreError)
    assert isinstance(told, Denied)
    assert told.message == "the file cannot be read: Permission denied"
    assert bool(told.hint) is hint
    with pytest.raises(Denied), telling("it fails", odd, StoreError):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_an_error_names_another_file_that_is_at_fault(tmp_path: Path) -> None:
    file, other = tmp_path / "x", tmp_path / "other"
    with pytest.raises(StoreError) as caught, telling(f"cannot write {file}", file, StoreError):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(other))
    assert caught.value.message == f"cannot write {file}: Is a directory: {other}"
    assert caught.value.hint == f"see what is in its way: namei -l {other}"
    with pytest.raises(StoreError) as caught, telling(f"cannot write {file}", file, StoreError):
        raise OSError(errno.ENOSPC, "No space left on device", f"{file}.new")
    assert caught.value.message == f"cannot write {file}: No space left on device"


def test_a_folder(tmp_path: Path) -> None:
    for name in ("b.x", "a.x", "c.y"):
        (tmp_path / name).touch()
    assert listed(tmp_path, ".x") == [tmp_path / "a.x", tmp_path / "b.x"]
    assert listed(tmp_path / "none", ".x") == []
    with listing(tmp_path / "none") as entries:
        assert list(entries) == []
    with pytest.raises(Unreadable):
        listed(tmp_path / "a.x", ".x")
    with (
        pytest.raises(HostFailed, match="cannot be read: Not a directory"),
        listing(tmp_path / "a.x"),
    ):
        pytest.fail("it is no folder")


def _others() -> Iterator[tuple[Exception, str | None]]:
    class Foreign(OSError):
        """As requests has it."""

    yield ZeroDivisionError(), None
    yield Foreign("no connection"), None
    yield MemoryError(), "there is no memory left"
    yield OSError(errno.EMFILE, "Too many open files", "/x"), "/x: Too many open files"
    yield BrokenPipeError(errno.EPIPE, "Broken pipe"), "the system refused: Broken pipe"
    yield PermissionError(errno.EPERM, "not permitted", "/x"), "/x: not permitted"
    yield StoreError("ours"), "ours"


@pytest.mark.parametrize(("error", "message"), tuple(_others()), ids=repr)
def test_what_the_system_refuses_is_no_mistake_of_ours(
    error: Exception, message: str | None
) -> None:
    ours = as_ours(error)
    assert (ours.message if ours else None) == message


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("/usr/lib/python3/dist-packages/tinydb/table.py", "library tinydb failed: KeyError: 'x'"),
        ("/home/me/tinydb/table.py", None),
    ],
)
def test_what_a_library_raises_is_the_library_s(file: str, message: str | None) -> None:
    """Whatever it is; and a mistake in code that is installed nowhere is our own."""
    try:
        exec(compile("raise KeyError('x')", file, "exec"), {"__name__": "tinydb.table"})
    except KeyError as error:
        told = as_ours(error)
    assert (told and told.message) == message
    assert told is None or told.exit_code is ExitCode.UNAVAILABLE
