"""adopt and forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.options import (
    confirm,
    domain_argument,
    domains_argument,
    dry_run_option,
    no_question_option,
    share_argument,
    timeout_option,
    yes_option,
)
from sharectl.cli.outcome import Teller
from sharectl.cli.text import printable
from sharectl.errors import ExitCode
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import forget_mapping, look

if TYPE_CHECKING:
    from sharectl.ports import App


@click.command("adopt")
@domains_argument
@dry_run_option
@timeout_option
@no_question_option
@click.pass_context
def adopt_command(
    ctx: click.Context, domains: tuple[str, ...], dry_run: bool, timeout: float, yes: bool
) -> None:
    """Record again the shares that the domains' metadata names.

    For a store that was lost, and for domains that come from another host, whose shares are
    then granted to this host and mounted here. Exit status 6 when one could not be adopted.
    """
    app: App = ctx.obj
    teller = Teller(app)
    result = adopt(app, AdoptRequest(domains, dry_run, timeout), teller)
    nothing = "nothing to do: no domain speaks of a share that is not recorded"
    teller.end(result, nothing, dry_run=dry_run)
    if result.problems:
        ctx.exit(ExitCode.PARTIAL)


@click.command("forget")
@domain_argument
@share_argument
@dry_run_option
@yes_option
@click.pass_obj
def forget_command(app: App, domain: str, share: str, dry_run: bool, yes: bool) -> None:
    """Drop the record of SHARE at DOMAIN, and touch nothing else.

    Says first what it leaves: access rule, mount, filesystem. To detach a share use remove.
    """
    found = look(app, domain, share)
    for line in found.left:
        click.echo(f"left: {printable(line)}")
    if dry_run:
        return
    confirm("Nothing of this will be known any more. Go on?", yes=yes)
    forget_mapping(app, found)
