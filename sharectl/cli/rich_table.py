"""Tables on a terminal. The only drawing by Rich besides the spinner."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sharectl.cli.text import printable

_FOLDABLE = 6  # columns that are folded into any terminal
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
    """Draw the table; long cells are folded, never cut. Rich itself honours NO_COLOR.

    Many columns that are too wide for the terminal are drawn as one table for each row: folded
    into a few characters each, nobody can read or copy them.
    """
    console = Console()
    table = _table(headings, rows, header=header)
    if len(headings) <= _FOLDABLE or _width(console, table) <= console.width:
        console.print(table)
        return
    for row in rows:
        record = list(zip(headings, row, strict=True))
        console.print(_table(("Field", "Value"), record, header=header))


def _width(console: Console, table: Table) -> int:
    """How wide the table would be on a terminal without end."""
    return Measurement.get(console, console.options.update(max_width=100_000), table).maximum


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str | int | None]], *, header: bool
) -> Table:
    table = Table(box=ROUNDED, show_header=header, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    return table


def _cell(cell: str | int | None) -> Text:
    """As text, not markup: names from outside may contain brackets."""
    if cell is None:
        return Text("-", style="dim")
    return Text(printable(str(cell)), style=_STYLES.get(str(cell), ""))
