"""Whether file servers answer, asked without ever waiting for one that does not.

A statfs(2) on a dead server's mount cannot be interrupted, so it is left to a child that can be
killed. One child asks for all mounts of a server, and the servers are asked side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sharectl.adapters import process
from sharectl.model.enums import Health

_AT_ONCE = 16
_MOST = 100  # mount points for one child, whose words must fit into what is read of them
# What statfs(2) says of a mount that only mounting anew mends.
_STALE = ("Stale", "Transport endpoint", "Input/output error", "Host is down", "Cannot send")


def probe(groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
    """See `Mounts.probe`."""
    chosen = [chunk for group in groups for chunk in _chunks(tuple(group))]
    if not chosen:
        return {}
    if len(chosen) == 1:
        return _ask(chosen[0], timeout)
    from concurrent.futures import ThreadPoolExecutor  # the hook does without

    answers: dict[str, Health] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for answer in pool.map(lambda group: _ask(group, timeout), chosen):
            answers.update(answer)
    return answers


def _chunks(group: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (group[start : start + _MOST] for start in range(0, len(group), _MOST))


def _ask(mount_points: tuple[str, ...], timeout: float) -> dict[str, Health]:
    """stat(1) names those that failed, each on a line of its own, and goes on."""
    try:
        done = process.run(["stat", "-f", "-c", "", "--", *mount_points], timeout=timeout)
    except process.TimedOut:
        return dict.fromkeys(mount_points, Health.UNREACHABLE)
    answers = dict.fromkeys(mount_points, Health.OK)
    for line in done.stderr.splitlines():
        for mount_point in mount_points:
            if f"'{mount_point}'" in line:
                answers[mount_point] = _health(line)
    return answers


def _health(line: str) -> Health:
    return Health.STALE if any(word in line for word in _STALE) else Health.NO_ACCESS
