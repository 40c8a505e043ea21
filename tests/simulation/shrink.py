"""Taking away the steps that a failure does not need (Zeller's delta debugging)."""

from __future__ import annotations

from collections.abc import Callable


def shrink(steps: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    """The shortest list that is found of which `fails` says yes, as it does of `steps`."""
    size = max(1, len(steps) // 2)
    while True:
        shorter = _without_chunks(steps, size, fails)
        if shorter == steps and size == 1:
            return _with_fewer_turns(steps, fails)
        if shorter == steps:
            size = max(1, size // 2)
        steps = shorter


def _without_chunks(steps: list[str], size: int, fails: Callable[[list[str]], bool]) -> list[str]:
    at = len(steps) - size
    while at > -size:
        candidate = steps[: max(0, at)] + steps[at + size :]
        if len(candidate) < len(steps) and fails(candidate):
            steps = candidate
        at -= size
    return steps


def _with_fewer_turns(steps: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    """Plainer steps: a process that ends is easier to read than one that stops at a turn."""
    for number, step in enumerate(steps):
        head, word, turns = step.rpartition(" run ")
        if not word or turns == "300":
            continue
        plain = [*steps[:number], f"{head} run 300", *steps[number + 1 :]]
        if fails(plain):
            steps = plain
    return steps
