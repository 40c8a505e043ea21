"""The command line in this process, on an `App` of the test's own."""

from __future__ import annotations

import inspect
import io
import sys
import threading
from typing import Any, TextIO
from unittest.mock import patch

from click.testing import CliRunner, Result

from sharectl.cli import cli
from sharectl.cli.terminal import Terminal
from sharectl.ports import App
from sharectl.ports.events import Events

_PARAMETERS = inspect.signature(CliRunner).parameters


def invoke(*words: str, app: Any) -> Result:
    """How `sharectl WORDS` ends, with stdout and stderr apart.

    Click before 8.2 keeps them apart only when it is asked, later ones always do.
    """
    _show_results(app)
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in _PARAMETERS else {}
    runner = CliRunner(**apart)
    return runner.invoke(cli, words, obj=app, prog_name="sharectl")


def _show_results(app: Any) -> None:
    """Have changes and problems printed; notes and warnings only where a test listens for them."""
    heard = getattr(app, "heard", None)
    if heard is not None and app.events.listeners == (heard,):
        app.events = Events(heard, Terminal(quiet=True))


def run(app: App, *words: str) -> Result:
    """How `sharectl WORDS` ends; stderr is no terminal.

    A thread that another test has given up must not make it leave by `os._exit`.
    """
    with patch.object(threading, "active_count", lambda: 1):
        return invoke(*words, app=app)


def run_on(app: App, stdout: TextIO, *words: str, stderr: TextIO | None = None) -> tuple[int, str]:
    """Exit status and stderr of `sharectl WORDS` with that stdout."""
    _show_results(app)
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
