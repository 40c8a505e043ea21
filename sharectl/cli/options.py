"""Options that several commands share."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from sharectl.cli.spinner import stop
from sharectl.errors import Interrupted

F = TypeVar("F", bound=Callable[..., object])


class _Seconds(click.ParamType):  # type: ignore[type-arg] # has none in click 8.1 of Debian 13
    """A number of seconds up to `most`. NaN is refused: it is neither below nor above a limit."""

    name = "seconds"

    def __init__(self, most: int) -> None:
        self._most = most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """`value` as a number; a default is one already."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds <= self._most:
            self.fail(f"{value!r} is not a number of seconds from 0 to {self._most}.", param, ctx)
        return seconds


domain_argument = click.argument("domain", metavar="DOMAIN")
domains_argument = click.argument("domains", metavar="[DOMAIN]...", nargs=-1)
share_argument = click.argument("share", metavar="SHARE")
dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Print the plan and change nothing."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
# Scripts may give it to every command that changes something.
no_question_option = click.option(
    "-y", "--yes", is_flag=True, help="Accepted for scripts; this command never asks."
)


def _wait(ctx: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    """Wait equally long if OpenStack accepts no more requests for now."""
    if config := getattr(ctx.obj, "config", None):
        ctx.obj.config = config.waiting(seconds)
    return seconds


timeout_option = click.option(
    "--timeout",
    callback=_wait,
    type=_Seconds(86400),
    default=60.0,
    metavar="S",
    help="Seconds to wait for Manila, up to 86400; 0 does not wait [60].",
)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, unless `yes`. Raises `Interrupted` for any answer but yes."""
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    stop()
    if not click.confirm(question, err=True):
        raise Interrupted("not confirmed", hint="nothing was changed; --yes does it without asking")
