"""sharectl's hook, killed on its way: the child's side.

libvirt's hook script starts it in place of `python -m sharectl.hook`, with the same arguments. What
is to happen stands in the file `JOB` beside the state folder; what the hook did is written to the
file `DONE`, a line for each effect. An effect is what Python's audit events tell of: a program that
is started, a folder, a file that is written, a lock.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from sharectl.hook import __main__ as hook

JOB, DONE = "hook-job", "hook-done"
_EFFECTS = {
    "fcntl.flock", "os.link", "os.mkdir", "os.posix_spawn", "os.remove", "os.rename",
    "os.rmdir", "os.symlink", "subprocess.Popen", "ctypes.call_function",
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR
_END = "end after"


class Victim(StrEnum):
    """Who gets the SIGKILL."""

    HOOK = "hook"
    SHELL = "shell"
    """The script that started it; the hook goes on, and libvirt has lost it."""


@dataclass(frozen=True)
class HookJob:
    """The SIGKILL comes before effect number `at`, or `delay` seconds after the start."""

    at: int | None = None
    delay: float | None = None
    victim: Victim = Victim.HOOK

    def write(self, folder: Path) -> None:
        (folder / DONE).write_text("")
        (folder / JOB).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Self:
        values = json.loads((folder / JOB).read_text())
        return cls(values["at"], values["delay"], Victim(values["victim"]))


class Killer:
    """Counts the effects, and strikes."""

    def __init__(self, job: HookJob, done: Path) -> None:
        self._job = job
        self._done = os.open(done, os.O_WRONLY | os.O_APPEND)
        self._count = 0

    def start(self) -> None:
        if self._job.delay is not None:
            timer = threading.Timer(self._job.delay, self._strike)
            timer.daemon = True
            timer.start()
        sys.addaudithook(self._hear)

    def effect(self, text: str) -> None:
        """One more, which comes next."""
        if self._count == self._job.at:
            self._strike()
        self._count += 1
        os.write(self._done, f"{text}\n".encode())

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and not (args[2] & _WRITES and _is_data(args[0])):
            return
        if event == "open" or event in _EFFECTS:
            self.effect(f"{event} {args[0]}")

    def _strike(self) -> None:
        is_shell = self._job.victim is Victim.SHELL
        os.kill(os.getppid() if is_shell else os.getpid(), signal.SIGKILL)


def _is_data(path: object) -> bool:
    """Not what was opened before, as an int, and nothing that goes with the process."""
    return isinstance(path, str) and "__pycache__" not in path and not path.startswith("/dev/")


def seconds(done: list[str]) -> float:
    """How long the hook took that did all this, without the start of Python."""
    return float(done[-1].removeprefix(_END))


def main() -> None:
    """Run as the hook does."""
    folder = Path(os.environ["SHARECTL_STATE_DIR"]).parent
    killer = Killer(HookJob.read(folder), folder / DONE)
    arguments, sys.argv[1:] = sys.argv[1:], ["hook"]
    killer.start()
    start = time.monotonic()
    status = hook.main(arguments)
    killer.effect(f"{_END} {time.monotonic() - start:.3f}")
    sys.exit(status)


if __name__ == "__main__":
    main()
