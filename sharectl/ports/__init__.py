"""What the operations need of the world, as protocols. Adapters implement them, tests fake them.

Every method has a deadline of its own making or takes one: no port may block for ever.
All raise `SharectlError` subclasses only; foreign exceptions stop in the adapters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sharectl.ports.events import Reporter
from sharectl.ports.host import Clock, Host, Interrupts, Locks, Mounts, Secrets
from sharectl.ports.libvirt import Domains
from sharectl.ports.manila import Shares
from sharectl.ports.store import MappingStore, Transaction, Withdrawals

if TYPE_CHECKING:
    from sharectl.config import Config
    from sharectl.hook_ports import HookHost
    from sharectl.model.mapping import ShareMapping

__all__ = [
    "App",
    "Clock",
    "Domains",
    "Host",
    "Interrupts",
    "Locks",
    "MappingStore",
    "Mounts",
    "Reporter",
    "Secrets",
    "Shares",
    "Transaction",
    "Withdrawals",
]


class App(Protocol):
    """Everything an operation works with. Ports are made when first used."""

    @property
    def config(self) -> Config: ...
    @property
    def domains(self) -> Domains: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def mounts(self) -> Mounts: ...
    @property
    def store(self) -> MappingStore: ...
    @property
    def locks(self) -> Locks: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def withdrawals(self) -> Withdrawals: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def host(self) -> Host: ...
    @property
    def report(self) -> Reporter: ...
    @property
    def interrupts(self) -> Interrupts: ...
    @property
    def hook_host(self) -> HookHost: ...

    def at(self, mapping: ShareMapping) -> App:
        """The same host, with `domains` and `shares` of where the mapping was attached.

        That is the libvirt and the cloud that the mapping records; what it does not record is
        taken from this run's settings.
        """
