"""Whether a command parses: sharectl's by its own parser, others by their options."""

from __future__ import annotations

from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from unittest.mock import patch

import click

from sharectl.cli import _VERBS, cli
from tests.typed.finding import commands_in

VERBS = tuple(_VERBS)
# virsh(1): how many arguments a command takes, and which options beside them.
VIRSH: dict[str, tuple[int, frozenset[str]]] = {
    "define": (1, frozenset()),
    "destroy": (1, frozenset()),
    "domjobinfo": (1, frozenset()),
    "domstate": (1, frozenset()),
    "dumpxml": (1, frozenset({"--inactive"})),
    "edit": (1, frozenset()),
    "list": (0, frozenset({"--all", "--uuid", "--name"})),
    "managedsave-remove": (1, frozenset()),
    "metadata": (2, frozenset({"--config"})),
    "migrate": (2, frozenset({"--offline", "--persistent"})),
    "shutdown": (1, frozenset()),
    "start": (1, frozenset()),
}
# The same of python-openstackclient with python-manilaclient's commands (manilaclient/osc/v2).
OPENSTACK: dict[str, tuple[int, frozenset[str]]] = {
    "catalog list": (0, frozenset()),
    "share access delete": (2, frozenset({"--unrestrict"})),
    "share access list": (1, frozenset()),
    "share export location list": (1, frozenset()),
    "share list": (0, frozenset()),
    "share restore": (1, frozenset()),
    "share show": (1, frozenset()),
    "share transfer delete": (1, frozenset()),
    "share transfer list": (0, frozenset()),
    "token issue": (0, frozenset()),
}


@cache
def faults(text: str) -> tuple[str, ...]:
    """What is wrong with the commands that `text` names, each with the command."""
    try:
        found = commands_in(text, VERBS)
    except ValueError as error:
        return (f"{text!r} cannot be split into words: {error}",)
    told = ((words, _fault(words)) for words in found)
    return tuple(f"{' '.join(words)}: {fault}" for words, fault in told if fault)


def _fault(words: list[str]) -> str | None:
    program, *rest = words
    by = {"sharectl": _sharectl, "virsh": _virsh, "openstack": _openstack}
    return by[program](rest)


def _sharectl(words: list[str]) -> str | None:
    """Parse it as it would be run, and run nothing."""
    try:
        with (
            redirect_stdout(StringIO()),  # --help prints at once
            patch.object(click.Command, "invoke", lambda _self, _ctx: None),
            cli.make_context("sharectl", words) as ctx,
        ):
            click.Group.invoke(cli, ctx)
    except click.exceptions.Exit:
        return None
    except click.ClickException as error:
        return error.format_message()
    return None


def _virsh(words: list[str]) -> str | None:
    return _by_table(VIRSH, "-c", words)


def _openstack(words: list[str]) -> str | None:
    return _by_table(OPENSTACK, "--os-cloud", words)


def _by_table(
    table: dict[str, tuple[int, frozenset[str]]], option: str, words: list[str]
) -> str | None:
    if words[:1] == [option]:
        words = words[2:]
    sizes = [size for size in range(len(words), 0, -1) if " ".join(words[:size]) in table]
    if not sizes:
        return "no such command in the list of this test"
    count, known = table[" ".join(words[: sizes[0]])]
    rest = words[sizes[0] :]
    behind = rest.index("--") if "--" in rest else len(rest)
    options = [word for word in rest[:behind] if word.startswith("-")]
    if strange := set(options) - known:
        return f"unknown options {strange}"
    arguments = len(rest) - len(options) - rest.count("--")
    return None if arguments == count else f"{arguments} arguments, and it takes {count}"
