"""Calls into libraries that can block without end (libvirt, name lookup), given a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from sharectl.errors import Unavailable

T = TypeVar("T")


class DeadlinePassed(Unavailable):
    """The call was given up; it may still go on in its thread."""


def call(function: Callable[[], T], seconds: float, waiting_for: str, *, change: bool = False) -> T:
    """`function()`, run in a thread that is given up after `seconds`.

    Args:
        function: what to call; its exceptions are raised here.
        seconds: the deadline.
        waiting_for: for the message.
        change: whether the call may change something; then the error says that it may yet
            happen, and an interrupt waits for the call so that undoing sees what it did.

    Raises `DeadlinePassed`.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    finished = threading.Event()

    def work() -> None:
        try:
            outcome.append(function())
        except BaseException as error:  # noqa: BLE001 - it is raised again by the caller
            failure.append(error)
        finally:
            finished.set()

    try:
        threading.Thread(target=work, daemon=True).start()
        finished.wait(seconds)
    except BaseException:
        if change:
            finished.wait(seconds)
        raise
    if failure:
        raise failure[0]
    if not outcome:
        raise DeadlinePassed(f"no answer from {waiting_for} in {seconds:g} s", uncertain=change)
    return outcome[0]
