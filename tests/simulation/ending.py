"""The end of a history: the world heals, and then nothing may be left, or it is named."""

from __future__ import annotations

from posixpath import normpath
from typing import TYPE_CHECKING

from sharectl.model.domain import is_within
from sharectl.model.outcome import Outcome
from sharectl.operations.list import list_mappings
from tests.simulation import admin, invariants, verbs
from tests.simulation.host import Host
from tests.simulation.kernel import BASE
from tests.simulation.scheduler import Process

if TYPE_CHECKING:
    from tests.simulation.history import Player

_ROUNDS = 3


class Ending:
    """What `player` does when the steps are over."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.world = player.world

    def check(self) -> list[str]:
        """Violations: reconcile is silent about a fault, or things cannot be brought to an end."""
        self.player.finish_all()
        self._heal()
        found = self.player.violations()
        for host in self.world.hosts.values():
            found = found or self._reconciled(host) or self._finished(host)
        for host in self.world.hosts.values():
            found = found or self._removed(host)
        return found

    def _heal(self) -> None:
        manila = self.world.manila
        manila.dead = manila.lying = False
        manila.log_in_as_maker()
        manila.settle()
        for host in self.world.hosts.values():
            host.domains.dead = False
            host.domains.hanging.clear()
            host.mounts.dead.clear()
            host.mounts.slow.clear()

    def run(self, host: Host, words: str) -> Process:
        """Let a process do that from start to end, alone."""
        slot = "p1" if host.name == "h1" else "q1"
        self.player.note(f"-- {slot} {words}")
        self.player.begin(slot, words.split())
        self.player.finish(slot)
        return self.player.running[slot]

    def _reconcile(self, host: Host) -> list[str]:
        """Run it; returns what it names."""
        gone = any(host.libvirt_of(m.domain_uuid) is None for m in host.store.mappings)
        orphans = any(
            id(it) in host.mounts.made
            and it.mount_point not in {m.mount_point for m in host.store.mappings}
            for it in host.mounts.list()
        )
        done = self.run(host, "reconcile prune" if gone or orphans else "reconcile")
        if done.error is not None:
            return [str(done.error)]
        assert isinstance(done.result, Outcome), done.bug
        return [str(error) for error in done.result.problems]

    def _reconciled(self, host: Host) -> list[str]:
        """After one reconcile: it is silent only when all is well, and health says the same."""
        named = self._reconcile(host)
        self.world.manila.settle()
        if found := self.player.violations():
            return found
        left = invariants.faults(self.world, host)
        if not named:
            ill = self._ill(host)
            return [f"{host.name}: reconcile is silent, and {what}" for what in left + ill]
        text = "; ".join(named)
        return [
            f"{host.name}: {rule.id}, which no record knows, is not named"
            for rule in invariants.unknown_rules(self.world, host)
            if rule.id not in text and rule.share_id not in text
        ]

    def _ill(self, host: Host) -> list[str]:
        process = Process("list", "list", lambda p: list_mappings(
            verbs.app_of(self.world, host, p), None, examine=True))  # fmt: skip
        while not process.done:
            process.turn()
        if process.bug or process.error:
            return [process.bug or f"list says {process.error}"]
        listing = process.result
        views = getattr(listing, "views", ())
        ill = [f"health of {v.domain_name} is {v.health}" for v in views if v.health != "ok"]
        return ill + [f"list says {error}" for error in getattr(listing, "unseen", ())]

    def _finished(self, host: Host) -> list[str]:
        """An admin does what is named, guests are shut off: then reconcile brings all to an end."""
        for libvirt, uuid in host.everyone:
            libvirt.stop(uuid)
        admin.uncover(self.world, host, [])
        for share_id in sorted(self.world.manila.binned):
            self.world.manila.restore(share_id)
        self.world.manila.binned.clear()
        crowded = invariants.crowded_out(self.world, host)
        for mapping in host.store.mappings:
            if not self.world.manila.exists(mapping.share_id) or mapping in crowded:
                self.run(host, f"remove {mapping.domain_uuid} {mapping.share_id}")
        self._take_out_unrecorded(host)
        named: list[str] = []
        for _round in range(_ROUNDS):
            named = self._reconcile(host)
            self.world.manila.settle()
        if found := self.player.violations():
            return found
        return [f"{host.name}: reconcile cannot finish: {what}" for what in named] + [
            f"{host.name}: after all {what}" for what in invariants.faults(self.world, host)
        ]

    def _take_out_unrecorded(self, host: Host) -> None:
        known = {(item.domain_uuid, item.mount_point, item.tag) for item in host.store.mappings}
        for libvirt, uuid in host.everyone:
            libvirt.take_out_disks(uuid)
            for item in libvirt.filesystems_of(uuid):
                key = (uuid, normpath(item.source or ""), item.tag)
                odd = key not in known or item.driver != "virtiofs"
                if is_within(item.source, BASE) and odd:
                    libvirt.take_out(uuid, item)

    def _removed(self, host: Host) -> list[str]:
        """Each mapping is removed, and nothing is left."""
        for mapping in host.store.mappings:
            done = self.run(host, f"remove {mapping.domain_uuid} {mapping.share_id}")
            if done.error is not None:
                return [f"{host.name}: remove fails: {done.error}"]
        self.world.manila.settle()
        left = invariants.faults(self.world, host)
        return self.player.violations() + [f"{host.name}: removed, and {what}" for what in left]
