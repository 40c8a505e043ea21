"""Each call of the adapters made to fail, on files and programs that are inside the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.inject import Report, inject
from tests.edge.outcome import run_of
from tests.edge.uses import USES, Place, places

pytestmark = [pytest.mark.processes, pytest.mark.loopback]


def _prepared(
    make: Callable[[], Place], use: Callable[[Place], object]
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        place = make()
        return lambda: use(place)

    return prepare


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.lab)])
def test_whatever_a_call_raises_is_told_as_ours(tmp_path: Path, every: bool) -> None:
    report = Report()
    with places(tmp_path) as make:
        for name, use in USES.items():
            # Of two functions it is documented; those who call them expect it.
            foreign = OSError if name in ("mounts: bind", "mounts: detach") else MemoryError
            inject(run_of(_prepared(make, use), foreign=foreign), report, every=every)
    assert not report.wrong, "\n".join(report.wrong)
