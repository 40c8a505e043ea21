"""Run a command so that nothing of it can be left behind, and two runs never meet.

The command gets mount, network, process, IPC and host name namespaces of its own (what it sees
in them: `private_root`). Three processes are at work: the caller, which waits; PID 1 of the new
process namespace, which sets it up, reaps orphans and waits; and the command. When PID 1 ends,
the kernel kills whatever else runs in the namespace and drops its mounts; and PID 1 ends with
the command, with the caller, and when either of them is killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Sequence

from tests.lab import cgroup, private_root, syscalls
from tests.lab.syscalls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS

INSIDE = "SHARECTL_LAB"
_FAILED = 125  # the sandbox itself failed, as with env(1) and timeout(1)
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_FORWARDED = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
)
_ENDING = frozenset({signal.SIGTERM, signal.SIGHUP})
_GRACE_SECONDS = 5.0
_SI_KERNEL = 0x80  # asm-generic/siginfo.h


def inside() -> bool:
    """Whether this process runs in a sandbox."""
    return os.environ.get(INSIDE) == "1"


def run(argv: Sequence[str]) -> int:
    """Run `argv` in a sandbox, with this process's input, output and terminal.

    Returned: its exit status, 128 + n after signal n, or 125 if there could be no sandbox. In a
    sandbox already, `argv` replaces this process. SIGTERM and SIGHUP reach the command, and after
    five seconds of grace everything is killed.
    """
    if inside():
        _execute(argv)
    if os.geteuid() != 0:
        print("lab: the sandbox needs root (it makes namespaces and mounts)", file=sys.stderr)
        return _FAILED
    sys.stdout.flush()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_FORWARDED})
    alive, lifeline = os.pipe()
    group = cgroup.name()
    cleaner = cgroup.remove_afterwards(group, alive, lifeline)
    syscalls.unshare(CLONE_NEWPID)
    first = os.fork()
    if first == 0:
        os.close(lifeline)
        os._exit(_guarded_first_process(argv, alive, group, mask))
    foreground = _foreground_group()
    status = _supervise(first)
    _regain_terminal(foreground)
    os.close(lifeline)
    with contextlib.suppress(ChildProcessError):  # it had nothing to do, and was reaped
        os.waitpid(cleaner, 0)
    return status


def _guarded_first_process(argv: Sequence[str], alive: int, group: str, mask: set[int]) -> int:
    try:
        return _first_process(argv, alive, group, mask)
    except OSError as error:
        print(f"lab: no sandbox: {error.strerror}", file=sys.stderr)
        return _FAILED


def _first_process(argv: Sequence[str], alive: int, group: str, mask: set[int]) -> int:
    """PID 1: set the namespaces up, start `argv`, reap until it ends; return its status."""
    syscalls.die_with_parent(signal.SIGKILL)
    if select.select([alive], [], [], 0)[0]:  # end of file: the caller died before that line
        return _FAILED
    syscalls.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    private_root.build()
    cgroup.join(group)
    command = os.fork()
    if command == 0:
        os.environ[INSIDE] = "1"
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _execute(argv)
    return _supervise(command)


def _execute(argv: Sequence[str]) -> None:
    """Become `argv`; if that fails, end with the status a shell would give."""
    for name in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec would keep that
        signal.signal(name, signal.SIG_DFL)
    try:
        os.execvp(argv[0], list(argv))
    except OSError as error:
        print(f"lab: {argv[0]}: {error.strerror}", file=sys.stderr)
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)


def _supervise(child: int) -> int:
    """Pass signals on to `child` and reap every process until it ends; return its status.

    What the terminal sends (Ctrl-C) has reached the whole process group already, so only signals
    that a process sent are passed on.
    """
    deadline: float | None = None
    awaited = {signal.SIGCHLD, *_FORWARDED}
    while True:
        if deadline is None:
            info = signal.sigwaitinfo(awaited)
        elif (later := signal.sigtimedwait(awaited, max(0, deadline - time.monotonic()))) is None:
            os.kill(child, signal.SIGKILL)
            deadline = None
            continue
        else:
            info = later
        if info.si_signo == signal.SIGCHLD:
            status = _reap(child)
            if status is not None:
                return status
        elif info.si_code != _SI_KERNEL:
            os.kill(child, info.si_signo)
            if info.si_signo in _ENDING:
                deadline = deadline or time.monotonic() + _GRACE_SECONDS


def _reap(child: int) -> int | None:
    """Collect all that ended; the exit status of `child` if it was among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _foreground_group() -> int | None:
    """Our process group if it owns the terminal on standard input."""
    try:
        group = os.tcgetpgrp(0)
    except OSError:
        return None
    return group if group == os.getpgrp() else None


def _regain_terminal(group: int | None) -> None:
    """Take the terminal back from a killed shell, so that our caller can go on reading it."""
    if group is None:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    os.tcsetpgrp(0, group)
