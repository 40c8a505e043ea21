"""metadata: what guests can learn about themselves."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from sharectl.cli.options import domain_argument
from sharectl.cli.streams import tell_all
from sharectl.cli.text import json_lines
from sharectl.model.guest_metadata import SEED_BYTES
from sharectl.operations.metadata import metadata_of

if TYPE_CHECKING:
    from sharectl.ports import App


@click.group("metadata", no_args_is_help=False)
def metadata_command() -> None:
    """Show what a guest can learn about itself and its shares."""


@metadata_command.command("show")
@domain_argument
@click.pass_obj
def show_command(app: App, domain: str) -> None:
    """Print the meta_data.json that the guest of DOMAIN would get.

    Its key `devices` has an entry for each share that the guest can mount, with the tag.
    """
    metadata = metadata_of(app, domain)
    data = metadata.meta_data("latest", secrets.token_bytes(SEED_BYTES))
    tell_all(json_lines(data))
