"""Tables on a terminal. The only drawing by Rich besides the spinner."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED, Box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sharectl.cli.text import shown, width

_FOLDABLE = 6  # columns of a table that may be folded
_LEAST = 12  # characters that a folded column keeps
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
    "no-daemon": "bold red",
    "domain-missing": "red",
    "share-missing": "red",
}


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str | int | None]], *, header: bool
) -> None:
    """Draw the table; nothing is cut, and IDs are not wrapped. Rich itself honours NO_COLOR.

    A table that is too wide for the terminal is drawn with long cells wrapped, or without a frame
    if that is enough, and otherwise as one table for each row. Nobody could read or copy cells that
    are wrapped after a few characters.
    """
    console = Console()
    table = _table(headings, rows, header=header)
    if _width(console, table) <= console.width:
        console.print(table)
        return
    for frame in (ROUNDED, None):
        fits = _narrowest(headings, rows, frame) <= console.width
        if fits and len(headings) <= _FOLDABLE:
            console.print(_table(headings, rows, header=header, frame=frame, narrow=True))
            return
    for row in rows:
        record = list(zip(headings, row, strict=True))
        console.print(_table(("Field", "Value"), record, header=header))


def _width(console: Console, table: Table) -> int:
    """How wide the table would be on a terminal of unlimited width."""
    return Measurement.get(console, console.options.update(max_width=100_000), table).maximum


def _narrowest(
    headings: Sequence[str], rows: Sequence[Sequence[str | int | None]], frame: Box | None
) -> int:
    """How narrow the table can be if all cells that may be wrapped are wrapped."""
    between = 3 * len(headings) + 1 if frame else len(headings) - 1
    return between + sum(
        size if _is_whole(heading, size) else _LEAST
        for heading, size in zip(headings, _sizes(headings, rows), strict=True)
    )


def _sizes(headings: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> list[int]:
    """How wide each column is, if its heading has one word per line."""
    words = [max(width(word) for word in heading.split()) for heading in headings]
    cells = ([_cell(row[place]).cell_len for row in rows] for place in range(len(headings)))
    return [max(of_words, *of_cells) for of_words, of_cells in zip(words, cells, strict=True)]


def _is_whole(heading: str, size: int) -> bool:
    """Whether the cells of a column stay in one piece, to be copied or because they are short."""
    return "ID" in heading or size <= _LEAST


def _table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str | int | None]],
    *,
    header: bool,
    frame: Box | None = ROUNDED,
    narrow: bool = False,
) -> Table:
    table = Table(
        box=frame, show_header=header, header_style="bold", pad_edge=frame is not None,
        collapse_padding=frame is None,
    )  # fmt: skip
    for heading, size in zip(headings, _sizes(headings, rows), strict=True):
        on_one_line = not narrow or width(heading) <= size
        text = heading if on_one_line else "\n".join(heading.split())
        table.add_column(text, overflow="fold", no_wrap=narrow and _is_whole(heading, size))
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    return table


def _cell(cell: str | int | None) -> Text:
    """As text, not markup: names from outside may contain brackets."""
    if cell is None:
        return Text("-", style="dim")
    return Text(shown(str(cell)), style=_STYLES.get(str(cell), ""))
