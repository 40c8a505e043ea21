"""shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.output import OutputOptions, output_options, print_list
from sharectl.operations.shares import ShareView, list_shares

if TYPE_CHECKING:
    from sharectl.ports import App

HEADINGS = ("ID", "Name", "Size", "Share Proto", "Status", "Domains")
LONG = ("Hosts",)


@click.command("shares")
@click.option(
    "--long",
    "with_hosts",
    is_flag=True,
    help="Also show the hosts that have an access rule; this asks Manila for each share.",
)
@output_options
@click.pass_obj
def shares_command(
    app: App,
    with_hosts: bool,
    output: OutputOptions,
) -> None:
    """List the Manila shares of the project that could be attached."""
    headings = (*HEADINGS, *LONG) if with_hosts else HEADINGS
    output.check(headings)
    found = list_shares(app, with_hosts=with_hosts)
    for error in found.unseen:
        app.events.warn(f"its hosts are not known: {error.sentence}")
    rows = [
        (
            item.share.id,
            item.share.name,
            item.share.size_gib,
            item.share.protocol,
            item.share.status,
            ", ".join(item.domains),
            *((_hosts(item),) if with_hosts else ()),
        )
        for item in found.views
    ]
    print_list(headings, rows, output)


def _hosts(item: ShareView) -> str | None:
    return None if item.hosts is None else ", ".join(item.hosts)
