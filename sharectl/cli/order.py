"""Options before or after the command: global options can be given in either place."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

# What follows is libvirt's, word by word.
_RAW = ["hook", "run"]


def globals_first(ctx: click.Context, group: click.Group, args: Sequence[str]) -> list[str]:
    """`args` with the global options moved to the front; what follows `--` stays.

    Click accepts them only there. Raises `click.BadOptionUsage` for one without its value.
    """
    flags, with_value = _spellings(group)
    front: list[str] = []
    others: list[str] = []
    words = list(args)
    while words:
        if words[0] == "--" or [word for word in others if word[:1] != "-"] == _RAW:
            break
        word = words.pop(0)
        if word in with_value:
            if not words:
                raise click.BadOptionUsage(word, f"Option {word!r} requires an argument.", ctx)
            front += [word, words.pop(0)]
        elif word in flags or word.partition("=")[0] in with_value:
            front.append(word)
        else:
            others.append(word)
    return [*front, *others, *words]


def _spellings(group: click.Group) -> tuple[frozenset[str], frozenset[str]]:
    """The names of flags, and of options with a value; without --version, which runs no command."""
    options = [
        item for item in group.params if isinstance(item, click.Option) and item.expose_value
    ]
    flags = {name for item in options if item.is_flag for name in item.opts}
    with_value = {name for item in options if not item.is_flag for name in item.opts}
    return frozenset(flags), frozenset(with_value)


def behind_the_command(
    ctx: click.Context, group: click.Group, args: Sequence[str], option: str
) -> str | None:
    """The command line with `option`, which was given too early, after the command that has it."""
    names = group.list_commands(ctx)
    verb = next((place for place, word in enumerate(args) if word in names), len(args))
    early = next((place for place, word in enumerate(args) if word.startswith(option)), verb)
    command = group.get_command(ctx, args[verb]) if early < verb < len(args) else None
    if command is None or not any(option in item.opts for item in command.params):
        return None
    return shlex.join(["sharectl", *args[:early], *args[verb:], *args[early:verb]])
