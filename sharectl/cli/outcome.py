"""How an operation on many mappings is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.cli.streams import tell

if TYPE_CHECKING:
    from sharectl.errors import SharectlError
    from sharectl.operations.outcome import Outcome
    from sharectl.ports import App


class Teller:
    """`Listener`: a line on stdout for each change, an error for each problem, as they come.

    That stdout cannot be written stops no change half-way.
    """

    def __init__(self, app: App) -> None:
        self._report = app.report

    def changed(self, line: str) -> None:
        """Out at once: who kills us may know what was done."""
        self._report.done()
        tell(line)

    def failed(self, problem: SharectlError) -> None:
        """Also when all else is quiet."""
        self._report.done()
        self._report.problem(problem.message, problem.advice)

    def end(self, outcome: Outcome, nothing: str, *, dry_run: bool) -> None:
        """`nothing` if there was neither.

        What is only worth a note is not told to cron, which would mail it.
        """
        self._report.done()
        if not (outcome.changes or outcome.problems):
            self._report.note(nothing)
        elif dry_run:
            self._report.note("a dry run: nothing was changed")
