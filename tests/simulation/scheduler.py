"""Simulated processes. One runs at a time, and gives its turn away before each port call."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet

from sharectl.errors import (
    Explained,
    MountFailed,
    ServerDead,
    SharectlError,
    StoreError,
    Unavailable,
)
from tests.fakes.faults import EFFECTS, Killed
from tests.fakes.process import FakeInterrupts

MOST_TURNS = 5000  # of one process; more is a loop without an end
BACKENDS = ("domains", "shares", "mounts")
_CHANGES = {**EFFECTS, "shares": (*EFFECTS["shares"], "annotate")}


class Process:
    """A process that does `body` once, in turns.

    Attributes:
        name: as in the steps.
        verb: what it does, for messages.
        error: the expected failure it ended with.
        bug: the traceback of a failure that nobody expects.
        result: what `body` returned.
        interrupts: where signals arrive.
        effects: how often it has changed anything outside of the store.
        signals: how many came.
        swaps: how often shares had changed their names when it began.
        in_flight: requests without an answer, to be carried out later.
    """

    def __init__(self, name: str, verb: str, body: Callable[[Process], object]) -> None:
        self.name = name
        self.verb = verb
        self.error: Explained | None = None
        self.bug: str | None = None
        self.result: object = None
        self.interrupts = FakeInterrupts()
        self.effects = self.signals = self.swaps = 0
        self.in_flight: list[Callable[[], object]] = []
        self.trace: Callable[[str], None] | None = None
        self._body = body
        self._fault: str | None = None
        self._signalled = False
        self._killed = False
        self._turns = 0
        self._greenlet = greenlet(self._run)

    def _run(self) -> None:
        try:
            self.result = self._body(self)
        except Killed:
            pass
        except Explained as error:
            self.error = error
        except Exception:  # noqa: BLE001 - whatever the operations raise is to be shown
            self.bug = traceback.format_exc()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return bool(self._greenlet.dead) or (self._killed and not self._greenlet)

    def turn(self) -> None:
        """Let it go on until its next port call."""
        if self.done:
            return
        self._turns += 1
        if self._turns > MOST_TURNS:
            self.kill()
            self.bug = f"{self.verb} made {MOST_TURNS} port calls and did not end"
            return
        self._greenlet.switch()
        if self.done:
            self.deliver()

    def kill(self) -> None:
        """SIGKILL: what it asked for may yet be carried out, and its locks are free."""
        if self.done:
            return
        self._killed = True
        if self._greenlet:
            self._greenlet.switch()
        assert self.done, "a killed process goes on"
        self.deliver()

    def signal(self) -> None:
        """SIGINT, at its next turn."""
        self.signals += 1
        self._signalled = True

    def break_next(self, fault: str) -> None:
        """Break its next call that can be broken so: `fail`, `lose` or `late`."""
        self._fault = fault

    def deliver(self) -> None:
        """Carry out what was asked for without an answer."""
        coming, self.in_flight = self.in_flight, []
        for request in coming:
            try:
                request()
            except Explained:
                continue

    def breathe(self) -> None:
        """Give the turn away; a signal or a kill takes effect when it comes back."""
        if self._killed:
            raise Killed
        getcurrent().parent.switch()
        if self._killed:
            raise Killed
        if self._signalled:
            self._signalled = False
            self.interrupts.arrive()

    def call(self, port: str, method: str, function: Callable[..., Any], *args: Any) -> Any:
        """Give the turn away, then call a method of a port, which a fault may break."""
        self.breathe()
        if self.trace is not None:
            self.trace(f"{self.name}: {port}.{method}{args!r}"[:160])
        fault = self._take_fault(port, method)
        if port in BACKENDS and method in _CHANGES[port]:
            self.effects += 1
        if fault == "fail":
            raise _error(port, method, uncertain=False)
        if fault == "late":
            self.in_flight.append(lambda: function(*args))
            raise _error(port, method, uncertain=True)
        result = function(*args)
        if fault == "lose":
            raise _error(port, method, uncertain=True)
        return result

    def _take_fault(self, port: str, method: str) -> str | None:
        changes = method in _CHANGES.get(port, ())
        if self._fault == "fail":
            fits = port in BACKENDS or (port == "store" and changes)
        else:
            fits = changes and port in BACKENDS
        if not fits:
            return None
        fault, self._fault = self._fault, None
        return fault


def _error(port: str, method: str, *, uncertain: bool) -> SharectlError:
    text = f"{port}.{method}: no answer"
    if port == "store":
        return StoreError(text)
    if port == "mounts":
        timed_out = method == "mount" and uncertain
        return ServerDead(text) if timed_out else MountFailed(text)
    return Unavailable(text, uncertain=uncertain)
