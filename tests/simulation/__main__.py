"""python -m tests.simulation: play many histories, and show the shortest form of what fails."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

from tests.simulation.dice import draw
from tests.simulation.history import Player, play
from tests.simulation.shrink import shrink
from tests.simulation.world import DOMAINS, SHARES


def main() -> int:
    """Exit status 1 when a history fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first; each history has its own")
    parser.add_argument("--replay", type=Path, help="a file with the steps of one, traced")
    parser.add_argument("--without", default="", help="kinds of steps, with commas between")
    parser.add_argument("--often", default="", help="kinds of steps to have more often")
    parser.add_argument("--keep-going", action="store_true")
    options = parser.parse_args()
    if options.replay is not None:
        return _replay(options.replay.read_text().splitlines())
    without = {*options.without.split(",")}
    began, failed = time.monotonic(), 0
    often = {*options.often.split(",")} - {""}
    without -= often
    kinds: set[str] = set()
    seeds = range(options.seed, options.seed + options.histories)
    for seed in seeds:
        steps = draw(seed, without, often)
        if found := play(steps):
            failed += 1
            if kind(found[0]) not in kinds:
                print(describe(seed, steps, found), flush=True)
            kinds.add(kind(found[0]))
            if not options.keep_going:
                return 1
    took = time.monotonic() - began
    print(f"{len(seeds)} histories, seeds {seeds[0]} to {seeds[-1]}, {failed} failed, {took:.0f} s")
    return 1 if failed else 0


def _replay(lines: list[str]) -> int:
    steps = [line.partition(". ")[2] or line for line in lines if line.strip()]
    player = Player(trace=[])
    found = player.play(steps)
    print("\n".join(player.trace or []))
    print("\n".join(found) or "all is well")
    return 1 if found else 0


def kind(violation: str) -> str:
    """What was violated, without whose it was: shrinking must not find another failure."""
    if violation.startswith("Traceback"):
        return violation.strip().rpartition("\n")[2].partition(":")[0]
    words = re.findall(r"[a-z]{2,}", violation.replace("nowait", ""))
    names = {*DOMAINS, *SHARES, "copy", "mine", "renamed", "force", "ro", "session", "prune"}
    return " ".join(word for word in words if word not in names)[:70]


def describe(seed: int, steps: list[str], found: list[str]) -> str:
    """The failure of the history `seed`, in its shortest form, and how to see it again."""
    wanted = kind(found[0])
    steps = shrink(steps, lambda it: [kind(violation) for violation in play(it)[:1]] == [wanted])
    lines = [f"history {seed}: {line}" for line in play(steps)]
    lines += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    lines.append("  put these lines into FILE; python -m tests.simulation --replay FILE")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
