"""What is said while it works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters.file_lock import FileLocks
from sharectl.app import RealApp
from sharectl.cli.terminal import Terminal
from sharectl.config import Config
from sharectl.errors import Busy, ExitCode
from sharectl.ports.events import Events
from tests.cli.running import run
from tests.fakes import Heard
from tests.operations.scenarios import nfs


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_the_first_thing_said_comes_before_anything_is_asked(verb: str) -> None:
    world = nfs()
    app: Any = world.app
    app.events = Events(Terminal(verbose=True))
    app.host.root = False
    result = run(app, verb, "guest", "docs")
    assert result.exit_code == ExitCode.PERMISSION
    assert result.stderr.splitlines()[0] == "sharectl: checking"


def test_waiting_for_another_sharectl_is_a_step(tmp_path: Path) -> None:
    heard = Heard()
    app = RealApp(Config(runtime_dir=tmp_path), Events(heard))
    other = FileLocks(app.config.lock_dir)
    with other.share("s1", 0), pytest.raises(Busy), app.locks.share("s1", 0):
        pytest.fail("held twice")
    (step,) = heard.steps
    assert step.startswith("waiting for sharectl ")
    assert step.endswith(f"(pid {os.getpid()}), which holds the lock of share s1")
