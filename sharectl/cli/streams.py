"""Output to the standard streams, even if they are closed, full, or no longer read.

All that sharectl prints goes through here: no character from outside reaches a terminal unseen, and
a line that cannot be written does not stop a change half-way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from sharectl.cli import spinner
from sharectl.cli.text import shown
from sharectl.model.text import printable

_lost: list[OSError] = []


def open_all() -> None:
    """Put /dev/null where the caller has closed a stream (`2>&-`).

    Otherwise the next file that is opened, such as the store, would get its number. Also leave a
    working folder that was deleted, because no path can be made absolute in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - stays open
    try:
        Path.cwd()
    except OSError:
        os.chdir("/")


def begin() -> None:
    """Forget what could not be written before; what Rich draws is never refused by an encoding."""
    _lost.clear()
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def tell(*lines: str) -> None:
    """Print lines on stdout. A failure to write them is kept for the end, see `lost`."""
    tell_all(lines)


def tell_all(lines: Iterable[str]) -> None:
    """The same for many."""
    with drawing():
        sys.stdout.write("".join(f"{shown(line)}\n" for line in lines))


@contextmanager
def drawing() -> Iterator[None]:
    """For what writes to stdout by itself."""
    spinner.stop()
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        _lost.append(error)
        drop(sys.stdout)


def lost() -> OSError | None:
    """The reason why something was not written to stdout, or None."""
    return _lost[0] if _lost else None


def was_refused() -> bool:
    """Whether a write to stdout has just failed; what it left unwritten will fail again."""
    before = len(_lost)
    with drawing():
        pass
    return len(_lost) > before


def say(line: str) -> None:
    """Print a line on stderr. A failure is ignored, because there is nowhere to report it."""
    spinner.stop()
    try:
        sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()
    except OSError:
        drop(sys.stderr)


def say_error(message: str, hint: str) -> None:
    """Print the two lines of an error on stderr."""
    say(f"sharectl: error: {message}")
    say(f"sharectl: hint: {hint}")


def drop(stream: TextIO) -> None:
    """Discard what `stream` still holds, and everything that is written to it from now on."""
    with suppress(OSError):  # a test's stream has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
