"""Many processes that add, remove, list, reconcile and start, on few shares and domains.

Whatever order they come in, the store stays readable, no process waits for another for ever, and
in the end every mapping has its rule, mount, key and filesystem, and nothing else has any.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest
from lxml import etree

from sharectl.errors import ExitCode
from tests.e2e.world import World
from tests.lab.guest import Guest
from tests.lab.libvirtd import URI

pytestmark = pytest.mark.lab

_PROCESSES = int(os.environ.get("SHARECTL_MIX_PROCESSES", "8"))
_OPERATIONS = int(os.environ.get("SHARECTL_MIX_OPERATIONS", "6"))
_DOMAINS = ("vm1", "vm2", "vm3")
_SHARES = ("docs", "data", "logs")
# What may happen to one of many: it was overtaken, or somebody has the lock or the domain.
_FINE = {
    "add": {ExitCode.OK, ExitCode.NOT_FOUND, ExitCode.REFUSED, ExitCode.BUSY},
    "remove": {ExitCode.OK, ExitCode.NOT_FOUND, ExitCode.REFUSED, ExitCode.BUSY},
    "list": {ExitCode.OK},
    "reconcile": {ExitCode.OK, ExitCode.PARTIAL, ExitCode.UNAVAILABLE, ExitCode.BUSY},
    "hook": {ExitCode.OK, ExitCode.INTERNAL},
}
_WEIGHTS = {"add": 5, "remove": 4, "list": 2, "reconcile": 2, "hook": 2, "power": 2}


class Worker:
    """One of the many; says what it was surprised by."""

    def __init__(self, world: World, seed: str) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._connection = libvirt.open(URI)
        self.done: Counter[str] = Counter()
        self.surprises: list[str] = []

    def run(self) -> None:
        verbs = self._dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=_OPERATIONS)
        for verb in verbs:
            domain, share = self._dice.choice(_DOMAINS), self._dice.choice(_SHARES)
            act: Callable[[str], None] | None = {"power": self._power}.get(verb)
            if act is not None:
                act(domain)
            elif verb == "hook":
                self._expect(verb, "hook", "run", domain, "prepare", "begin", "-")
            else:
                arguments = {"add": (domain, share), "remove": (domain, share)}.get(verb, ())
                self._expect(verb, verb, *arguments)
            self.done[verb] += 1

    def _expect(self, verb: str, *arguments: str) -> None:
        xml = self._connection.lookupByName(arguments[2]).XMLDesc() if verb == "hook" else None
        result = self._world.sharectl(*arguments, input=xml)
        if result.status not in _FINE[verb] or "internal error" in result.stderr:
            self.surprises.append(f"{arguments}: exit {result.status}: {result.stderr}")

    def _power(self, name: str) -> None:
        """Start it; if it runs, pull the plug. libvirt may refuse either by now."""
        domain = self._connection.lookupByName(name)
        try:
            if domain.isActive():
                domain.destroy()
            else:
                domain.create()
        except libvirt.libvirtError:
            self.done["power refused"] += 1


def test_invariants_hold_after_a_mixture(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    guests = [world.guest(name) for name in _DOMAINS]
    for name in _SHARES:
        world.cloud.create_share(name, "CEPHFS", backend="ceph")
    before = world.snapshot()
    seed = random.randrange(1 << 32)
    workers = [Worker(world, f"{seed}-{number}") for number in range(_PROCESSES)]

    with ThreadPoolExecutor(_PROCESSES) as pool:
        for _ in pool.map(Worker.run, workers):
            pass

    done = sum((worker.done for worker in workers), Counter())
    with capsys.disabled():
        print(f"\nmixture: seed {seed}, {dict(done)}")
    assert [text for worker in workers for text in worker.surprises] == []
    _stop(guests)
    world.sharectl("reconcile").ok()
    _check(world)
    for mapping in world.mappings().values():
        world.sharectl("remove", mapping["domain_name"], mapping["share_id"]).ok()
    assert world.snapshot() == before


def _stop(guests: list[Guest]) -> None:
    for guest in guests:
        with suppress(libvirt.libvirtError):  # it is off, or ends by itself just now
            guest.domain.destroy()


def _check(world: World) -> None:
    """Each mapping has all that belongs to it, and there is nothing else."""
    mappings = world.mappings().values()
    assert {item["intent"] for item in mappings} <= {"attached"}
    shares = {item["share_id"] for item in mappings}
    assert {Path(mount_point).name for mount_point, _source in world.mounts()} == shares
    assert {path.stem for path in (world.state / "secrets").glob("*")} == shares
    for share in world.cloud.shares():
        assert len(world.cloud.rules(share.id)) == (share.id in shares)
    for guest in world.guests:
        root = etree.fromstring(guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        tags = [str(item.get("dir")) for item in root.iterfind("./devices/filesystem/target")]
        wanted = [item["tag"] for item in mappings if item["domain_name"] == guest.name]
        assert sorted(tags) == sorted(wanted)
