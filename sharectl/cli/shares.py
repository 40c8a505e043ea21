"""shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.output import OutputOptions, output_options, print_list
from sharectl.operations.shares import list_shares

if TYPE_CHECKING:
    from sharectl.ports import App

HEADINGS = ("ID", "Name", "Size", "Share Proto", "Status", "Domains")


@click.command("shares")
@output_options
@click.pass_obj
def shares_command(
    app: App,
    output: OutputOptions,
) -> None:
    """List the Manila shares of the project that could be attached."""
    output.check(HEADINGS)
    found = list_shares(app)
    rows = [
        (
            item.share.id,
            item.share.name,
            item.share.size_gib,
            item.share.protocol,
            item.share.status,
            ", ".join(item.domains),
        )
        for item in found
    ]
    print_list(HEADINGS, rows, output)
