"""The simulation finds what it is for: faults that are put back by hand.

Each is found within a few hundred histories, and what it is found by happens only with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from sharectl.operations import hook
from sharectl.operations.steps import access
from tests.simulation.dice import ALL, draw
from tests.simulation.history import play
from tests.simulation.ports import SimLocks

_HISTORIES = 500
_CALM = frozenset({"add", "remove", "start", "stop", "reconcile", "run", "kill", "fail"})

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """A fault: how it is put back, what it is seen by, and what has to happen for that."""

    put_back: Patch
    seen: str
    kinds: frozenset[str] = frozenset()


def _instead(target: Any, name: str, bad: object) -> Patch:
    """Put `bad` in the place of `target.name`."""

    def put_back(patch: pytest.MonkeyPatch) -> None:
        assert hasattr(target, name)
        patch.setattr(target, name, bad)

    return put_back


def _nothing(*_arguments: object, **_options: object) -> None:
    """Instead of a check."""


FAULTS = {
    "a record is forgotten before its rule is gone": Fault(
        _instead(access, "await_withdrawal", _nothing), "forgot the share while"
    ),
    "the hook takes what is mounted for the share": Fault(
        _instead(hook, "_check_source", _nothing), "started on /dev/vdb1", frozenset({"cover"})
    ),
    "the locks of shares lock nothing": Fault(
        _instead(SimLocks, "share", lambda *_: nullcontext()), "."
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    without = ALL.keys() - _CALM - fault.kinds
    for seed in range(_HISTORIES):
        played = draw(seed, without, fault.kinds)
        with monkeypatch.context() as patch:
            fault.put_back(patch)
            found = _seen(fault, played)
        if found:
            assert not _seen(fault, played), f"this happens without the fault as well: {found}"
            return
    pytest.fail(f"not found in {_HISTORIES} histories")


def _seen(fault: Fault, played: list[str]) -> list[str]:
    return [it for it in play(played) if re.search(fault.seen, it)]
