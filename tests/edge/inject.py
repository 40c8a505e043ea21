"""Runs one use again and again, each time with another of its calls made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.edge.calls import Call, Watch
from tests.edge.faults import Fault, product, sample

# Runs the use, watched; returns what is not as it should be, or nothing.
Run = Callable[[Watch], str]


@dataclass
class Report:
    """What became of it.

    Attributes:
        failed: the calls that were made to fail.
        cases: how often that was done.
        wrong: what was not as it should be.
    """

    failed: set[Call] = field(default_factory=set)
    cases: int = 0
    wrong: list[str] = field(default_factory=list)

    def try_it(self, run: Run, faults: dict[Call, Fault]) -> Watch:
        """One case: each call in `faults` fails once."""
        watch = Watch({call: make() for call, make in faults.items()})
        told = dict(watch.faults)
        wrong = run(watch)
        self.cases += 1
        self.failed |= watch.done
        if wrong:
            what = "; ".join(f"{call}: {told[call]!r}" for call in faults)
            self.wrong.append(f"{wrong}: {what}")
        return watch


def inject(
    run: Run, report: Report, *, every: bool = False, size: int = 1, most: int | None = None
) -> None:
    """Fail each call that the use makes, and then each that it makes only after a failure.

    Args:
        run: the use.
        report: what this is added to. What has failed in another use is not tried again.
        every: each call with every fault; else with `size` of them.
        size: how many faults.
        most: how many cases of each sort, if not all.
    """
    first = Watch()
    if wrong := run(first):
        report.wrong.append(f"{wrong}, without a fault")
    later: dict[Call, dict[Call, Fault]] = {}
    for call, make in _some(_cases(first.seen, report, every, size), most):
        watch = report.try_it(run, {call: make})
        for new in watch.seen.keys() - first.seen.keys() - later.keys():
            later[new] = {call: make}
    for call, make in _some(_cases(later, report, every, size), most):
        report.try_it(run, {**later[call], call: make})


def _cases(
    seen: Iterable[Call], report: Report, every: bool, size: int
) -> Iterator[tuple[Call, Fault]]:
    calls = [call for call in seen if call not in report.failed]
    return product(calls) if every else sample(calls, size)


def _some(cases: Iterable[tuple[Call, Fault]], most: int | None) -> list[tuple[Call, Fault]]:
    """All, or about `most` of them, from the first to the last."""
    every = list(cases)
    return every if most is None else every[:: max(1, len(every) // most)]
