"""The command line in this process, on an `App` of the test's own."""

from __future__ import annotations

import threading
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
