"""What is killed, in which situation, and what has to be true afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.e2e.faulty import How, When
from tests.e2e.stands import Bench, Call, Stand, difference
from tests.e2e.world import Snapshot

ALONE, BESIDE = "alone", "beside a guest"
AT_ONCE = {ALONE: 4, BESIDE: 2}
"""How many cases run side by side, by situation."""
ROUNDS = int(os.environ.get("SHARECTL_KILL_ROUNDS", "4"))  # on each stack


@dataclass(frozen=True)
class Case:
    """A command, in a situation in which it has something to do.

    `finish` are the commands that bring everything to an end after it was killed.
    """

    verb: str
    prepare: Callable[[Stand], object]
    finish: tuple[str, ...] = ("reconcile",)


@dataclass(frozen=True)
class Kill:
    """The case `name`, killed after effect number `at`, or `delay` seconds after the first."""

    name: str
    at: int
    delay: float | None = None

    def __str__(self) -> str:
        when = f"after effect {self.at}" if self.delay is None else f"after {self.delay:.3f} s"
        return f"{self.name} killed {when}"


def _nothing(stand: Stand) -> None:
    pass


def _attach(stand: Stand) -> None:
    stand.run("add").ok()


def _lose_filesystem(stand: Stand) -> None:
    xml = stand.guest.domain.XMLDesc(2)
    start, end = xml.index("<filesystem"), xml.index("</filesystem>") + len("</filesystem>")
    stand.world.connection.defineXML(xml[:start] + xml[end:])


def _lose_everything(stand: Stand) -> None:
    """Rule, mount, key and filesystem are taken away behind sharectl's back."""
    world = stand.world
    for mount_point, _source in world.mounts():
        world.unmount(mount_point)
        Path(mount_point).rmdir()
    _lose_filesystem(stand)
    for rule in world.cloud.rules(stand.share.id):
        world.cloud.deny(stand.share.id, rule.id)


def _lose_store(stand: Stand) -> None:
    for path in stand.world.state.glob("mappings.json*"):
        path.unlink()


def _undefine(stand: Stand) -> None:
    stand.guest.domain.undefine()


def _after(*steps: Callable[[Stand], object]) -> Callable[[Stand], None]:
    def prepare(stand: Stand) -> None:
        for step in (_attach, *steps):
            step(stand)

    return prepare


SITUATIONS = {
    ALONE: {
        "add": Case("add", _nothing),
        "remove": Case("remove", _attach),
        "reconcile": Case("reconcile", _after(_lose_everything)),
        "adopt": Case("adopt", _after(_lose_store), ("adopt", "reconcile")),
        "prune": Case("prune", _after(_undefine), ("prune",)),
        "prune an orphan": Case("prune", _after(_lose_store, _undefine), ("prune",)),
    },
    BESIDE: {
        "add": Case("add", _nothing),
        "remove": Case("remove", _attach),
        "reconcile": Case("reconcile", _after(_lose_filesystem)),
        "prune": Case("prune", _after(_undefine), ("prune",)),
    },
}
"""The cases by name: nothing but the domain uses the share, or a neighbour runs with it."""


def record(bench: Bench, case: Case) -> tuple[Call, ...]:
    """The effects of a run that nothing happens to."""
    stand = bench.first
    case.prepare(stand)
    calls = stand.record(case.verb)
    if case.verb == "prune":
        stand.define()
    elif case.verb != "remove":
        stand.run("remove").ok()
    assert stand.world.snapshot() == stand.before
    return calls


def run(bench: Bench, cases: Mapping[str, Case], kills: Iterable[Kill]) -> dict[str, list[str]]:
    """What is wrong after each kill, by the kill."""

    def one(kill: Kill) -> tuple[str, list[str]]:
        case = cases[kill.name]
        return str(kill), bench.problems(lambda stand: _kill(stand, case, kill))

    with ThreadPoolExecutor(bench.size) as pool:
        return {name: problems for name, problems in pool.map(one, kills) if problems}


def _kill(stand: Stand, case: Case, kill: Kill) -> Iterator[str]:
    """Prepare, kill, finish; yields what is not as it should be."""
    case.prepare(stand)
    if kill.delay is None:
        stand.run(case.verb, kill.at, When.AFTER, How.SIGKILL)
    else:
        stand.run(case.verb, 0, When.DURING, How.SIGKILL, kill.delay)
    yield from stand.harm()
    for verb in case.finish:
        finished = stand.run(verb)
        if finished.status != 0:
            yield f"{verb}: exit {finished.status}: {finished.stderr}"
    yield from settled(stand, case.finish[-1], finished.stderr)


def settled(stand: Stand, finish: str, said: str = "") -> Iterator[str]:
    """Whether the share is fully attached or fully gone, and can be removed without a trace."""
    again = stand.run(finish)
    if (again.status, again.stderr) != (0, ""):
        yield f"a second {finish}: exit {again.status}: {again.stderr}"
    if finish == "prune":
        stand.define()
    seen = stand.world.snapshot()
    if seen != stand.before and not _complete(stand, seen):
        yield f"neither attached nor gone: {difference(stand.before, seen)}\n{said}"
    yield from stand.harm()
    if seen.mappings != stand.before.mappings:
        removed = stand.run("remove")
        if removed.status != 0 or stand.world.snapshot() != stand.before:
            after = difference(stand.before, stand.world.snapshot())
            yield f"remove: exit {removed.status}: {removed.stderr}, left {after}"
        yield from stand.harm()


def _complete(stand: Stand, seen: Snapshot) -> bool:
    """Whether there is one mapping more than before, with all that belongs to it."""
    count = len(stand.before.mappings) + 1
    intents = [intent for _share, intent in seen.mappings.values()]
    # What ceph-fuse is started with may be left beside the key, until the share is unmounted.
    keys = [name for name in seen.secrets if name.endswith(".key")]
    counts = [len(things) for things in (seen.mounts, seen.rules, keys)]
    others = [replace(each, mappings={}, mounts=(), folders=(), secrets=(), rules=(), locks=0,
                      domains={**each.domains, stand.name: ""})
              for each in (seen, stand.before)]  # fmt: skip
    return (
        (intents, counts) == (["attached"] * count, [1, 1, 1])
        and "virtiofs" in seen.domains[stand.name]
        and others[0] == others[1]
    )
