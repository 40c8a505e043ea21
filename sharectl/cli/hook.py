"""hook: install, check and run the libvirt hook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sharectl.cli.output import OutputOptions, Row, output_options, print_record
from sharectl.cli.streams import tell
from sharectl.errors import ExitCode
from sharectl.hook import install as hook_install
from sharectl.hook.dispatch import run
from sharectl.hook.install import HookStatus, Live, Liveness

if TYPE_CHECKING:
    from sharectl.ports import App

STATUS = ("Installed", "Current", "Executable", "Live", "Known By", "Last Run", "Boot")
probe_option = click.option(
    "--probe/--no-probe",
    default=True,
    help="Start an empty guest for a moment, to see whether libvirt calls the hook.",
)


@click.group("hook", no_args_is_help=False)
def hook_command() -> None:
    """Have libvirt mount the shares of a domain before it starts."""


@hook_command.command("install")
@click.option(
    "--boot/--no-boot",
    default=True,
    help="Also mount the shares at boot, and check and repair them every five minutes.",
)
@probe_option
@click.pass_context
def install_command(ctx: click.Context, boot: bool, probe: bool) -> None:
    """Install the hook, and say whether libvirt sees it.

    Installing it again updates it to the current settings.
    """
    app: App = ctx.obj
    result = hook_install.install(app, _config_file(ctx), boot=boot, probe=probe)
    for line in result.done:
        tell(line)
    tell(_verdict(result.liveness))


def _verdict(liveness: Liveness | None) -> str:
    if liveness is None:
        return "whether libvirt sees the hook was not tried; later: sharectl hook status"
    if liveness.live is Live.YES:
        return "the hook is live"
    if liveness.live is Live.NO:
        return f"libvirt does not see the hook yet: {hook_install.RESTART}"
    return f"whether libvirt sees the hook is unknown: {liveness.known_by}"


@hook_command.command("uninstall")
@click.pass_obj
def uninstall_command(app: App) -> None:
    """Remove the hook, and what was installed for the boot."""
    for line in hook_install.uninstall(app):
        tell(line)


@hook_command.command("status")
@probe_option
@output_options
@click.pass_context
def status_command(ctx: click.Context, probe: bool, output: OutputOptions) -> None:
    """Show whether the hook is installed, up to date and live."""
    output.check(STATUS)
    app: App = ctx.obj
    found = hook_install.status(app, _config_file(ctx), probe=probe)
    print_record(STATUS, _row(found), output)
    if not found.good:
        app.events.warn(_advice(found))
        ctx.exit(ExitCode.DRIFT)


def _advice(found: HookStatus) -> str:
    if not found.installed:
        return "the hook is not installed: sharectl hook install"
    if not (found.current and found.executable):
        return "the hook must be renewed: sharectl hook install"
    return _verdict(found.liveness)


def _row(found: HookStatus) -> Row:
    return (
        _word(found.installed),
        _word(found.current),
        _word(found.executable),
        found.liveness.live.value,
        found.liveness.known_by,
        found.last_run.isoformat(timespec="seconds") if found.last_run else None,
        found.boot,
    )


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


def _config_file(ctx: click.Context) -> Path | None:
    file: Path | None = ctx.find_root().params.get("config_file")
    return file.absolute() if file is not None else None


@hook_command.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("domain", metavar="DOMAIN")
@click.argument("operation", metavar="OPERATION")
@click.argument("suboperation", metavar="SUBOPERATION")
@click.argument("extra", metavar="EXTRA")
@click.pass_context
def run_command(
    ctx: click.Context, domain: str, operation: str, suboperation: str, extra: str
) -> None:
    """Do what libvirt's hook does, with a domain's XML on stdin.

    The arguments are those that libvirt passes to its hooks. Only "prepare begin" does anything,
    and only that can fail.
    """
    event = (domain, operation, suboperation, extra)
    complete = ctx.meta.get("sharectl.complete", str)
    ctx.exit(run(lambda: ctx.obj, event, sys.stdin.buffer.read, complete=complete))
