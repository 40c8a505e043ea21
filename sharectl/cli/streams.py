"""Output to whatever the standard streams are: closed, full, or read by nobody any more.

All that sharectl prints goes through here: no character from outside reaches a terminal unseen, and
a line that cannot be written stops no change half-way.
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

    Else the next file that is opened, the store for one, would get its number. And leave a working
    folder that was deleted, in which no path can be made absolute.
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
    """Lines on stdout; that they cannot be written is kept for the end, see `lost`."""
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
    """Why something was not written to stdout, if so."""
    return _lost[0] if _lost else None


def was_refused() -> bool:
    """Whether somebody's write to stdout has just failed: what it left unwritten fails again."""
    before = len(_lost)
    with drawing():
        pass
    return len(_lost) > before


def say(line: str) -> None:
    """A line on stderr; that it cannot be written there is nothing that anybody could be told."""
    spinner.stop()
    try:
        sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()
    except OSError:
        drop(sys.stderr)


def say_error(message: str, hint: str) -> None:
    """The two lines of an error, on stderr."""
    say(f"sharectl: error: {message}")
    say(f"sharectl: hint: {hint}")


def drop(stream: TextIO) -> None:
    """Let what is written to `stream` from now on, and what it still holds, vanish."""
    with suppress(OSError):  # a test's stream has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
