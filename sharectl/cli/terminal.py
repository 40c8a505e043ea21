"""Prints events, for a person at a terminal or for the output of a script."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from sharectl.cli.spinner import spin
from sharectl.cli.streams import say, say_error, tell
from sharectl.model.event import (
    Changed,
    Event,
    Failed,
    Note,
    Phase,
    Progress,
    StepEvent,
    Warned,
)
from sharectl.model.text import printable


class Terminal:
    """`Listener` that prints changes on stdout as they come, and everything else on stderr.

    Progress is a spinner on a terminal, and nothing in a script. Notes are for a terminal only, so
    that cron mails none.

    Args:
        verbose: progress is printed as lines, even if stderr is not a terminal.
        quiet: print no progress, notes or warnings.

    `complete` adds the options that commands in warnings and hints need.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._warned: set[str] = set()
        self.complete: Callable[[str], str] = str

    def hear(self, event: Event) -> None:
        """Print the event, if it is for a person or a script."""
        match event:
            case Changed(text):
                tell(text)
            case Failed(error):  # also when all else is quiet
                say_error(error.message, self.complete(error.advice))
            case _ if not self._quiet:
                self._remark(event)

    def _remark(self, event: Event) -> None:
        match event:
            case StepEvent(action, Phase.START):
                self._progress(action.describe())
            case Progress(text):
                self._progress(text)
            case Note(text) if self._verbose or sys.stderr.isatty():
                say(f"sharectl: {text}")
            case Warned(text) if text not in self._warned:
                self._warned.add(text)
                say(f"sharectl: warning: {self.complete(text)}")

    def _progress(self, text: str) -> None:
        if self._verbose:
            say(f"sharectl: {text}")
        elif sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            spin(printable(text))
