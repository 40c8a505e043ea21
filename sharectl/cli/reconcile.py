"""reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.options import (
    domains_argument,
    dry_run_option,
    no_question_option,
    timeout_option,
)
from sharectl.cli.outcome import note_the_end
from sharectl.errors import ExitCode
from sharectl.operations.reconcile import ReconcileRequest, reconcile

if TYPE_CHECKING:
    from sharectl.ports import App


@click.command("reconcile")
@domains_argument
@click.option(
    "--prune",
    is_flag=True,
    help="Also remove what belongs to domains that are gone, and mounts that are in no record.",
)
@dry_run_option
@timeout_option
@no_question_option
@click.pass_context
def reconcile_command(
    ctx: click.Context,
    domains: tuple[str, ...],
    prune: bool,
    dry_run: bool,
    timeout: float,
    yes: bool,
) -> None:
    """Make host, Manila and libvirt agree with the store.

    Does this for each DOMAIN, or for all domains of this host. Finishes or undoes interrupted
    work, mounts shares, grants access and puts filesystems back. Prints a line for each change,
    and nothing if there is none. The exit status is 6 if something could not be done, 69 if the
    only reason was that libvirt, OpenStack or a file server did not answer, 75 if another
    reconcile is running, and with --dry-run 5 if there is something to do.
    """
    app: App = ctx.obj
    request = ReconcileRequest(domains, dry_run=dry_run, prune=prune, timeout=timeout)
    result = reconcile(app, request)
    note_the_end(app, result, "nothing to do", dry_run=dry_run)
    if dry_run and result.drift:
        ctx.exit(ExitCode.DRIFT)
    if result.problems:
        ctx.exit(ExitCode.UNAVAILABLE if result.unavailable else ExitCode.PARTIAL)
