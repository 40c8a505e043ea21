"""list."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sharectl.cli import columns
from sharectl.cli.output import OutputOptions, output_options, print_list
from sharectl.operations.list import list_mappings
from sharectl.operations.views import Listing

if TYPE_CHECKING:
    from sharectl.ports import App


@click.command("list")
@click.argument("domain", metavar="[DOMAIN]", required=False)
@click.option(
    "--long",
    "examine",
    is_flag=True,
    help="Show health and more columns; this asks Manila and the file servers.",
)
@output_options
@click.pass_obj
def list_command(
    app: App,
    domain: str | None,
    examine: bool,
    output: OutputOptions,
) -> None:
    """List the shares attached to DOMAIN, or to all domains."""
    with_domain = domain is None
    headings = (*columns.LIST, *columns.LONG) if examine else columns.LIST
    if with_domain:
        headings = ("Domain", *headings)
    output.check(headings)
    listing = list_mappings(app, domain, examine=examine)
    tell_unseen(app, listing)
    rows = [columns.list_row(item, with_domain=with_domain, long=examine) for item in listing.views]
    rows += [columns.unrecorded_row(item, with_domain=with_domain) for item in listing.unrecorded]
    print_list(headings, rows, output)
    if examine and output.format == "table" and sys.stdout.isatty():
        tell_health(app, listing)
    if not rows and output.format == "table" and sys.stdout.isatty():
        app.events.note("no shares are attached")


def tell_unseen(app: App, listing: Listing) -> None:
    """Warn of what could not be checked, and is therefore missing from the output."""
    for error in listing.unseen:
        app.events.warn(f"status and health are incomplete: {error.sentence}")


def tell_health(app: App, listing: Listing) -> None:
    """Say what to do about ill health, and with which share; for a person at a terminal."""
    for view in listing.views:
        if text := view.advice:
            mapping = view.mapping
            which = f"{mapping.domain_name} {mapping.share_name or mapping.share_id}"
            app.events.note(f"hint: {which}: {view.health}: {text}")
    for item in listing.unrecorded:
        problem = item.problem()
        app.events.note(f"hint: {item.domain.name} {item.share_id}: {problem.hint}")
