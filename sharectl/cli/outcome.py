"""How the end of an operation on many mappings is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.text import printable

if TYPE_CHECKING:
    from sharectl.operations.outcome import Outcome
    from sharectl.ports import App


def show_outcome(app: App, outcome: Outcome, nothing: str, *, dry_run: bool) -> None:
    """A line for each change on stdout, an error for each problem; `nothing` if there is neither.

    What is only worth a note is not told to cron, which would mail it.
    """
    app.report.done()
    for line in outcome.changes:
        click.echo(printable(line))
    for problem in outcome.problems:
        app.report.problem(problem.message, problem.advice)
    if not (outcome.changes or outcome.problems):
        app.report.note(nothing)
    elif dry_run:
        app.report.note("a dry run: nothing was changed")
