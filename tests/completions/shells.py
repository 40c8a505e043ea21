"""What a shell offers for an unfinished command line, by the completion in `completions/`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.lab import shells

FOLDER = Path(__file__).parents[2] / "completions"
_CAPTURE = Path(__file__).with_name("capture.zsh")
_DEADLINE_S = 30
_BASH = """
source "$1"/sharectl.bash; shift
complete -p sharectl >/dev/null || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_sharectl
for word in "${COMPREPLY[@]}"; do echo "$word"; done
"""
_FISH = "source $argv[1]/sharectl.fish; complete -C $argv[2]"
# readline starts a word at blanks, and makes words of ":" and "=" (COMP_WORDBREAKS).
_BASH_WORD = re.compile(r"[:=]+|[^\s:=]+")

Offer = Callable[[str, Mapping[str, str]], list[str]]
"""A line, and what to add to the environment; the words that the shell offers, as to be typed."""


def bash(line: str, environment: Mapping[str, str]) -> list[str]:
    """What bash offers: the rest of the word from its last ":" or "=" on."""
    words = _BASH_WORD.findall(line)
    if line.endswith(" "):
        words.append("")
    argv = ["bash", "--norc", "-c", _BASH, "bash", str(FOLDER), *words]
    return _run(argv, environment).splitlines()


def fish(line: str, environment: Mapping[str, str]) -> list[str]:
    """What fish offers: whole words."""
    argv = [str(shells.program("fish")), "--no-config", "-c", _FISH, str(FOLDER), line]
    found = _run(argv, {**shells.environment(), **environment})
    return [item.partition("\t")[0] for item in found.splitlines()]


def zsh(line: str, environment: Mapping[str, str]) -> list[str]:
    """What zsh offers: whole words, or values of options."""
    argv = shells.zsh(str(_CAPTURE), str(shells.program("zsh")), str(FOLDER), line)
    return re.findall(r"<match:(.*?)>", _run(argv, {**shells.environment(), **environment}))


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Its output; it must not complain."""
    done = subprocess.run(
        argv, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_DEADLINE_S, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout
