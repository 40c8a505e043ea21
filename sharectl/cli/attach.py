"""add and remove."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import click

from sharectl.cli import columns
from sharectl.cli.errors import Misused
from sharectl.cli.options import (
    confirm,
    domain_argument,
    dry_run_option,
    no_question_option,
    share_argument,
    timeout_option,
    yes_option,
)
from sharectl.cli.output import OutputOptions, output_options, print_record
from sharectl.cli.streams import tell, tell_all
from sharectl.errors import ExitCode
from sharectl.model.enums import AccessLevel, SharedMemory
from sharectl.model.event import Failed
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, remove

if TYPE_CHECKING:
    from sharectl.model.action import Action
    from sharectl.operations.add import AddResult
    from sharectl.ports import App

_MEMORY = "--enable-shared-memory"


class _AddCommand(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a value the option means memfd; it must not take the next word as its value."""
        end = args.index("--") if "--" in args else len(args)
        given = [
            f"{word}={SharedMemory.MEMFD}" if word == _MEMORY and index < end else word
            for index, word in enumerate(args)
        ]
        try:
            return super().parse_args(ctx, given)
        except click.UsageError as error:
            if hint := _memory_hint(args[:end]):
                raise Misused(error.format_message(), ctx, hint) from error
            raise


def _memory_hint(args: list[str]) -> str | None:
    """What to type if a kind of memory follows the option as a separate word."""
    for option, kind in pairwise(args):
        if option == _MEMORY and kind in set(SharedMemory):
            return f"a kind of memory is given with an equals sign: {_MEMORY}={kind}"
    return None


@click.command("add", cls=_AddCommand)
@domain_argument
@share_argument
@click.option("--tag", metavar="T", help="Name by which the guest mounts the share [the share ID].")
@click.option("--read-only", is_flag=True, help="Do not let the guest or the host write.")
@click.option(
    _MEMORY,
    "memory",
    type=click.Choice([kind.value for kind in SharedMemory]),
    metavar="[=memfd|file|hugepages]",
    help="Give the domain the shared memory that virtiofs needs [memfd].",
)
@click.option(
    "--export-location",
    metavar="LOCATION",
    help="Mount only this export location, given as a path or an ID [one that answers].",
)
@dry_run_option
@timeout_option
@no_question_option
@output_options
@click.pass_obj
def add_command(
    app: App,
    domain: str,
    share: str,
    tag: str | None,
    read_only: bool,
    memory: str | None,
    export_location: str | None,
    dry_run: bool,
    timeout: float,
    yes: bool,
    output: OutputOptions,
) -> None:
    """Attach SHARE to DOMAIN.

    Grants this host access in Manila, mounts the share and adds a virtiofs filesystem to the
    domain, which must be shut off. A failure or Ctrl-C undoes what was done. Adding again with
    the same options puts back what is missing; if nothing is missing, it changes nothing.
    """
    output.check(columns.RECORD)
    request = AddRequest(
        domain,
        share,
        tag,
        AccessLevel.RO if read_only else AccessLevel.RW,
        SharedMemory(memory) if memory else None,
        timeout,
        dry_run,
        export_location,
    )
    result = add(app, request)
    if dry_run:
        _print_plan(result.actions)
        _print_diff(result)
        return
    if result.waiting:
        app.events.warn("access was asked for and not waited for; run the same add again to finish")
    elif not result.actions:
        app.events.note("nothing to do: it is attached already")
    print_record(columns.RECORD, columns.record(result.view), output)


@click.command("remove")
@domain_argument
@share_argument
@click.option(
    "--force",
    is_flag=True,
    help="Continue if the file server or Manila is dead; unwritten data is lost.",
)
@dry_run_option
@timeout_option
@yes_option
@click.pass_context
def remove_command(
    ctx: click.Context,
    domain: str,
    share: str,
    force: bool,
    dry_run: bool,
    timeout: float,
    yes: bool,
) -> None:
    """Detach SHARE from DOMAIN.

    Takes the filesystem out of the domain, which must be shut off. Unmounts the share and
    revokes the access rule, unless another domain of this host needs them. With --force it
    continues if the file server or Manila is dead. Anything left behind is named and stays
    recorded, and the exit status is then 6.
    """
    app: App = ctx.obj
    if force and not dry_run:
        question = "With --force, data that the file server has not taken yet is lost. Go on?"
        confirm(question, yes=yes)
    result = remove(app, RemoveRequest(domain, share, force, timeout, dry_run))
    if dry_run:
        _print_plan(result.actions)
        return
    if result.waiting:
        app.events.warn("Manila was asked to revoke and not waited for; run it again to finish")
    for error in result.left:
        app.events.emit(Failed(error.about("left behind, and recorded as detaching")))
    if result.left:
        ctx.exit(ExitCode.PARTIAL)


def _print_plan(actions: tuple[Action, ...]) -> None:
    if not actions:
        tell("nothing to do")
    for number, action in enumerate(actions, 1):
        tell(f"{number}. {action.describe()}")


def _print_diff(result: AddResult) -> None:
    if result.xml_before == result.xml_after:
        return
    import difflib

    name = result.view.domain_name
    lines = difflib.unified_diff(
        result.xml_before.splitlines(), result.xml_after.splitlines(),
        f"{name}.xml", f"{name}.xml (with the share)", lineterm="",
    )  # fmt: skip
    tell_all(line.rstrip() for line in lines)
