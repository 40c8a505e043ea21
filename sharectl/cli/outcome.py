"""How a command on many mappings ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharectl.model.outcome import Outcome
    from sharectl.ports import App


def note_the_end(app: App, outcome: Outcome, nothing: str, *, dry_run: bool) -> None:
    """Say `nothing` if there was neither change nor problem, and that a dry run was one."""
    if not (outcome.changes or outcome.problems):
        app.events.note(nothing)
    elif dry_run:
        app.events.note("a dry run: nothing was changed")
