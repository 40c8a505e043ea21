"""`make test`: all tests, as two runs of pytest side by side, each in a sandbox of its own.

Most lab tests wait for guests, daemons or the VM, so that one run leaves a core idle. The parts
are told apart by folders and files; whatever is in no list is in the second part, new tests too.
The last line counts all tests, in the form of pytest's own. A test that hangs fails, and what is
not done within an hour is ended, with what is known by then.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FIRST = (
    "tests/e2e/kills",
    "tests/edge",
    "tests/simulation",
    "tests/e2e/test_blocked_operations.py",
    "tests/e2e/test_candidates.py",
    "tests/e2e/test_concurrency.py",
    "tests/e2e/test_debian13.py",
    "tests/e2e/test_dependencies.py",
    "tests/e2e/test_faults.py",
    "tests/e2e/test_guests.py",
    "tests/e2e/test_looking.py",
    "tests/e2e/test_mixed.py",
    "tests/e2e/test_odd_surroundings.py",
    "tests/e2e/test_outages.py",
    "tests/e2e/test_refusals.py",
    "tests/e2e/test_served.py",
    "tests/e2e/test_staging.py",
    "tests/e2e/test_two_hosts.py",
    "tests/e2e/test_virtiofsd_found.py",
    "tests/e2e/test_wrong_libvirt.py",
)
_TEST_SECONDS = 600  # for one test, with what is set up for it
_ALL_SECONDS = 57 * 60
_SAY_SECONDS = 60
_LAST_WORDS_SECONDS = 60
_FIRST_WORDS = ("failed", "passed", "errors")
_SUMMARY = re.compile(r"^=+ (.*) in [0-9.]+s.* =+$", re.MULTILINE)
_COUNT = re.compile(r"([0-9]+) (\w+)")


@dataclass(frozen=True)
class _Part:
    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, arguments: list[str]) -> _Part:
        log = Path(f".pytest-{name}.log")
        pytest = [
            sys.executable, "-m", "pytest", "--durations=15", f"--timeout={_TEST_SECONDS}",
            *arguments,
        ]  # fmt: skip
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.lab", "run", "--", *pytest],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return cls(name, log, process)

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def where(self) -> str:
        """What it works on, as its last line has it."""
        if self.process.poll() is not None:
            return "done"
        return self.text.rstrip("\n").rpartition("\n")[2].split(" ")[0][:70] or "begins"

    def counts(self) -> Counter[str]:
        """What the summary line counts; an error where there is none."""
        found = _SUMMARY.findall(self.text)
        if not found:
            return Counter({"errors": 1})
        return Counter({word: int(number) for number, word in _COUNT.findall(found[-1])})


def _watch(parts: list[_Part], started: float) -> None:
    """Wait for the end, and say from time to time how far they are, so that a hang has a name."""
    said = started
    while any(part.process.poll() is None for part in parts):
        now = time.monotonic()
        if now > started + _ALL_SECONDS:
            print(f"not done within {_ALL_SECONDS // 60} minutes", flush=True)
            return
        if now > said + _SAY_SECONDS:
            said = now
            there = "; ".join(f"{part.name}: {part.where}" for part in parts)
            print(f"[{(now - started) / 60:.0f} min] {there}", flush=True)
        with suppress(subprocess.TimeoutExpired):
            next(part for part in parts if part.process.poll() is None).process.wait(1)


def _end(part: _Part) -> int:
    """The exit status; a part that still runs is asked to tell what it has."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if part.process.poll() is None:
            part.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                part.process.wait(_LAST_WORDS_SECONDS)
    return 1 if part.process.returncode is None else part.process.returncode


def main(extra: list[str]) -> int:
    """Run both parts with `extra` arguments for pytest; returns the exit status."""
    started = time.monotonic()
    rest = [f"--ignore={path}" for path in _FIRST]
    parts = [_Part.start("first", [*_FIRST, *extra]), _Part.start("second", [*rest, *extra])]
    total: Counter[str] = Counter()
    status = 0
    try:
        _watch(parts, started)
    finally:
        for part in parts:
            status = _end(part) or status
            sys.stdout.write(part.text)
            sys.stdout.flush()
            total += part.counts()
    shown = sorted(total.items(), key=lambda item: (item[0] not in _FIRST_WORDS, item[0]))
    words = ", ".join(f"{number} {word}" for word, number in shown)
    print(f"=========== {words} in {time.monotonic() - started:.2f}s ===========")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
