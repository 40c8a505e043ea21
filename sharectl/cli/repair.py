"""adopt and forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sharectl.cli.options import (
    confirm,
    domains_argument,
    dry_run_option,
    no_question_option,
    timeout_option,
    yes_option,
)
from sharectl.cli.outcome import note_the_end
from sharectl.cli.streams import lost, say, tell
from sharectl.errors import ExitCode, HostFailed
from sharectl.host_files import reason_of
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import forget_mapping, look
from sharectl.operations.forget_host import rules_of_host, withdraw

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
    """Record the shares that are named in the metadata of domains.

    Use it after the store was lost, and for domains that come from another host: this host then
    gets access to their shares and mounts them. The exit status is 6 if one could not be adopted.
    """
    app: App = ctx.obj
    result = adopt(app, AdoptRequest(domains, dry_run, timeout))
    nothing = "nothing to do: no domain speaks of a share that is not recorded"
    note_the_end(app, result, nothing, dry_run=dry_run)
    if result.problems:
        ctx.exit(ExitCode.PARTIAL)


@click.command("forget")
@click.argument("domain", metavar="DOMAIN", required=False)
@click.argument("share", metavar="SHARE", required=False)
@click.option(
    "--from-host",
    "host",
    metavar="HOST",
    help="Instead, withdraw the access rules that a HOST which is gone has left in Manila, on"
    " SHARE or on all shares.",
)
@dry_run_option
@yes_option
@timeout_option
@click.pass_context
def forget_command(
    ctx: click.Context,
    domain: str | None,
    share: str | None,
    host: str | None,
    dry_run: bool,
    yes: bool,
    timeout: float,
) -> None:
    """Drop the record of SHARE at DOMAIN, and change nothing else.

    First prints what it leaves behind: access rule, mount, filesystem. To detach a share, use
    remove.
    """
    if host is not None:
        if share is not None:
            raise click.UsageError("With --from-host at most one argument can be given: SHARE.")
        _forget_host(ctx, host, domain, timeout, dry_run=dry_run, yes=yes)
        return
    if domain is None or share is None:
        raise click.UsageError(f"Missing argument '{'SHARE' if domain else 'DOMAIN'}'.")
    found = look(ctx.obj, domain, share)
    for line in found.left:
        tell(f"left: {line}")
    if dry_run:
        return
    _check_told()
    confirm("Nothing of this will be known any more. Go on?", yes=yes)
    forget_mapping(ctx.obj, found)


def _check_told() -> None:
    """Raise `HostFailed` if the output was lost: nothing else says what is left behind."""
    if error := lost():
        raise HostFailed(
            f"nothing was forgotten: what is left cannot be written: {reason_of(error)}",
            hint="run it again where its output is seen",
        ) from error


def _forget_host(
    ctx: click.Context, host: str, share: str | None, timeout: float, *, dry_run: bool, yes: bool
) -> None:
    app: App = ctx.obj
    left = rules_of_host(app, host, share)
    if dry_run or not yes:
        for item in left.rules:
            (tell if dry_run else say)(item.describe())
    if dry_run:
        return
    confirm("Guests of that host lose access to these shares at once. Go on?", yes=yes)
    result = withdraw(app, left, timeout)
    note_the_end(app, result, "nothing to do: they are gone", dry_run=False)
    if result.problems:
        ctx.exit(ExitCode.PARTIAL)
