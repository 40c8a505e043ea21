"""A series of calls of which some hang: the others are made all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sharectl.adapters.deadline import each

_LONG = 600.0  # never waited for


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a blocked call waits for; set at the end, so that its thread ends."""
    event = threading.Event()
    yield event
    event.set()


def _nothing() -> None:
    pass


def test_all_answer_in_one_thread() -> None:
    threads = set()

    def ask(item: int) -> int:
        threads.add(threading.get_ident())
        return item * item

    done = each(range(200), ask, _LONG, _LONG, _nothing)
    assert done.results == {item: item * item for item in range(200)}
    assert (done.hanging, done.skipped, len(threads)) == ({}, [], 1)


def test_nothing_to_ask() -> None:
    assert each([], str, _LONG, _LONG, _nothing).results == {}


def test_those_that_hang_are_left_behind(gate: threading.Event) -> None:
    went_on = []

    def ask(item: int) -> int:
        if item in (1, 3):
            gate.wait(_LONG)
        return item

    done = each(range(5), ask, 0.05, _LONG, lambda: went_on.append(1))
    assert done.results == {0: 0, 2: 2, 4: 4}
    assert done.hanging.keys() == {1, 3}
    assert (done.skipped, len(went_on)) == ([], 2)
    assert not done.hanging[1].is_set()
    gate.set()
    assert done.hanging[1].wait(20)
    assert done.results == {0: 0, 2: 2, 4: 4}, "an answer that came too late counts for nothing"


def test_what_there_is_no_time_for_is_told(gate: threading.Event) -> None:
    start = time.monotonic()
    done = each(range(100), lambda _item: gate.wait(_LONG), 0.05, 0.12, _nothing)
    assert time.monotonic() - start < 30
    assert 1 <= len(done.hanging) <= 3
    assert done.results == {}
    assert sorted((*done.hanging, *done.skipped)) == list(range(100))


def test_each_call_has_its_own_time() -> None:
    """Ten calls that take longer than one may take, but none of them does."""
    slow = threading.Event()  # which never comes
    done = each(range(10), lambda _item: slow.wait(0.1), 0.8, _LONG, _nothing)
    assert len(done.results) == 10


def test_failure_ends_the_series() -> None:
    asked = []

    def ask(item: int) -> None:
        asked.append(item)
        if item == 2:
            raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        each(range(5), ask, _LONG, _LONG, _nothing)
    assert asked == [0, 1, 2]


def test_failure_to_go_on_ends_it_as_well(gate: threading.Event) -> None:
    def go_on() -> None:
        raise ValueError("libvirt is gone")

    with pytest.raises(ValueError, match="libvirt is gone"):
        each([1], lambda _item: gate.wait(_LONG), 0.05, _LONG, go_on)
