"""Many sharectl at once: no mapping is lost, nothing is left, and they do not wait in line."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sharectl.errors import ExitCode
from tests.e2e.world import Result, Snapshot, World
from tests.lab import processes
from tests.lab.cloud.api import Share

pytestmark = pytest.mark.lab

_DOMAINS = ("vm0", "vm1", "vm2", "vm3")
_PER_DOMAIN = 4
_SLOW = "slow-rule-1s"
_SLOWER = "slow-rule-2s-slow-deny-2s"
_SLOWEST = "slow-rule-3s"
_SEQUENTIAL = 3
# Of the time that they take one after the other; a lock around everything would give 1. Nearly
# all that is not waiting is computing, sharectl's and Manila's, for which there are two cores.
_AT_MOST = 0.9

Command = tuple[str, ...]


def _at_once(world: World, commands: Iterable[Command]) -> list[Result]:
    """Start all, then wait for all."""
    started = [world.start(*command) for command in commands]
    ended = [(process, *process.communicate(timeout=400)) for process in started]
    results = [Result(process.returncode, out, err) for process, out, err in ended]
    for result in results:
        assert "Traceback" not in result.stderr
        assert "internal error" not in result.stderr
    return results


def _create(world: World, names: Sequence[str]) -> list[Share]:
    create = world.cloud.create_share
    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(lambda name: create(name, "CEPHFS", backend="ceph"), names))
    assert {share.status for share in shares} == {"available"}
    return shares


def _seconds_each(world: World, commands: Sequence[Command]) -> float:
    """Seconds that one takes when they run one after the other."""
    start = time.monotonic()
    for command in commands:
        world.sharectl(*command).ok()
    return (time.monotonic() - start) / len(commands)


def _check_nothing_is_locked(world: World) -> None:
    files = [*(world.runtime / "locks").iterdir(), *world.state.glob("*.lock")]
    assert files
    for file in files:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _counts(seen: Snapshot) -> tuple[int, int, int]:
    return len(seen.mappings), len(seen.mounts), len(seen.rules)


def test_sixteen_shares_in_four_domains(world: World) -> None:
    pairs = [(domain, f"{_SLOWER}-{domain}-{n}") for domain in _DOMAINS for n in range(_PER_DOMAIN)]
    alone = [(_DOMAINS[n], f"{_SLOWER}-alone-{n}") for n in range(_SEQUENTIAL)]
    _create(world, [name for _domain, name in (*pairs, *alone)])
    for domain in _DOMAINS:
        world.guest(domain)
    before = world.snapshot()

    one_add = _seconds_each(world, [("add", *pair) for pair in alone])
    one_remove = _seconds_each(world, [("remove", *pair) for pair in alone])
    start = time.monotonic()
    added = _at_once(world, [("add", *pair) for pair in pairs])
    all_adds = time.monotonic() - start
    assert [result.status for result in added] == [ExitCode.OK] * len(pairs)
    attached = world.snapshot()
    assert _counts(attached) == (len(pairs), len(pairs), len(pairs))
    assert {intent for _share, intent in attached.mappings.values()} == {"attached"}
    listed = world.sharectl("list", "-f", "json").ok().json
    assert sorted(row["Domain"] for row in listed) == sorted(domain for domain, _name in pairs)

    start = time.monotonic()
    removed = _at_once(world, [("remove", *pair) for pair in pairs])
    all_removes = time.monotonic() - start
    assert [result.status for result in removed] == [ExitCode.OK] * len(pairs)
    assert world.snapshot() == before
    _check_nothing_is_locked(world)
    print(
        f"add: {one_add:.1f} s alone, {len(pairs)} at once {all_adds:.1f} s;"
        f" remove: {one_remove:.1f} s alone, {len(pairs)} at once {all_removes:.1f} s"
    )
    assert all_adds < _AT_MOST * one_add * len(pairs)
    assert all_removes < _AT_MOST * one_remove * len(pairs)


def test_manila_applies_slow_rules_of_different_shares_at_the_same_time(world: World) -> None:
    """What the test above takes for granted: its waits are sharectl's, not Manila's."""
    shares = _create(world, [f"{_SLOWEST}-{n}" for n in range(4)])
    database = world.cloud.database
    rules = [
        world.cloud.allow(share.id, "somebody", access_type="cephx", wait=False)
        for share in shares
    ]  # fmt: skip
    most = 0

    def all_active() -> bool:
        nonlocal most
        states = [database.rule_state(rule.id) for rule in rules]
        most = max(most, states.count("applying"))
        return states == ["active"] * len(rules)

    processes.wait_until(all_active, timeout=60, what="the rules", interval=0.02)
    assert most > 1, "each rule waited for the one before"


def test_one_share_in_eight_domains(world: World) -> None:
    names = [f"vm{n}" for n in range(8)]
    for name in names:
        world.guest(name)
    _create(world, [_SLOW])
    before = world.snapshot()
    added = _at_once(world, [("add", name, _SLOW) for name in names])
    assert [result.status for result in added] == [ExitCode.OK] * len(names)
    assert _counts(world.snapshot()) == (len(names), 1, 1)
    removed = _at_once(world, [("remove", name, _SLOW) for name in names])
    assert [result.status for result in removed] == [ExitCode.OK] * len(names)
    assert world.snapshot() == before


def test_the_same_share_to_the_same_domain_twice(world: World) -> None:
    world.guest("vm1")
    _create(world, [_SLOW])
    before = world.snapshot()
    results = _at_once(world, [("add", "vm1", _SLOW)] * 2)
    assert [result.status for result in results] == [ExitCode.OK] * 2
    assert results[0].stdout == results[1].stdout
    assert _counts(world.snapshot()) == (1, 1, 1)
    world.sharectl("remove", "vm1", _SLOW).ok()
    assert world.snapshot() == before


def test_two_shares_with_one_tag_to_one_domain(world: World) -> None:
    world.guest("vm1")
    names = [f"{_SLOW}-a", f"{_SLOW}-b"]
    _create(world, names)
    before = world.snapshot()
    results = _at_once(world, [("add", "vm1", name, "--tag", "data") for name in names])
    assert sorted(result.status for result in results) == [ExitCode.OK, ExitCode.REFUSED]
    loser = max(results, key=lambda result: result.status)
    assert "tag data is already taken in domain vm1" in loser.stderr
    assert _counts(world.snapshot()) == (1, 1, 1)
    world.sharectl("remove", "vm1", names[results.index(loser) ^ 1]).ok()
    assert world.snapshot() == before


def test_add_and_remove_of_one_mapping(world: World) -> None:
    """Whoever comes last, all of it is there or nothing."""
    world.guest("vm1")
    _create(world, [_SLOW])
    before = world.snapshot()
    world.sharectl("add", "vm1", _SLOW).ok()
    attached = _counts(world.snapshot())
    removed, added = _at_once(world, [("remove", "vm1", _SLOW), ("add", "vm1", _SLOW)])
    assert removed.status == ExitCode.OK
    assert added.status in (ExitCode.OK, ExitCode.NOT_FOUND, ExitCode.REFUSED)
    after = world.snapshot()
    assert after == before or _counts(after) == attached
    if after != before:
        world.sharectl("remove", "vm1", _SLOW).ok()
        assert world.snapshot() == before
