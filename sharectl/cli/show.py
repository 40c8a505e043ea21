"""show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sharectl.cli import columns
from sharectl.cli.listing import tell_health, tell_unseen
from sharectl.cli.options import domain_argument, share_argument
from sharectl.cli.output import OutputOptions, output_options, print_record
from sharectl.cli.streams import tell
from sharectl.model.enums import Health
from sharectl.model.guest_mount import steps
from sharectl.operations.show import show_mapping

if TYPE_CHECKING:
    from sharectl.ports import App


@click.command("show")
@domain_argument
@share_argument
@output_options
@click.pass_obj
def show_command(
    app: App,
    domain: str,
    share: str,
    output: OutputOptions,
) -> None:
    """Show how SHARE is attached to DOMAIN, and its health.

    On a terminal it also says how to mount the share in the guest, unless there is a problem.
    """
    output.check(columns.RECORD)
    listing = show_mapping(app, domain, share)
    tell_unseen(app, listing)
    view = listing.views[0]
    print_record(columns.RECORD, columns.record(view), output)
    if output.format != "table" or not sys.stdout.isatty():
        return
    tell_health(app, listing)
    if not output.columns and view.health in (Health.OK, Health.UNKNOWN):
        mapping = view.mapping
        mode = mapping.access_level.value
        lines = steps(mapping.tag, mode, mapping.domain_word, windows=view.windows)
        tell("", *lines)
