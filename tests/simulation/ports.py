"""The ports of one simulated process: each call is a turn, locks are those of the whole host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from functools import partial
from posixpath import normpath
from typing import TYPE_CHECKING, Any, cast

from sharectl.config import Config
from sharectl.errors import Busy, Interrupted
from sharectl.model.domain import Filesystem
from sharectl.ports import (
    Domains,
    MappingStore,
    Mounts,
    Origin,
    Secrets,
    Shares,
    Transaction,
    Withdrawals,
)
from sharectl.ports.events import Events
from sharectl.ports.hook_host import HookHost
from tests.fakes.faults import EFFECTS
from tests.fakes.process import FakeClock, FakeHost, Heard
from tests.simulation import records

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from tests.simulation.host import Host
    from tests.simulation.libvirt import SimDomains
    from tests.simulation.scheduler import Process
    from tests.simulation.world import World

_POLL = 1.0  # seconds between two looks at a lock that another has
_STORE_SECONDS = 10.0
_MOUNT_TURNS = 3  # that others have while mount(8) waits for the file server


class Port:
    """A port whose calls are turns of `process`; `around` does what the world adds to them."""

    def __init__(self, name: str, target: object, process: Process) -> None:
        self._name = name
        self._target = target
        self._process = process

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._target, method)
        if not callable(found):
            return found

        def through(*args: Any, **kwargs: Any) -> Any:
            function = self._around(method, lambda *given: found(*given, **kwargs))
            return self._process.call(self._name, method, function, *args)

        return through

    def _around(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return function


class DomainsPort(Port):
    """libvirt: it answers for a domain that starts only when its hook is done."""

    def __init__(self, target: SimDomains, process: Process, world: World) -> None:
        super().__init__("domains", target, process)
        self._world, self._libvirt = world, target

    def _around(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        domains = self._libvirt

        def answered(*args: Any) -> Any:
            domains.await_jobs(method, args, self._process, self._world.clock)
            before = domains.foreign() if method in EFFECTS["domains"] else None
            result = function(*args)
            if before is not None and domains.foreign() != before:
                self._world.violated(f"{self._process.verb}: {method} changed what is foreign")
            if method == "attach_filesystem" and self._is_twice_in(*args):
                self._world.violated(f"{self._process.verb}: gave a domain a share that it has")
            return result

        return answered

    def _is_twice_in(self, uuid: str, new: Filesystem) -> bool:
        there = self._libvirt.filesystems_of(uuid)
        return len([item for item in there if normpath(item.source or "") == new.source]) > 1


class SharesPort(Port):
    """Manila: the world remembers whose rule is whose."""

    def __init__(self, process: Process, world: World, host: Host) -> None:
        super().__init__("shares", world.manila, process)
        self._world, self._host = world, host

    def _around(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if method == "grant":
            return lambda *args: self._world.granted(self._host, function(*args))
        if method == "revoke":
            return lambda *args: self._world.revoked(self._host, self._process, function, *args)
        return function


class MountsPort(Port):
    """The kernel: the world looks at what an unmount takes away."""

    def __init__(self, process: Process, world: World, host: Host) -> None:
        super().__init__("mounts", host.mounts, process)
        self._world, self._host = world, host

    def mount(self, request: Any, key_file: Any, timeout: float) -> None:
        """A process that is killed while it mounts leaves something behind."""
        point, mounts = str(request.mount_point), self._host.mounts
        self._process.breathe()
        (mounts.left if mounts.staged else mounts.folders).add(point)
        found = mounts.mount
        for _turn in range(_MOUNT_TURNS):
            self._process.breathe()
        try:
            self._process.call("mounts", "mount", found, request, key_file, timeout)
        except (Exception, Interrupted):  # not what is killed
            mounts.remove_folder(point)
            raise

    def _around(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if method != "unmount":
            return function
        return partial(self._world.unmounted, self._host, self._process, function)


class SimLocks:
    """`Locks` between the processes of a host; `table` says which process has which."""

    def __init__(self, table: dict[str, str], process: Process, clock: FakeClock) -> None:
        self._table, self._process, self._clock = table, process, clock
        self._held: list[str] = []

    @contextmanager
    def share(self, share_id: str, timeout: float) -> Iterator[None]:
        """The outer one."""
        assert not self._held, f"share {share_id} locked while holding {self._held}"
        with self.hold(f"share {share_id}", timeout):
            yield

    @contextmanager
    def domain(self, uuid: str, timeout: float) -> Iterator[None]:
        """Inside that of a share."""
        assert [name.partition(" ")[0] for name in self._held] == ["share"], self._held
        with self.hold(f"domain {uuid}", timeout):
            yield

    @contextmanager
    def reconcile(self) -> Iterator[None]:
        """Outside of all others, and never waited for."""
        assert not self._held, f"reconcile locked while holding {self._held}"
        with self.hold("reconcile", 0.0):
            self._held.remove("reconcile")  # others may follow
            yield
            self._held.append("reconcile")

    @contextmanager
    def hold(self, name: str, timeout: float) -> Iterator[None]:
        """Wait in simulated time; the lock is free when the process dies."""
        self._process.breathe()
        until = self._clock.elapsed + timeout
        while name in self._table:
            if self._clock.elapsed >= until:
                raise Busy(f"{self._table[name]} holds the lock of {name}; waited {timeout:g} s")
            self._clock.elapsed += _POLL
            self._process.breathe()
        self._table[name] = self._process.verb
        self._held.append(name)
        try:
            yield
        finally:
            del self._table[name]
            if name in self._held:
                self._held.remove(name)


class SimStore:
    """`MappingStore` that the processes of a host share."""

    def __init__(self, process: Process, world: World, host: Host, locks: SimLocks) -> None:
        self._process, self._world, self._host, self._locks = process, world, host, locks

    def load(self) -> tuple[Any, ...]:
        """Without a lock."""
        loaded: tuple[Any, ...] = self._process.call("store", "load", self._host.store.load)
        return loaded

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[Transaction]:
        """With the store's lock."""
        with (
            self._locks.hold("store", _STORE_SECONDS if wait is None else wait),
            self._host.store.transaction() as store,
        ):
            yield cast(Transaction, _Writes(store, self._process, self._world, self._host))


class _Writes(Port):
    def __init__(self, store: object, process: Process, world: World, host: Host) -> None:
        super().__init__("store", store, process)
        self._world, self._host = world, host

    def _around(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if method == "put":
            return lambda new: self._put(new, function)
        if method != "delete":
            return function

        def delete(mapping_id: str) -> None:
            stored = self._stored(mapping_id)
            function(mapping_id)
            records.deleted(self._world, self._host, self._process, stored)

        return delete

    def _put(self, new: ShareMapping, function: Callable[..., Any]) -> None:
        stored = self._stored(new.id)
        function(new)
        records.written(self._world, self._host, self._process, stored, new)

    def _stored(self, mapping_id: str) -> ShareMapping | None:
        return next((it for it in self._host.store.mappings if it.id == mapping_id), None)


class SimClock:
    """`Clock` of a process: sleeping is a turn."""

    def __init__(self, clock: FakeClock, process: Process) -> None:
        self._clock, self._process = clock, process

    def now(self) -> datetime:
        """The world's."""
        return self._clock.now()

    def monotonic(self) -> float:
        """The world's."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let the others go on, while the time passes."""
        self._clock.sleep(seconds)
        self._process.breathe()


class SimApp:
    """`App` of a process on a host; `config` and `domains` differ for another libvirt."""

    def __init__(self, process: Process, world: World, host: Host, config: Config) -> None:
        self._make = process, world, host, config
        self.config = config
        self.heard = Heard()
        self.events = Events(self.heard)
        self.interrupts = process.interrupts
        self.clock = SimClock(world.clock, process)
        self.host = FakeHost(name=host.node, id=host.id)
        self.locks = SimLocks(host.locks, process, world.clock)
        self.store = cast(MappingStore, SimStore(process, world, host, self.locks))
        self.secrets = cast(Secrets, Port("secrets", host.secrets, process))
        self.withdrawals = cast(Withdrawals, Port("withdrawals", host.withdrawals, process))
        self.shares = cast(Shares, SharesPort(process, world, host))
        self.mounts = cast(Mounts, MountsPort(process, world, host))
        self.domains = cast(Domains, DomainsPort(host.libvirts[config.libvirt_uri], process, world))

    def at(self, origin: Origin) -> SimApp:
        """With the libvirt of that origin."""
        there = copy(self)
        process, world, host, config = self._make
        libvirt = host.libvirts[origin.libvirt_uri or config.libvirt_uri]
        there.domains = cast(Domains, DomainsPort(libvirt, process, world))
        return there

    @property
    def hook_host(self) -> HookHost:
        """Nothing of the operations that are simulated installs a hook."""
        raise AssertionError("the hook is not installed here")
