"""The commands of sharectl as values: what completions and manual are made from and held against.

`sharectl.cli` is the source; nothing of it is run but its declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import click

from sharectl.cli import cli


class Takes(Enum):
    """What may follow an option."""

    NOTHING = auto()
    VALUE = auto()
    PERHAPS_VALUE = auto()
    """`--option` or `--option=VALUE`, told by a metavar that starts with `[=`."""


@dataclass(frozen=True)
class Option:
    """An option with all its spellings. `help` is one line without a full stop."""

    names: tuple[str, ...]
    help: str
    takes: Takes
    metavar: str
    choices: tuple[str, ...] = ()
    is_file: bool = False
    repeatable: bool = False


@dataclass(frozen=True)
class Argument:
    """A positional argument: DOMAIN or SHARE, or several of it."""

    metavar: str
    several: bool


@dataclass(frozen=True)
class Command:
    """A command, or a group of them. `path` is how it is typed: `sharectl add`."""

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    commands: tuple[Command, ...]

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(" ")[2]

    def walk(self) -> Iterator[Command]:
        """This command and all below it."""
        yield self
        for command in self.commands:
            yield from command.walk()


def read() -> Command:
    """`sharectl` with all its commands; those that are hidden are left out."""
    return _command(cli, click.Context(cli, info_name="sharectl", **cli.context_settings))


def _command(command: click.Command, context: click.Context) -> Command:
    below = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                below.append(_command(found, click.Context(found, context, name)))
    parameters = command.get_params(context)
    return Command(
        path=context.command_path,
        help=_line(command.get_short_help_str(limit=200)),
        options=tuple(_option(item) for item in parameters if isinstance(item, click.Option)),
        arguments=tuple(
            Argument(item.human_readable_name.strip("[]."), item.nargs == -1)
            for item in parameters
            if isinstance(item, click.Argument)
        ),
        commands=tuple(below),
    )


def _option(option: click.Option) -> Option:
    takes = Takes.NOTHING if option.is_flag else Takes.VALUE
    if (option.metavar or "").startswith("[="):
        takes = Takes.PERHAPS_VALUE
    kind = option.type
    spellings = (*option.opts, *option.secondary_opts)
    return Option(
        # Click before 8.5 has those of --help in no order.
        names=tuple(sorted(spellings, key=lambda name: name.startswith("--"))),
        help=_line(option.help or ""),
        takes=takes,
        metavar=option.metavar or option.opts[-1].lstrip("-"),
        choices=tuple(str(item) for item in kind.choices) if isinstance(kind, click.Choice) else (),
        is_file=isinstance(kind, click.Path),
        repeatable=option.multiple,
    )


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
