"""Exceptions that no adapter has put into better words."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time

import pytest

from sharectl.adapters import deadline
from sharectl.errors import ExitCode, HostFailed
from sharectl.foreign import as_ours


def _refuse(*_arguments: object, **_options: object) -> int:
    raise RuntimeError("can't start new thread")


def test_thread_that_the_system_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", _refuse)
    for start in (
        lambda: deadline.call(lambda: 1, 5, "nobody"),
        lambda: deadline.each("ab", str, 5, 5, lambda: None),
        lambda: deadline.side_by_side(str, "ab", 2),
    ):
        with pytest.raises(HostFailed, match="does not let a thread be started") as caught:
            start()
        assert caught.value.hint
        assert "ulimit -u" in caught.value.hint


def test_nobody_waits_for_a_thread_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As is done for a change that may still happen."""
    monkeypatch.setattr(threading.Thread, "start", _refuse)
    began = time.monotonic()
    with pytest.raises(HostFailed):
        deadline.call(lambda: 1, 30, "nobody", change=True)
    assert time.monotonic() - began < 10


def test_other_runtime_error_is_our_mistake() -> None:
    error = RuntimeError("can't start new thread")
    assert as_ours(error) is None


def test_library_that_is_not_there() -> None:
    try:
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        ours = as_ours(error)
    assert ours is not None
    assert ours.exit_code is ExitCode.IO
    assert ours.message.startswith("library no_such_library cannot be loaded: ")
    assert ours.hint == f"see what it lacks: {sys.executable} -c 'import no_such_library'"


def test_part_of_sharectl_that_is_not_there_is_our_mistake() -> None:
    try:
        importlib.import_module("sharectl.no_such_part")
    except ImportError as error:
        assert as_ours(error) is None


@pytest.mark.processes
def test_command_with_a_library_that_is_not_there() -> None:
    code = "import sys; sys.modules['libvirt'] = None\nfrom sharectl.cli import main\nmain()\n"
    argv = [sys.executable, "-c", code, "show", "web1", "docs"]
    environment = {"SHARECTL_STATE_DIR": "/nonexistent", "PATH": ""}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == ExitCode.IO, done.stderr
    assert done.stderr.splitlines() == [
        "sharectl: error: library libvirt cannot be loaded: import of libvirt halted; None in"
        " sys.modules",
        f"sharectl: hint: see what it lacks: {sys.executable} -c 'import libvirt'",
    ]
