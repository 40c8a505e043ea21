"""SIGKILL anywhere in add, remove, reconcile and adopt: one reconcile brings all to an end.

First at each boundary between two effects, then at random times; all of it with Debian 12's libvirt
and with Debian 13's. Afterwards the share is fully attached or fully gone; and a remove leaves the
host, libvirt and Manila as they were.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.faulty import How, When
from tests.e2e.hosts import Host
from tests.e2e.stands import Bench, Stand, difference
from tests.e2e.world import Snapshot
from tests.lab.cloud.cloud import Cloud

pytestmark = pytest.mark.lab

_AT_ONCE = 4
_ROUNDS = int(os.environ.get("SHARECTL_KILL_ROUNDS", "10"))  # on each stack
_VERBS = ("add", "remove", "reconcile", "adopt")
# By stack, the fixture that is a host with it.
_HOSTS = {"debian 12": "sandbox_host", "debian 13": "trixie"}


@dataclass(frozen=True)
class Kill:
    """A verb that is killed after its effect number `at`, or `delay` seconds after the first."""

    verb: str
    at: int
    delay: float | None = None

    def __str__(self) -> str:
        when = f"after effect {self.at}" if self.delay is None else f"after {self.delay:.3f} s"
        return f"{self.verb} killed {when}"


def _lose_everything(stand: Stand) -> None:
    """Rule, mount, key and filesystem are taken away behind sharectl's back."""
    world = stand.world
    (share,) = world.shares or ()
    for mount_point, _source in world.mounts():
        world.unmount(mount_point)
        Path(mount_point).rmdir()
    (guest,) = world.guests
    xml = guest.domain.XMLDesc(2)
    start, end = xml.index("<filesystem"), xml.index("</filesystem>") + len("</filesystem>")
    world.connection.defineXML(xml[:start] + xml[end:])
    for rule in world.cloud.rules(share.id):
        world.cloud.deny(share.id, rule.id)


def _lose_store(stand: Stand) -> None:
    for path in stand.world.state.glob("mappings.json*"):
        path.unlink()


def _prepare(stand: Stand, verb: str) -> None:
    """Give the verb something to do."""
    if verb != "add":
        stand.run("add").ok()
    if verb == "reconcile":
        _lose_everything(stand)
    if verb == "adopt":
        _lose_store(stand)


def _kill(stand: Stand, kill: Kill) -> Iterator[str]:
    """Prepare, kill, reconcile; yields what is not as it should be."""
    _prepare(stand, kill.verb)
    if kill.delay is None:
        stand.run(kill.verb, kill.at, When.AFTER, How.SIGKILL)
    else:
        stand.run(kill.verb, 0, When.DURING, How.SIGKILL, kill.delay)
    if kill.verb == "adopt":  # until it is recorded only adopt knows of it
        stand.run("adopt").ok()
    mended = stand.run("reconcile")
    seen = stand.world.snapshot()
    if mended.status != 0:
        yield f"reconcile: exit {mended.status}: {mended.stderr}"
    if seen != stand.before and not _complete(seen):
        yield f"neither attached nor gone: {difference(stand.before, seen)}\n{mended.stderr}"
    again = stand.run("reconcile")
    if (again.status, again.stderr) != (0, ""):
        yield f"a second reconcile: exit {again.status}: {again.stderr}"
    if stand.world.mappings():
        removed = stand.run("remove")
        if removed.status != 0 or stand.world.snapshot() != stand.before:
            after = difference(stand.before, stand.world.snapshot())
            yield f"remove: exit {removed.status}: {removed.stderr}, left {after}"


def _complete(seen: Snapshot) -> bool:
    intents = [intent for _share, intent in seen.mappings.values()]
    counts = [len(things) for things in (seen.mounts, seen.rules, seen.secrets)]
    xml = str(seen.domains)
    return (intents, counts) == (["attached"], [1, 1, 1]) and "virtiofs" in xml


@pytest.fixture(scope="module", params=_HOSTS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, stack: str, cloud: Cloud) -> Iterator[Bench]:
    host: Host = request.getfixturevalue(_HOSTS[stack])
    with Bench(cloud, _AT_ONCE, host) as made:
        yield made


@pytest.fixture(scope="module")
def effects(bench: Bench) -> dict[str, tuple[int, float]]:
    """How many effects a good run of each verb has, and how long it takes from the first."""
    found = {}
    for verb in _VERBS:
        _prepare(bench.first, verb)
        calls = bench.first.record(verb)
        found[verb] = len(calls), sum(call.seconds for call in calls)
        if verb != "remove":
            bench.first.run("remove").ok()
    return found


def _run(bench: Bench, kills: list[Kill]) -> dict[str, list[str]]:
    def one(kill: Kill) -> tuple[str, list[str]]:
        return str(kill), bench.problems(lambda stand: _kill(stand, kill))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {name: problems for name, problems in pool.map(one, kills) if problems}


@pytest.mark.parametrize("verb", _VERBS)
def test_killed_at_every_boundary(
    bench: Bench, effects: dict[str, tuple[int, float]], verb: str
) -> None:
    count, _seconds = effects[verb]
    assert count > 0
    assert _run(bench, [Kill(verb, at) for at in range(count)]) == {}


def test_killed_at_random_times(
    stack: str,
    bench: Bench,
    effects: dict[str, tuple[int, float]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    verbs = [dice.choice(_VERBS) for _ in range(_ROUNDS)]
    kills = [Kill(verb, 0, dice.uniform(0, 1.2 * effects[verb][1])) for verb in verbs]
    wrong = _run(bench, kills)
    with capsys.disabled():
        print(
            f"\nkilled at random times on {stack}: seed {seed}, {_ROUNDS} rounds, "
            f"{len(wrong)} not mended"
        )
    assert wrong == {}
