"""The tests' terminal: a program that never ends does not stop the tests."""

from __future__ import annotations

import os
import pty
from contextlib import closing

import pytest

from tests.e2e.terminal import Terminal


def test_what_is_written_until_the_other_end_is_closed() -> None:
    ours, theirs = pty.openpty()
    os.write(theirs, b"one\n")
    os.close(theirs)
    with closing(Terminal(ours)) as terminal:
        assert b"".join(terminal) == b"one\r\n"


def test_a_terminal_that_is_kept_open_is_given_up() -> None:
    ours, theirs = pty.openpty()
    with closing(Terminal(ours, 0.1)) as terminal, pytest.raises(TimeoutError):
        b"".join(terminal)
    os.close(theirs)
