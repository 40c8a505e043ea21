"""Output to whatever the standard streams are: closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

from sharectl.cli.text import printable


def open_all() -> None:
    """Put /dev/null where the caller has closed a stream (`2>&-`).

    Else the next file that is opened, the store for one, would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - stays open


def say(line: str) -> None:
    """A line on stderr; that it cannot be written there stops no change half-way."""
    try:
        click.echo(line, err=True)
    except OSError:
        drop(sys.stderr)


def say_error(message: str, hint: str) -> None:
    """The two lines of an error, on stderr."""
    say(f"sharectl: error: {printable(message)}")
    say(f"sharectl: hint: {printable(hint)}")


def drop(stream: TextIO) -> None:
    """Let what is written to `stream` from now on, and what it still holds, vanish."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
