"""Tables on a terminal. The only drawing by Rich besides the spinner."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sharectl.cli.text import printable

_STYLES = {
    "active": "green",
    "ok": "green",
    "attaching": "yellow",
    "detaching": "yellow",
    "unknown": "yellow",
    "error": "bold red",
    "not-mounted": "red",
    "wrong-source": "bold red",
    "stale": "red",
    "unreachable": "red",
    "no-access": "red",
    "no-device": "red",
    "domain-missing": "red",
    "share-missing": "red",
}


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str | int | None]], *, header: bool
) -> None:
    """Draw the table; long cells are folded, never cut. Rich itself honours NO_COLOR."""
    table = Table(box=ROUNDED, show_header=header, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    Console().print(table)


def _cell(cell: str | int | None) -> Text:
    """As text, not markup: names from outside may contain brackets."""
    if cell is None:
        return Text("-", style="dim")
    return Text(printable(str(cell)), style=_STYLES.get(str(cell), ""))
