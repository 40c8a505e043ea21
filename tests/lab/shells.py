"""Programs that sharectl meets at the command line: zsh, fish, tmux, mandoc.

They are unpacked, not installed.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab import packages

_LIBRARIES = "usr/lib/x86_64-linux-gnu"


def setup() -> None:
    """Fetch them."""
    folder()


def folder() -> Path:
    """Where they are unpacked."""
    return packages.unpacked("shells", "fish", "mandoc", "tmux", "zsh")


def program(name: str) -> Path:
    """The program of that name; to be run with `environment()`."""
    return folder() / "usr/bin" / name


def environment() -> dict[str, str]:
    """This process's environment, with what the programs need besides."""
    return {**os.environ, "LD_LIBRARY_PATH": str(folder() / _LIBRARIES)}


def zsh(*arguments: str) -> list[str]:
    """The command line of a zsh without start-up files that finds its modules and completions."""
    root = folder()
    setup_paths = "module_path=($1/zsh/$ZSH_VERSION) fpath=($2 $2/{Base,Unix}); script=$3; shift 3"
    return [
        str(program("zsh")), "-f", "-c", f"{setup_paths}; source $script", "zsh",
        str(root / _LIBRARIES), str(root / "usr/share/zsh/functions/Completion"), *arguments,
    ]  # fmt: skip
