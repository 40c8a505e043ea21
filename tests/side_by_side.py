"""`make test`: all tests, as two runs of pytest side by side, each in a sandbox of its own.

Most lab tests wait for guests, daemons or the VM, so that one run leaves a core idle. The parts
are told apart by folders and files; whatever is in no list is in the second part, new tests too.
The last line counts all tests, in the form of pytest's own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
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
_FIRST_WORDS = ("failed", "passed", "errors")
_SUMMARY = re.compile(r"^=+ (.*) in [0-9.]+s.* =+$", re.MULTILINE)
_COUNT = re.compile(r"([0-9]+) (\w+)")


def _start(name: str, arguments: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
    log = Path(f".pytest-{name}.log")
    pytest = [sys.executable, "-m", "pytest", "--durations=15", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab", "run", "--", *pytest],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return process, log


def _counts(text: str) -> Counter[str]:
    """What the summary line of a run counts; an error where there is none."""
    found = _SUMMARY.findall(text)
    if not found:
        return Counter({"errors": 1})
    return Counter({word: int(number) for number, word in _COUNT.findall(found[-1])})


def main(extra: list[str]) -> int:
    """Run both parts with `extra` arguments for pytest; returns the exit status."""
    started = time.monotonic()
    rest = [f"--ignore={path}" for path in _FIRST]
    runs = [_start("first", [*_FIRST, *extra]), _start("second", [*rest, *extra])]
    total: Counter[str] = Counter()
    status = 0
    try:
        for process, log in runs:
            status = process.wait() or status
            text = log.read_text(errors="replace")
            sys.stdout.write(text)
            sys.stdout.flush()
            total += _counts(text)
    finally:
        for process, _log in runs:
            process.terminate()  # nothing to do for one that has ended
    shown = sorted(total.items(), key=lambda item: (item[0] not in _FIRST_WORDS, item[0]))
    words = ", ".join(f"{number} {word}" for word, number in shown)
    print(f"=========== {words} in {time.monotonic() - started:.2f}s ===========")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
