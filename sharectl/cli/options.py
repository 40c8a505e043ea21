"""Options that several commands share."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from sharectl.errors import Interrupted

F = TypeVar("F", bound=Callable[..., object])


class _Seconds(click.FloatRange):
    """A range of seconds. NaN is no number of them: it is neither below nor above any limit."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


domain_argument = click.argument("domain", metavar="DOMAIN")
domains_argument = click.argument("domains", metavar="[DOMAIN]...", nargs=-1)
share_argument = click.argument("share", metavar="SHARE")
dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Print the plan and change nothing."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
timeout_option = click.option(
    "--timeout",
    type=_Seconds(min=0, max=86400),
    default=60.0,
    metavar="S",
    help="Seconds to wait for Manila; 0 does not wait [60].",
)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, unless `yes`. Raises `Interrupted` for any answer but yes."""
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    if not click.confirm(question, err=True):
        raise Interrupted("not confirmed", hint="nothing was changed; --yes does it without asking")
