"""The command line: parse, call one operation, render.

Subcommands are imported when they are called, so that each pays only for what it uses.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sharectl import __version__
from sharectl.cli.errors import Boundary, Misused
from sharectl.cli.spinner import stop
from sharectl.cli.streams import open_all
from sharectl.cli.terminal import Terminal
from sharectl.hints import Context
from sharectl.ports.events import Events

if TYPE_CHECKING:
    from sharectl.app import RealApp
    from sharectl.config import Config

_LOOKING = ("list", "show")
# verb -> module; the command in it has the verb's name with "_command" behind.
_VERBS = {
    "add": "attach",
    "remove": "attach",
    "list": "listing",
    "show": "show",
    "shares": "shares",
    "reconcile": "reconcile",
    "adopt": "repair",
    "forget": "repair",
    "metadata": "metadata",
    "hook": "hook",
}


class _Verbs(Boundary, click.Group):
    """A group whose commands are imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which they are used."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"sharectl.cli.{_VERBS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Global options may stand behind the command, but not others before it."""
        from sharectl.cli.order import behind_the_command, globals_first

        args = globals_first(ctx, self, args)
        try:
            return super().parse_args(ctx, list(args))
        except click.NoSuchOption as error:
            if right := behind_the_command(ctx, self, args, error.option_name):
                raise Misused(error.format_message(), ctx, f"type: {right}") from error
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve the command; for a misspelt one the error has a suggestion."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], list(_VERBS), n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(error.message + guess, ctx) from error


@click.group(
    cls=_Verbs,
    no_args_is_help=False,  # it is a mistake like any other
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Each command has its own --help. Manual: sharectl(8).",
)
@click.option(
    "--connect",
    metavar="URI",
    help="libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system].",
)
@click.option(
    "--os-cloud",
    metavar="NAME",
    help="Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file].",
)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file [/etc/sharectl/config.toml].",
)
@click.option("-v", "--verbose", is_flag=True, help="Print each step on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress and no warnings.")
@click.option("--debug", is_flag=True, help="Print what the libraries log, and tracebacks.")
@click.version_option(__version__, prog_name="sharectl", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    connect: str | None,
    os_cloud: str | None,
    config_file: Path | None,
    verbose: bool,
    quiet: bool,
    debug: bool,
) -> None:
    """Attach OpenStack Manila shares to the domains of this libvirt host.

    DOMAIN is a name, UUID or id; SHARE is a share ID or a name.
    """
    ctx.meta["sharectl.debug"] = debug
    terminal = Terminal(verbose=verbose or debug, quiet=quiet)
    ctx.call_on_close(stop)
    chosen = Context(connect, os_cloud, config_file)
    ctx.meta["sharectl.complete"] = terminal.complete = chosen.complete
    _set_libraries(debug=debug)
    if ctx.obj is None:  # tests bring their own
        settings = _settings(config_file, connect, os_cloud)
        chosen = chosen.configured(settings, os.environ)
        ctx.meta["sharectl.complete"] = terminal.complete = chosen.complete
        if ctx.invoked_subcommand in _LOOKING:
            settings = settings.hasty()
        ctx.obj = _build(settings, Events(terminal))


def _set_libraries(*, debug: bool) -> None:
    """Show what libraries log and warn of only with --debug; it would disturb the output."""
    if debug:
        from sharectl.cli.log import log_all

        log_all()
    else:
        import warnings

        warnings.simplefilter("ignore")


def _settings(config_file: Path | None, connect: str | None, os_cloud: str | None) -> Config:
    from sharectl import config

    return config.load(config_file, environment=os.environ, connect=connect, os_cloud=os_cloud)


def _build(settings: Config, events: Events) -> RealApp:
    from sharectl.app import RealApp

    return RealApp(settings, events)


def main() -> None:
    """The entry point."""
    open_all()
    cli(prog_name="sharectl")
