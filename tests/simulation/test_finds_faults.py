"""The simulation finds what it is for: faults that are put back by hand.

Each is found within some hundred histories, and what it is seen by happens only with it.
"""

from __future__ import annotations

import re

import pytest

from tests.simulation.dice import ALL, draw
from tests.simulation.faults import FAULTS, Fault
from tests.simulation.history import play

_HISTORIES = 600
_EVERY_DAY = frozenset({"add", "remove", "start", "stop", "reconcile", "run"})


@pytest.mark.lab
@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    without = ALL.keys() - _EVERY_DAY - fault.kinds
    for seed in range(_HISTORIES):
        played = [*fault.beginning, *draw(seed, without, fault.kinds)]
        with monkeypatch.context() as patch:
            fault.put_back(patch)
            found = _seen(fault, played)
        if found and not _seen(fault, played):
            return
    pytest.fail(f"not found in {_HISTORIES} histories")


def _seen(fault: Fault, played: list[str]) -> list[str]:
    return [it for it in play(played) if re.search(fault.seen, it)]
