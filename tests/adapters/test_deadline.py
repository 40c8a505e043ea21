"""Calls that can block for ever, given a deadline."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from sharectl.adapters import deadline
from sharectl.errors import ExitCode, Unavailable


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event that a blocked call waits for; set at the end, so that its thread ends."""
    event = threading.Event()
    yield event
    event.set()


def test_result() -> None:
    assert deadline.call(lambda: "value", 20, "it") == "value"


def test_result_of_nothing() -> None:
    assert deadline.call(lambda: None, 20, "it") is None


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_exception(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        deadline.call(fail, 20, "it")
    assert caught.value is error


@pytest.mark.parametrize("change", [False, True])
def test_deadline(gate: threading.Event, change: bool) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable, match=r"no answer from libvirt in 0\.05 s") as caught:
        deadline.call(lambda: gate.wait(600), 0.05, "libvirt", change=change)
    assert time.monotonic() - start < 30
    assert caught.value.uncertain is change, "a change may yet happen"
    assert caught.value.exit_code is ExitCode.UNAVAILABLE


class _Interrupt(BaseException):
    """What a signal handler of ours raises."""


@pytest.fixture
def interrupting() -> Iterator[Callable[[], None]]:
    """A function that interrupts the main thread."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _Interrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def test_interrupt_leaves_a_look_at_once(
    gate: threading.Event, interrupting: Callable[[], None]
) -> None:
    def look() -> None:
        interrupting()
        gate.wait(600)

    start = time.monotonic()
    with pytest.raises(_Interrupt):
        deadline.call(look, 300, "it")
    assert time.monotonic() - start < 60


def test_interrupt_waits_for_a_change(interrupting: Callable[[], None]) -> None:
    """So that undoing sees what the change did."""
    done = []

    def change() -> None:
        interrupting()
        time.sleep(0.1)  # the interrupt is in the main thread by now
        done.append(True)

    with pytest.raises(_Interrupt):
        deadline.call(change, 300, "it", change=True)
    assert done == [True]
