"""Histories drawn from seeds: whatever comes in between, nothing that must not happen happens.

`SHARECTL_HISTORIES` is how many in the fast tests; `python -m tests.simulation` plays more of them,
and other seeds.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.__main__ import describe
from tests.simulation.dice import draw
from tests.simulation.history import Player, play
from tests.simulation.shrink import shrink

_PARTS = 10
_EACH = int(os.environ.get("SHARECTL_HISTORIES", "100")) // _PARTS
_MORE = 3000  # in the complete tests


@pytest.mark.parametrize("part", range(_PARTS))
def test_histories(part: int) -> None:
    for seed in range(part * _EACH, (part + 1) * _EACH):
        steps = draw(seed)
        if found := play(steps):
            pytest.fail(describe(seed, steps, found), pytrace=False)


@pytest.mark.lab
@pytest.mark.parametrize("part", range(_PARTS))
def test_more_histories(part: int) -> None:
    each = _MORE // _PARTS
    for seed in range(100_000 + part * each, 100_000 + (part + 1) * each):
        steps = draw(seed)
        if found := play(steps):
            pytest.fail(describe(seed, steps, found), pytrace=False)


def test_a_history_plays_alike_each_time() -> None:
    for seed in range(20):
        traces = []
        for _time in range(2):
            player = Player(trace=[])
            player.play(draw(seed))
            traces.append(player.trace)
        assert traces[0] == traces[1]


def test_shrinking_leaves_what_the_failure_needs() -> None:
    steps = [f"p1 run {number}" for number in range(40)]
    needed = {steps[3], steps[30]}
    left = shrink(steps, lambda it: needed <= set(it))
    assert set(left) == needed
