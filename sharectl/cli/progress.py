"""Progress and warnings on stderr: a spinner on a terminal, nothing in a script."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sharectl.cli.streams import say, say_error
from sharectl.model.text import printable


class StderrReporter:
    """`Reporter` for a command line.

    Args:
        verbose: steps become lines, also when stderr is no terminal.
        quiet: neither steps nor warnings.

    `complete` gives commands in warnings and hints the options that they need.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._said: set[str] = set()
        self.complete: Callable[[str], str] = str
        self._live: Any = None
        self._spinner: Any = None

    def step(self, text: str) -> None:
        """Show what is being done now."""
        if self._quiet:
            return
        if self._verbose:
            say(f"sharectl: {text}")
        elif sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            self._spin(printable(text))

    def _spin(self, text: str) -> None:
        """Each step is drawn at once, also one that is done before the next turn of the spinner."""
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner
        from rich.text import Text

        with suppress(OSError):  # the terminal is gone
            if self._live is None:
                console = Console(stderr=True)
                wheel = "dots" if console.encoding.startswith("utf") else "line"
                self._spinner = Spinner(wheel, Text(text), style="green")
                self._live = Live(self._spinner, console=console, transient=True)
                self._live.start(refresh=True)
            else:
                self._spinner.update(text=Text(text))
                self._live.refresh()

    def note(self, text: str) -> None:
        """A remark for a human; a script does not want it."""
        if not self._quiet and (self._verbose or sys.stderr.isatty()):
            self.done()
            say(f"sharectl: {text}")

    def warn(self, text: str) -> None:
        """Say it once."""
        if self._quiet or text in self._said:
            return
        self._said.add(text)
        say(f"sharectl: warning: {self.complete(text)}")

    def problem(self, text: str, hint: str) -> None:
        """An error that does not end the program, in the form of one that does."""
        say_error(text, self.complete(hint))

    def done(self) -> None:
        """Take the spinner away, before results or errors are printed."""
        if self._live is not None:
            with suppress(OSError):
                self._live.stop()
            self._live = None
