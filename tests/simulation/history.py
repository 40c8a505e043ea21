"""A history: steps that are played one after the other on a new world, and what came of it."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from tests.simulation import admin, records, verbs
from tests.simulation.ending import Ending
from tests.simulation.host import Host
from tests.simulation.scheduler import MOST_TURNS, Process
from tests.simulation.world import World

# Where each slot for a process is.
SLOTS = {"p1": "h1", "p2": "h1", "p3": "h1", "q1": "h2"}
_SHARE_OF_TURNS = 7  # that a process goes on for while others wait


@dataclass
class Player:
    """Plays steps on `world`.

    Attributes:
        running: the processes by slot; also those that have ended.
        trace: what is called, in order, when somebody wants to know.
    """

    world: World = field(default_factory=World)
    running: dict[str, Process] = field(default_factory=dict)
    trace: list[str] | None = None

    def play(self, steps: Iterable[str]) -> list[str]:
        """Play all, then let the world end well; returns the first violations, if any."""
        with determined():
            try:
                return self._play(steps)
            finally:
                for process in self.running.values():
                    process.kill()

    def _play(self, steps: Iterable[str]) -> list[str]:
        for step in steps:
            self.note(f"-- {step}")
            self.step(step.split())
            if found := self.violations():
                return found
        return Ending(self).check()

    def step(self, words: list[str]) -> None:
        """One step."""
        who, what, *rest = words
        if who not in SLOTS:
            if what == "reboot":
                self._kill_all(who)
            admin.act(self.world, who, [what, *rest])
        elif verbs.is_verb(what):
            self.finish(who)
            self.begin(who, words[1:])
        elif (process := self.running.get(who)) is not None:
            self._meddle(process, what, rest)

    def begin(self, slot: str, words: list[str]) -> Process:
        """A new process in that slot."""
        host = self.host_of(slot)
        process = verbs.make(self.world, host, slot, words)
        process.swaps = self.world.swaps
        process.trace = self.note if self.trace is not None else None
        self.running[slot] = process
        return process

    def host_of(self, slot: str) -> Host:
        """Where the slot is."""
        return self.world.hosts[SLOTS[slot]]

    def _meddle(self, process: Process, what: str, rest: list[str]) -> None:
        if what == "run":
            for _turn in range(int(rest[0])):
                process.turn()
        elif what == "kill":
            process.kill()
        elif what == "signal":
            process.signal()
        elif what == "delivers":
            process.deliver()
        else:
            process.break_next(what)

    def _kill_all(self, host: str) -> None:
        for slot, process in self.running.items():
            if SLOTS[slot] == host:
                process.kill()

    def finish(self, slot: str) -> None:
        """Let the process in that slot end, whatever the others hold."""
        process = self.running.get(slot)
        while process is not None and not process.done:
            process.turn()

    def finish_all(self) -> None:
        """Let all end, each a few turns at a time."""
        for _round in range(MOST_TURNS):
            alive = [process for process in self.running.values() if not process.done]
            if not alive:
                return
            for process in alive:
                for _turn in range(_SHARE_OF_TURNS):
                    process.turn()

    def violations(self) -> list[str]:
        """What has been broken so far."""
        for slot, process in self.running.items():
            if process.done:
                records.ended(self.world, self.host_of(slot), process)
        bugs = [process.bug for process in self.running.values() if process.bug]
        return self.world.violations + bugs

    def note(self, text: str) -> None:
        """For who reads the trace."""
        if self.trace is not None:
            self.trace.append(text)


class _OneAfterTheOther:
    """In place of `ThreadPoolExecutor`: port calls are turns, and threads take none."""

    def __init__(self, _workers: int = 1) -> None:
        pass

    def __enter__(self) -> _OneAfterTheOther:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def map(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        """At once."""
        return iter([function(*item) for item in zip(*items, strict=True)])


@contextmanager
def determined() -> Iterator[None]:
    """Nothing but the steps decides what happens: no random IDs, no threads."""
    dice = Random(0)
    with (
        patch.object(os, "urandom", dice.randbytes),
        patch.object(concurrent.futures, "ThreadPoolExecutor", _OneAfterTheOther),
    ):
        yield


def play(steps: Iterable[str]) -> list[str]:
    """The violations of a history; none when all is well."""
    return Player().play(steps)
