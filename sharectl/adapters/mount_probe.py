"""Whether file servers answer, asked without ever waiting for one that does not.

A statfs(2) on a dead server's mount cannot be interrupted, so it is left to a child that can be
killed. One child asks for all mounts of a server, and the servers are asked side by side.

A CephFS client that the server has cut off may answer statfs(2) all the same, so the root folder
is read as well, as far as its first name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from sharectl.adapters import deadline, process
from sharectl.model.enums import Health, ShareProtocol
from sharectl.model.export_location import CEPH_FUSE_TYPE, KERNEL_TYPES
from sharectl.model.mounts import HostMount, mounted_at

_AT_ONCE = 16
_MOST = 100  # mount points for one child, whose words must fit into what is read of them
# What statfs(2) says of a mount that only mounting anew mends.
_STALE = ("Stale", "Transport endpoint", "Input/output error", "Host is down", "Cannot send")


_CEPH = KERNEL_TYPES[ShareProtocol.CEPHFS] | {CEPH_FUSE_TYPE}
_DENIED = ("Permission denied", "Operation not permitted")
_Mounts = Callable[[], tuple[HostMount, ...]]


def probe(
    groups: Iterable[Collection[str]], timeout: float, mounts: _Mounts
) -> Mapping[str, Health]:
    """See `Mounts.probe`; `mounts` tells what is mounted, which is seldom asked."""
    chosen = [chunk for group in groups for chunk in _chunks(tuple(group))]
    if not chosen:
        return {}
    ask = partial(_ask, timeout=timeout, mounts=mounts)
    if len(chosen) == 1:
        return ask(chosen[0])
    answers: dict[str, Health] = {}
    for answer in deadline.side_by_side(ask, chosen, _AT_ONCE):
        answers.update(answer)
    return answers


def _chunks(group: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (group[start : start + _MOST] for start in range(0, len(group), _MOST))


def _ask(mount_points: tuple[str, ...], timeout: float, mounts: _Mounts) -> dict[str, Health]:
    """First statfs(2), then a look into those that have answered."""
    end = time.monotonic() + timeout
    answers = dict.fromkeys(mount_points, Health.OK)
    try:
        for mount_point, why in _failing(_statfs, mount_points, end).items():
            answers[mount_point] = _health(why)
        good = tuple(item for item, health in answers.items() if health is Health.OK)
        for mount_point, why in _failing(_look, good, end).items():
            if not _is_legal(why, mount_point, mounts):
                answers[mount_point] = _health(why)
    except process.TimedOut:
        return dict.fromkeys(mount_points, Health.UNREACHABLE)
    return answers


def _statfs(mount_points: tuple[str, ...]) -> list[str]:
    return ["stat", "-f", "-c", "", "--", *mount_points]


def _look(mount_points: tuple[str, ...]) -> list[str]:
    """-empty reads the folder until it finds a name."""
    return ["find", *mount_points, "-maxdepth", "0", "-empty"]


def _failing(
    program: Callable[[tuple[str, ...]], list[str]], mount_points: tuple[str, ...], end: float
) -> dict[str, str]:
    """The mount points at which the program failed, and why.

    It names each on a line of its own; where it spells one in a way of its own, as it does with
    what is not ASCII, each is asked for alone. A program that was killed has not answered.
    """
    if not mount_points:
        return {}
    done = process.run(program(mount_points), timeout=max(0.1, end - time.monotonic()))
    if done.status < 0:
        raise process.TimedOut
    if done.status == 0:
        return {}
    if len(mount_points) == 1:
        return {mount_points[0]: done.reason}
    lines = done.stderr.splitlines()
    found = {point: line for line in lines for point in mount_points if f"'{point}'" in line}
    if len(found) < len(lines) or not lines:
        for point in mount_points:
            found |= _failing(program, (point,), end)
    return found


def _is_legal(why: str, mount_point: str, mounts: _Mounts) -> bool:
    """An NFS server may keep root out of the folder, and let a guest's users in."""
    if not any(word in why for word in _DENIED):
        return False
    found = mounted_at(mounts(), mount_point)
    return found is not None and found.fs_type not in _CEPH


def _health(line: str) -> Health:
    return Health.STALE if any(word in line for word in _STALE) else Health.NO_ACCESS
