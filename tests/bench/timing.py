"""Time whole processes against each other, so that the machine's noise hits both alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Seconds of both sides, taken in turns."""

    name: str
    ours: tuple[float, ...]
    base: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the ratios of neighbouring runs."""
        return statistics.median(a / b for a, b in zip(self.ours, self.base, strict=True))

    def over(self, limit: float) -> bool:
        """Whether the ratio is above `limit`."""
        return self.ratio > limit

    def line(self, limit: float) -> str:
        """One line for the report."""
        ours, base = statistics.median(self.ours), statistics.median(self.base)
        verdict = "OVER" if self.over(limit) else "ok"
        return (
            f"{self.name:<44} {ours * 1000:7.1f} ms / {base * 1000:7.1f} ms"
            f" = {self.ratio:5.2f}  (at most {limit:.2f}: {verdict})"
        )


@dataclass(frozen=True)
class Amount:
    """Seconds of CPU, for which there is no machine's noise to compare away."""

    name: str
    seconds: tuple[float, ...]

    def over(self, limit: float) -> bool:
        """Whether the median is above `limit` seconds."""
        return statistics.median(self.seconds) > limit

    def line(self, limit: float) -> str:
        """One line for the report."""
        verdict = "OVER" if self.over(limit) else "ok"
        return (
            f"{self.name:<44} {statistics.median(self.seconds) * 1000:7.1f} ms"
            f"  (at most {limit * 1000:.0f} ms: {verdict})"
        )


def process(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> Callable[[], float]:
    """A function that runs the command and returns the seconds that it took."""

    def run() -> float:
        start = time.perf_counter()
        subprocess.run(
            argv, env={**os.environ, **(environment or {})}, check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - start

    return run


def compare(
    name: str, ours: Callable[[], float], base: Callable[[], float], rounds: int
) -> Comparison:
    """Run both in turns, after one run of each that does not count."""
    ours(), base()
    pairs = [(ours(), base()) for _ in range(rounds)]
    return Comparison(name, tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
