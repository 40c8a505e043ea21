"""The composition root: the only module that names the adapters.

Each port is made when it is first used, and its module imported then: `list` must not pay for
Manila's client, nor a refused argument for libvirt.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from sharectl.adapters.system import LocalHost, SystemClock

if TYPE_CHECKING:
    from sharectl.adapters.manila_clouds import ManilaClouds
    from sharectl.config import Config
    from sharectl.ports import (
        Clock,
        Domains,
        Events,
        Host,
        Interrupts,
        Locks,
        MappingStore,
        Mounts,
        Origin,
        Secrets,
        Shares,
        Withdrawals,
    )
    from sharectl.ports.hook_host import HookHost


class RealApp:
    """`App` on the real host."""

    def __init__(self, config: Config, events: Events) -> None:
        self.config = config
        self.events = events
        self.clock: Clock = SystemClock()
        self.host: Host = LocalHost()
        self._origin: Origin | None = None
        # Of all copies that `at` makes.
        self._libvirts: dict[str, Domains] = {}
        self._made_clouds: list[ManilaClouds] = []

    def at(self, origin: Origin) -> RealApp:
        """The ports with the libvirt and the cloud of `origin`."""
        there = copy(self)
        there.__dict__["interrupts"] = self.interrupts  # the signals are those of the process
        there._origin = origin
        for name in ("domains", "shares"):
            there.__dict__.pop(name, None)
        return there

    @cached_property
    def interrupts(self) -> Interrupts:
        """Signals of the process."""
        from sharectl.adapters.signals import SignalInterrupts

        return SignalInterrupts()

    @cached_property
    def domains(self) -> Domains:
        """libvirt; each is connected to once, whoever asks."""
        from sharectl.adapters.libvirt_domains import LibvirtDomains

        recorded = self._origin.libvirt_uri if self._origin is not None else ""
        uri = recorded or self.config.libvirt_uri
        if uri not in self._libvirts:
            self._libvirts[uri] = LibvirtDomains(uri, self.config.libvirt_timeout)
        return self._libvirts[uri]

    @cached_property
    def shares(self) -> Shares:
        """Manila; one session for each cloud, whoever asks."""
        return self._clouds.here() if self._origin is None else self._clouds.of(self._origin)

    @property
    def _clouds(self) -> ManilaClouds:
        from sharectl.adapters.manila_clouds import ManilaClouds

        if not self._made_clouds:
            clouds = ManilaClouds(self.config, self.events, self._rule_without_locks)
            self._made_clouds.append(clouds)
        return self._made_clouds[0]

    def _rule_without_locks(self, why: str) -> None:
        self.events.warn(
            f"{why}: access rules cannot be locked against deletion by others (that needs 2.82)"
        )

    @cached_property
    def mounts(self) -> Mounts:
        """The kernel."""
        from sharectl.adapters.host_mounts import HostMounts

        return HostMounts(self.config)

    @cached_property
    def store(self) -> MappingStore:
        """The JSON file."""
        from sharectl.adapters.json_store import JsonStore

        return JsonStore(self.config.store_file)

    @cached_property
    def locks(self) -> Locks:
        """Lock files."""
        from sharectl.adapters.file_lock import FileLocks

        return FileLocks(self.config.lock_dir, self.events.progress)

    @cached_property
    def secrets(self) -> Secrets:
        """Key files."""
        from sharectl.adapters.secret_files import SecretFiles

        return SecretFiles(self.config.secrets_dir)

    @cached_property
    def withdrawals(self) -> Withdrawals:
        """Note files."""
        from sharectl.adapters.withdrawal_notes import WithdrawalNotes

        return WithdrawalNotes(self.config.withdrawals_dir)

    @cached_property
    def hook_host(self) -> HookHost:
        """The files of libvirt's hooks, of systemd and cron."""
        from sharectl.adapters.hook_host import LocalHookHost

        return LocalHookHost(self.config.libvirt_uri, self.config.libvirt_timeout)
