"""Worlds for cases that run side by side: each a host of its own with one domain and one share.

Beside the domain there can be a neighbour: a guest that runs with the share all the while.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

import libvirt

from tests.e2e.faulty import How, Job, When
from tests.e2e.hosts import SANDBOX, Host
from tests.e2e.world import ROOT, Result, Snapshot, World
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.fixtures_libvirt import RUN
from tests.lab.guest import Guest

_FOLDER = RUN / "stands"
_numbers = count()
_TAG = "docs"
# What the domain does when it is started, once it has the share, by the share's ID.
_SCRIPT = "share {0}; cat /mnt/{0}/from-host; echo there >/mnt/{0}/from-guest"
# What the neighbour does: it has a file open, and writes without a pause that matters.
_NEIGHBOUR = f"""\
share {_TAG}
cd /mnt/{_TAG}
echo hello >held
exec 4<held
(while :; do echo x >>written || echo broken >>/broken; usleep 300000; done) &
"""
# It takes the one PCI port that a new domain has to spare, so that an add has to make another.
_RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"


@dataclass(frozen=True)
class Call:
    """A call with an effect, "port.method", and how long it took."""

    name: str
    seconds: float

    @property
    def port(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Stand:
    """One host, and sharectl to be broken on it.

    `before` is what there is without a mapping of the domain `name`, and `definition` how that
    domain is defined then.
    """

    name: str
    world: World
    before: Snapshot
    definition: str
    child: subprocess.Popen[str]

    @classmethod
    def build(cls, cloud: Cloud, host: Host, *, neighbour: bool = False) -> Self:
        name = f"stand{next(_numbers)}"
        folder = _FOLDER / name
        folder.mkdir(parents=True)
        share = cloud.create_share(name, "CEPHFS", backend="ceph")
        world = World(cloud, libvirt.open(host.uri), folder, shares=(share,), host=host)
        guest = world.guest(name, shared_memory=None, script=_SCRIPT.format(share.id))
        guest.domain.attachDeviceFlags(_RNG, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        child = subprocess.Popen(
            host.command([host.python, "-m", "tests.e2e.faulty"]), cwd=ROOT,
            env=world.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        if neighbour:
            _start_neighbour(world, name)
        definition = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return cls(name, world, world.snapshot(), definition, child)

    @property
    def guest(self) -> Guest:
        return self.world.guests[0]

    @property
    def share(self) -> Share:
        (share,) = self.world.shares or ()
        return share

    def path(self, name: str) -> Path:
        """How this process reaches a file of the mounted share."""
        inside = self.world.mount_point(self.share.id) / name
        return Path(f"/proc/{self.world.host.pid}/root{inside}")

    def define(self) -> None:
        """Define the domain as it was before there was a mapping."""
        self.world.connection.defineXML(self.definition)

    def harm(self) -> Iterator[str]:
        """What the neighbour, if there is one, has suffered."""
        for neighbour in self.world.guests[1:]:
            answer = f"answer{next(_numbers)}"  # new: what the guest knows it may cache
            command = f"cat /broken 2>/dev/null; cat <&4 && cat held && echo there >{answer}"
            status, text = neighbour.sh(f"cd /mnt/{_TAG} && exec 4<held && {command}")
            if (status, text) != (0, "hello\nhello\n"):
                yield f"the neighbour: status {status}: {text}"
            elif self.path(answer).read_text() != "there\n":
                yield "the neighbour writes elsewhere"

    def run(
        self,
        verb: str,
        at: int | None = None,
        when: When = When.BEFORE,
        how: How = How.ERROR,
        delay: float = 0,
    ) -> Result:
        """Run the verb, broken at its call number `at`; all output counts as stderr."""
        argv = self.world.argv(*self._words(verb))[3:]
        self._calls.write_text("")
        output = self.world.folder / "output"
        job = Job(tuple(argv), self.world.environment(), str(output), str(self._calls),
                  at, when, how, delay)  # fmt: skip
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(job.to_line())
        self.child.stdin.flush()
        return Result(int(self.child.stdout.readline()), "", output.read_text())

    def _words(self, verb: str) -> tuple[str, ...]:
        if verb == "prune":
            return ("reconcile", "--prune")
        if verb == "reconcile":
            return (verb,)
        if verb == "adopt":  # the other stands' domains are on the same libvirt
            return (verb, self.name)
        options = ("--enable-shared-memory",) if verb == "add" else ()
        return (verb, self.name, self.name, *options)

    @property
    def _calls(self) -> Path:
        return self.world.folder / "calls"

    def record(self, verb: str) -> tuple[Call, ...]:
        """The calls of a good run."""
        self.run(verb).ok()
        return self.calls()

    def calls(self) -> tuple[Call, ...]:
        """The calls of the last run."""
        lines = [line.split() for line in self._calls.read_text().splitlines()]
        return tuple(Call(name, float(seconds)) for name, seconds in lines)

    def clean(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.close()
        self.child.wait()
        self.world.clean()


class Bench:
    """Some stands, of which each is used by one case at a time; a dirty one is replaced."""

    def __init__(
        self, cloud: Cloud, size: int, host: Host = SANDBOX, *, neighbours: bool = False
    ) -> None:
        self.size = size
        self._cloud = cloud
        self._host = host
        self._neighbours = neighbours
        self._built: list[Stand] = []
        self._free: SimpleQueue[Stand] = SimpleQueue()
        for _ in range(size):
            self._free.put(self._new())

    def _new(self) -> Stand:
        stand = Stand.build(self._cloud, self._host, neighbour=self._neighbours)
        self._built.append(stand)
        return stand

    @property
    def first(self) -> Stand:
        """One of the stands, to try a good run on."""
        return self._built[0]

    def record(self, verb: str) -> tuple[Call, ...]:
        """The calls of a good run, on the first stand."""
        return self.first.record(verb)

    def problems(self, case: Callable[[Stand], Iterator[str]]) -> list[str]:
        """What `case` finds wrong on a clean stand; with nothing wrong it leaves it clean."""
        stand = self._free.get()
        found = ["it did not end"]
        try:
            found = list(case(stand))
        finally:
            clean = not found or stand.world.snapshot() == stand.before
            self._free.put(stand if clean else self._new())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.clean()
        self._cloud.purge()

    def clean(self) -> None:
        """Take the stands away; their shares are the cloud's."""
        for stand in self._built:
            stand.clean()


def _start_neighbour(world: World, share: str) -> None:
    guest = world.guest(f"{share}-neighbour", script=_NEIGHBOUR, stay=True)
    world.sharectl("add", guest.name, share, "--tag", _TAG).ok()
    guest.start()
    guest.wait_for("script ended with status 0")


def difference(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """What differs, as pairs."""
    pairs = {key: (value, getattr(after, key)) for key, value in vars(before).items()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
