"""The door to other programs: what goes in, what comes out, and that nothing holds it open."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from sharectl.adapters import process
from sharectl.adapters.process import Completed, TimedOut, run

pytestmark = pytest.mark.processes


def _alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _wait(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def _pid_in(file: Path) -> int:
    assert _wait(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_output_and_status() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=20)
    assert done == Completed(3, "out\n", "err\n")


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("", "exit status 32"),
        ("one\n", "one"),
        ("one\n\n  two  \nthree\n", "two; three"),
        ("x" * 1000, "x" * 400),
    ],
)
def test_reason_is_the_last_words_on_one_line(stderr: str, reason: str) -> None:
    assert Completed(32, "", stderr).reason == reason


def test_bytes_that_are_no_text() -> None:
    assert run(["printf", "\\377"], timeout=20).stdout == "\ufffd"


def test_arguments_reach_the_program_as_they_are() -> None:
    words = ["$(id)", "a b", "; reboot", "*", "-n", "é\n"]
    assert run(["printf", "%s|", *words], timeout=20).stdout == "|".join(words) + "|"


def test_environment_is_fixed_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", "s3cret")
    monkeypatch.setenv("LD_PRELOAD", "")
    lines = run(["env"], timeout=20).stdout.splitlines()
    assert sorted(lines) == ["HOME=/root", "LC_ALL=C", f"PATH={process.PATH}"]


def test_program_starts_at_the_root_with_nothing_to_read() -> None:
    assert run(["sh", "-c", "cat; pwd"], timeout=20).stdout == "/\n"


def test_unknown_program() -> None:
    with pytest.raises(process.Missing, match="cannot run no-such-program: No such file") as caught:
        run(["no-such-program"], timeout=20)
    assert caught.value.hint == (
        "see whether it is installed: ls /usr/bin/no-such-program /usr/sbin/no-such-program"
    )


def test_our_files_are_not_inherited(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        found = run(["ls", "/proc/self/fd"], timeout=20).stdout.split()
        assert str(lock.fileno()) not in found


def test_timeout_kills_the_program_and_its_children(tmp_path: Path) -> None:
    file = tmp_path / "child"
    script = f"sleep 600 & echo $! >{file}; trap '' TERM; wait"
    with pytest.raises(TimedOut, match=r"no answer in 0\.3 s"):
        run(["sh", "-c", script], timeout=0.3)
    child = _pid_in(file)
    assert _wait(lambda: not _alive(child))


def test_daemon_that_keeps_the_output_open_does_not_hold_us(tmp_path: Path) -> None:
    start = time.monotonic()
    done = run(["sh", "-c", "sleep 600 & echo $!"], timeout=300)
    daemon = int(done.stdout)
    try:
        assert time.monotonic() - start < 60
        assert _alive(daemon)
    finally:
        with suppress(ProcessLookupError):
            os.kill(daemon, signal.SIGKILL)


def test_much_output_does_not_block() -> None:
    assert len(run(["head", "-c", "3000000", "/dev/zero"], timeout=60).stdout) == 65536


def test_daemon_that_goes_on_writing_does_not_hold_us() -> None:
    done = run(["sh", "-c", "yes & echo $! >&2"], timeout=300)
    with suppress(ProcessLookupError):
        os.kill(int(done.stderr), signal.SIGKILL)


def test_output_that_comes_bit_by_bit() -> None:
    script = "for i in 1 2 3; do echo $i; sleep 0.05; echo x$i >&2; done; exec >&- 2>&-; sleep 0.1"
    done = run(["sh", "-c", script], timeout=60)
    assert (done.stdout, done.stderr) == ("1\n2\n3\n", "x1\nx2\nx3\n")


def test_nothing_is_written_to_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a full disk, where not even the folder for temporary files can be written."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        done = run(["sh", "-c", "echo out; echo err >&2"], timeout=20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done == Completed(0, "out\n", "err\n")


class _Interrupt(BaseException):
    """What a signal handler of ours raises."""


def test_interrupt_kills_the_program(tmp_path: Path) -> None:
    file = tmp_path / "pid"

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _Interrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    script = f"echo $$ >{file}; kill -USR1 {os.getpid()}; sleep 600"
    try:
        with pytest.raises(_Interrupt):
            run(["sh", "-c", script], timeout=300)
    finally:
        signal.signal(signal.SIGUSR1, before)
    pid = _pid_in(file)
    assert _wait(lambda: not _alive(pid))


def test_program_is_not_in_the_terminals_group() -> None:
    """A Ctrl-C goes to the group in the foreground; we decide what it means for the program."""
    group = run(["sh", "-c", "cut -d' ' -f5,6 /proc/$$/stat"], timeout=20).stdout.split()
    assert group[0] == group[1] != str(os.getpgrp())
