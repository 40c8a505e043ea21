"""How an operation on many mappings is told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sharectl.cli.streams import drop
from sharectl.cli.text import printable

if TYPE_CHECKING:
    from sharectl.errors import SharectlError
    from sharectl.operations.outcome import Outcome
    from sharectl.ports import App


class Teller:
    """`Listener`: a line on stdout for each change, an error for each problem, as they come.

    That stdout cannot be written stops no change half-way; `end` raises it.
    """

    def __init__(self, app: App) -> None:
        self._report = app.report
        self._lost: OSError | None = None

    def changed(self, line: str) -> None:
        """Out at once: who kills us may know what was done."""
        self._report.done()
        try:
            click.echo(printable(line))
        except OSError as error:
            self._lost = error
            drop(sys.stdout)

    def failed(self, problem: SharectlError) -> None:
        """Also when all else is quiet."""
        self._report.done()
        self._report.problem(problem.message, problem.advice)

    def end(self, outcome: Outcome, nothing: str, *, dry_run: bool) -> None:
        """`nothing` if there was neither.

        What is only worth a note is not told to cron, which would mail it.
        """
        self._report.done()
        if self._lost is not None:
            raise self._lost
        if not (outcome.changes or outcome.problems):
            self._report.note(nothing)
        elif dry_run:
            self._report.note("a dry run: nothing was changed")
