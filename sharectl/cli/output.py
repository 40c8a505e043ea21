"""Results on stdout in cliff's formats, so that scripts written for `openstack` run unchanged.

JSON and YAML keys are the column headings. `value` prints bare values, and `csv` quotes everything
but numbers. Rich draws tables on a terminal; elsewhere they are plain text, never wrapped or cut.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from sharectl.cli.streams import drawing, tell_all
from sharectl.cli.text import json_lines, shown, width
from sharectl.errors import UsageError

Cell = str | int | None
Row = tuple[Cell, ...]
_FORMATS = ("table", "json", "yaml", "csv", "value")


@dataclass(frozen=True)
class OutputOptions:
    """What -f, -c, --no-header and --sort-column asked for."""

    format: str
    columns: tuple[str, ...]
    no_header: bool
    sort: tuple[str, ...]

    def check(self, headings: Sequence[str]) -> None:
        """Raise `UsageError` for a column that is not one of `headings`.

        Call this before the operation: a mistake must not be reported after the work is done.
        """
        for name in (*self.columns, *self.sort):
            _find(headings, name)


def output_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the output options; it gets their values as `output`."""

    @functools.wraps(function)
    def collect(
        *arguments: object,
        output_format: str,
        column: tuple[str, ...],
        no_header: bool,
        sort_column: tuple[str, ...],
        **others: object,
    ) -> None:
        output = OutputOptions(output_format, column, no_header, sort_column)
        function(*arguments, output=output, **others)

    command: Callable[..., None] = collect
    for option in (
        click.option(
            "--sort-column",
            multiple=True,
            metavar="COLUMN",
            help="Sort by this column; can be repeated.",
        ),
        click.option("--no-header", is_flag=True, help="Do not print the headings."),
        click.option(
            "-c",
            "--column",
            multiple=True,
            metavar="COLUMN",
            help="Show only this column; can be repeated.",
        ),
        click.option(
            "-f",
            "--format",
            "output_format",
            type=click.Choice(_FORMATS),
            default="table",
            help="Output format [table].",
        ),
    ):
        command = option(command)
    return command


def print_list(headings: Sequence[str], rows: Sequence[Row], options: OutputOptions) -> None:
    """Print a list of records."""
    rows = _sorted(headings, rows, options)
    headings, rows = _selected(headings, rows, options)
    match options.format:
        case "json":
            _json([dict(zip(headings, row, strict=True)) for row in rows])
        case "yaml":
            _yaml([dict(zip(headings, row, strict=True)) for row in rows])
        case "csv":
            _csv(headings, rows, options)
        case "value":
            tell_all(" ".join(_word(cell) for cell in row) for row in rows)
        case _:
            if rows:
                _table(headings, rows, options)


def print_record(headings: Sequence[str], row: Row, options: OutputOptions) -> None:
    """Print one record: a line or key for each field."""
    headings, rows = _selected(headings, [row], options)
    row = rows[0]
    match options.format:
        case "json":
            _json(dict(zip(headings, row, strict=True)))
        case "yaml":
            _yaml(dict(zip(headings, row, strict=True)))
        case "csv":
            _csv(headings, rows, options)
        case "value":
            tell_all(_word(cell) for cell in row)
        case _:
            _table(("Field", "Value"), list(zip(headings, row, strict=True)), options)


def _selected(
    headings: Sequence[str], rows: Sequence[Row], options: OutputOptions
) -> tuple[Sequence[str], Sequence[Row]]:
    if not options.columns:
        return headings, rows
    wanted = {_find(headings, name) for name in options.columns}
    keep = [index for index in range(len(headings)) if index in wanted]
    return [headings[i] for i in keep], [tuple(row[i] for i in keep) for row in rows]


def _find(headings: Sequence[str], name: str) -> int:
    for index, heading in enumerate(headings):
        if heading.lower() == name.lower().replace("_", " "):
            return index
    raise UsageError(f"there is no column {name!r}", hint="columns are: " + ", ".join(headings))


def _sorted(headings: Sequence[str], rows: Sequence[Row], options: OutputOptions) -> Sequence[Row]:
    """Sort by the chosen columns, empty cells first, numbers as numbers."""
    for name in reversed(options.sort):
        index = _find(headings, name)
        rows = sorted(rows, key=lambda row: _sort_key(row[index]))
    return rows


def _sort_key(cell: Cell) -> tuple[int, int, str]:
    if cell is None:
        return (0, 0, "")
    return (1, cell, "") if isinstance(cell, int) else (2, 0, cell)


def _word(cell: Cell) -> str:
    return shown(str(cell))


def _json(value: object) -> None:
    tell_all(json_lines(value))


def _yaml(value: object) -> None:
    import yaml

    text = yaml.safe_dump(value, default_flow_style=False, sort_keys=False)
    tell_all(text.rstrip("\n").split("\n"))


def _csv(headings: Sequence[str], rows: Sequence[Row], options: OutputOptions) -> None:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    if not options.no_header:
        writer.writerow(headings)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    tell_all(text.getvalue().splitlines())


def _plain(cell: Cell) -> str | int:
    return cell if isinstance(cell, int) else shown(cell or "")


def _table(headings: Sequence[str], rows: Sequence[Row], options: OutputOptions) -> None:
    if sys.stdout.isatty():
        from sharectl.cli.rich_table import print_table

        with drawing():
            print_table(headings, rows, header=not options.no_header)
        return
    cells = [[_word(cell) for cell in row] for row in rows]
    everything = cells if options.no_header else [list(headings), *cells]
    widths = [max(width(row[i]) for row in everything) for i in range(len(headings))]
    rule = "+" + "+".join("-" * (size + 2) for size in widths) + "+"
    lines = [rule]
    if not options.no_header:
        lines += [_line(headings, widths), rule]
    lines += [_line(row, widths) for row in cells] + [rule]
    tell_all(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"
