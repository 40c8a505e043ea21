"""Calls into libraries that can block without end (libvirt, name lookup), given a deadline."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sharectl.errors import HostFailed, Unavailable
from sharectl.foreign import no_thread

K = TypeVar("K")
T = TypeVar("T")


class DeadlinePassed(Unavailable):
    """The call was given up; it may still go on in its thread."""


def start(work: Callable[[], None]) -> None:
    """`work()` in a thread that the process does not wait for. Raises `HostFailed`."""
    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError as error:
        raise no_thread() from error


def side_by_side(function: Callable[[K], T], items: Iterable[K], at_once: int) -> list[T]:
    """`function(item)` for each, in up to `at_once` threads; raises what the first failure is.

    Raises `HostFailed` when the system has no thread for it.
    """
    from concurrent.futures import ThreadPoolExecutor  # the hook does without

    with ThreadPoolExecutor(at_once) as pool:
        try:
            answers = pool.map(function, items)
        except RuntimeError as error:
            raise no_thread() from error
        return list(answers)


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
        start(work)
        finished.wait(seconds)
    except (HostFailed, MemoryError):  # there is no thread that could finish
        raise
    except BaseException:
        if change:
            finished.wait(seconds)
        raise
    if failure:
        raise failure[0]
    if not outcome:
        raise DeadlinePassed(f"no answer from {waiting_for} in {seconds:g} s", uncertain=change)
    return outcome[0]


@dataclass
class Series(Generic[K, T]):
    """What became of a series of calls, one for each item.

    Attributes:
        results: what was answered, by item.
        hanging: the items whose call was given up, each with what is set when it ends after all.
        skipped: the items that there was no time for.
    """

    results: dict[K, T] = field(default_factory=dict)
    hanging: dict[K, threading.Event] = field(default_factory=dict)
    skipped: list[K] = field(default_factory=list)


def each(
    items: Iterable[K],
    function: Callable[[K], T],
    seconds: float,
    total: float,
    go_on: Callable[[], None],
) -> Series[K, T]:
    """`function(item)` for one item after the other; one that hangs does not hold up the others.

    Args:
        items: the items, each once.
        function: what to call; an exception ends the series and is raised here.
        seconds: how long one call may take.
        total: how long all of them may take.
        go_on: called when a call was given up and there is time left, before the others are made in
            another thread; its exceptions end the series as well.
    """
    done: Series[K, T] = Series()
    queue, end = deque(items), time.monotonic() + total
    while queue:
        worker = _Worker(queue, function, done.results)
        hanging = worker.watch(seconds, end)
        if hanging:
            done.hanging[hanging[0]] = worker.ended
            if time.monotonic() >= end:
                done.skipped = list(queue)
                break
            go_on()
    return done


class _Worker(Generic[K, T]):
    """A thread that takes items from a queue until one hangs. Its lock guards all it shares."""

    def __init__(self, queue: deque[K], function: Callable[[K], T], results: dict[K, T]) -> None:
        self.ended = threading.Event()
        self._queue, self._function, self._results = queue, function, results
        self._lock = threading.Lock()
        self._at: tuple[K, float] | None = None
        self._given_up = False
        self._failure: BaseException | None = None
        start(self._work)

    def watch(self, seconds: float, end: float) -> tuple[K, ...]:
        """Wait until all is done, or one call takes too long; returns the item of that."""
        try:
            return self._watch(seconds, end)
        except BaseException:
            self._given_up = True
            raise

    def _watch(self, seconds: float, end: float) -> tuple[K, ...]:
        left = seconds
        while not self.ended.wait(max(0, min(left, end - time.monotonic()))):
            with self._lock:
                if self._at is None:
                    continue
                now = time.monotonic()
                left = self._at[1] + seconds - now
                if left <= 0 or now >= end:
                    self._given_up = True
                    return (self._at[0],)
        if self._failure is not None:
            raise self._failure
        return ()

    def _work(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._keep(item[0], self._function(item[0]))
        except BaseException as error:  # noqa: BLE001 - it is raised again by the caller
            self._failure = error
        finally:
            self.ended.set()

    def _next(self) -> tuple[K, float] | None:
        with self._lock:
            busy = bool(self._queue) and not self._given_up
            self._at = (self._queue.popleft(), time.monotonic()) if busy else None
            return self._at

    def _keep(self, item: K, result: T) -> None:
        with self._lock:
            if not self._given_up:
                self._results[item] = result
