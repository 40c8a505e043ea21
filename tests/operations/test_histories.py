"""Random histories of several domains and shares: no order of events leaves anything behind.

In between steps fail as in `test_faults`, guests start and stop, the configuration changes and
Manila goes away. When all is well again and every mapping has been removed, the world is as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import pytest

from sharectl.errors import Explained
from sharectl.model.enums import AccessLevel, SharedMemory
from sharectl.model.mounts import mounted_at
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.faults import Bug, Fault, FaultyApp, Injector, Killed, Kind, When
from tests.operations.scenarios import cephfs

_DOMAINS = ("guest", "neighbour", "plain")
_SHARES = ("docs", "other", "data")
_STEPS = 25


@dataclass
class History:
    """What happens to `app`, drawn from `dice`; `told` is for the reader of a failure."""

    app: FakeApp
    dice: Random
    told: list[str] = field(default_factory=list)

    def step(self) -> None:
        """Something happens; what fails, fails."""
        kinds = [self.add, self.remove, self.power, self.configure, self.manila, self.mounts]
        act = self.dice.choices(kinds, weights=[8, 6, 3, 1, 1, 1])[0]
        with suppress(Explained, Bug, Killed):
            act()
        self.app.restart()

    def tell(self, what: object) -> None:
        """Note what happens."""
        self.told.append(str(what))

    def fault(self) -> Fault | None:
        """One step in three breaks somewhere."""
        if self.dice.random() > 1 / 3:
            return None
        when, kind = self.dice.choice(list(When)), self.dice.choice(list(Kind))
        return Fault(self.dice.randrange(12), when, kind)

    def add(self) -> None:
        """Attach some share to some domain."""
        request = AddRequest(
            self.dice.choice(_DOMAINS),
            self.dice.choice(_SHARES),
            level=self.dice.choices(list(AccessLevel), weights=[4, 1])[0],
            shared_memory=SharedMemory.MEMFD,
            timeout=self.dice.choice([60.0, 60.0, 0.0]),
        )
        fault = self.fault()
        self.tell((request, fault))
        add(FaultyApp(Injector(self.app, fault)), request)

    def remove(self) -> None:
        """Detach one that is recorded."""
        recorded = self.app.store.load()
        if not recorded:
            return
        chosen = self.dice.choice(recorded)
        force, timeout = self.dice.random() < 0.2, self.dice.choice([60.0, 60.0, 0.0])
        request = RemoveRequest(chosen.domain_name, chosen.share_id, force, timeout)
        fault = self.fault()
        self.tell((request, fault))
        remove(FaultyApp(Injector(self.app, fault)), request)

    def power(self) -> None:
        """Start a domain that is off, stop one that runs."""
        domain = self.app.domains.find(self.dice.choice(_DOMAINS))
        act: Callable[[str], None] = self.app.domains.start
        if domain.running:
            act = self.app.domains.stop
        self.tell(f"{act.__name__} {domain.name}")
        act(domain.uuid)

    def configure(self) -> None:
        """The admin names another client, which also covers this host."""
        address = self.dice.choice([None, "198.51.100.0/24"])
        self.tell(f"nfs.access_to = {address}")
        self.app.reconfigure(nfs_access_to=address)

    def manila(self) -> None:
        """Manila goes away, and mostly comes back."""
        self.app.shares.dead = self.dice.random() < 0.3
        self.tell(f"Manila is dead: {self.app.shares.dead}")

    def mounts(self) -> None:
        """Somebody works in the mounts, and mostly goes away."""
        busy = self.dice.random() < 0.3
        self.app.mounts.busy = {item.mount_point for item in self.app.mounts.list() if busy}
        self.tell(f"mounts are busy: {busy}")


@pytest.mark.parametrize("seed", range(80))
def test_nothing_is_left_when_all_is_removed(seed: int) -> None:
    app, dice = cephfs().app, Random(seed)
    app.domains.define("plain", shared_memory=False)
    app.shares.with_metadata = dice.random() < 0.5
    before = app.snapshot()
    history = History(app, dice)

    for _ in range(_STEPS):
        history.step()
        assert app.leftovers(before) == [], history.told
        _check_running_guests_keep_their_shares(app)

    _make_well(app)
    for mapping in app.store.load():
        remove(app, RemoveRequest(mapping.domain_name, mapping.share_id))
    assert app.snapshot() == before, history.told


def _check_running_guests_keep_their_shares(app: FakeApp) -> None:
    """No remove of another domain takes a mount or a rule from under a guest that runs."""
    for domain in app.domains.look().domains.values():
        for item in domain.live_filesystems:
            assert mounted_at(app.mounts.list(), item.source or "") is not None
            mapping = next(m for m in app.store.load() if m.mount_point == item.source)
            client = app.mounts.address if mapping.protocol == "NFS" else mapping.access_to
            level = app.shares.level_for(mapping.share_id, mapping.access_type, client)
            assert level is not None


def _make_well(app: FakeApp) -> None:
    app.shares.dead = False
    app.mounts.busy = set()
    for uuid in app.domains.uuids:
        app.domains.stop(uuid)
