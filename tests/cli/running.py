"""The command line in this process, on an `App` of the test's own."""

from __future__ import annotations

import io
import sys
import threading
from typing import TextIO
from unittest.mock import patch

from click.testing import CliRunner, Result

from sharectl.cli import cli
from sharectl.ports import App


def run(app: App, *words: str) -> Result:
    """How `sharectl WORDS` ends; stderr is no terminal.

    A thread that another test has given up must not make it leave by `os._exit`.
    """
    with patch.object(threading, "active_count", lambda: 1):
        return CliRunner().invoke(cli, words, obj=app, prog_name="sharectl")


def run_on(app: App, stdout: TextIO, *words: str, stderr: TextIO | None = None) -> tuple[int, str]:
    """Exit status and stderr of `sharectl WORDS` with that stdout."""
    told = io.StringIO()
    with (
        patch.object(threading, "active_count", lambda: 1),
        patch.object(sys, "stdout", stdout),
        patch.object(sys, "stderr", stderr or told),
    ):
        try:
            cli.main(args=list(words), obj=app, prog_name="sharectl")
        except SystemExit as error:
            return int(error.code or 0), told.getvalue()
    raise AssertionError("it did not end")
