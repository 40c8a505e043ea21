"""What the operations need of the world, as protocols. Adapters implement them, tests fake them.

Every method has a deadline of its own making or takes one: no port may block for ever.
All raise `SharectlError` subclasses only; foreign exceptions stop in the adapters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sharectl.ports.events import Events
from sharectl.ports.host import Clock, Host, Interrupts, Locks, Mounts, Secrets
from sharectl.ports.libvirt import Domains
from sharectl.ports.manila import Shares
from sharectl.ports.store import MappingStore, Transaction, Withdrawals

if TYPE_CHECKING:
    from sharectl.config import Config
    from sharectl.ports.hook_host import HookHost

__all__ = [
    "App",
    "Clock",
    "Domains",
    "Events",
    "Host",
    "HostPorts",
    "Interrupts",
    "Locks",
    "MappingStore",
    "Mounts",
    "Origin",
    "Secrets",
    "Shares",
    "Transaction",
    "Withdrawals",
]


class Origin(Protocol):
    """Where a share was attached; a mapping is one.

    `libvirt_uri` is the libvirt that has the domain, `cloud` and `auth_url` are the cloud's name in
    clouds.yaml and its Keystone, `project_id` is the project; each is empty where that is not
    known. `share_id` and `share_name` say in messages what it is about.
    """

    @property
    def libvirt_uri(self) -> str: ...
    @property
    def cloud(self) -> str: ...
    @property
    def auth_url(self) -> str: ...
    @property
    def project_id(self) -> str: ...
    @property
    def share_id(self) -> str: ...
    @property
    def share_name(self) -> str: ...


class HostPorts(Protocol):
    """What works without libvirt and OpenStack: all that the hook gets. Made when first used."""

    @property
    def config(self) -> Config: ...
    @property
    def mounts(self) -> Mounts: ...
    @property
    def store(self) -> MappingStore: ...
    @property
    def locks(self) -> Locks: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def host(self) -> Host: ...
    @property
    def events(self) -> Events: ...


class App(HostPorts, Protocol):
    """Everything an operation works with."""

    @property
    def domains(self) -> Domains: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def withdrawals(self) -> Withdrawals: ...
    @property
    def interrupts(self) -> Interrupts: ...
    @property
    def hook_host(self) -> HookHost: ...

    def at(self, origin: Origin) -> App:
        """The same host, with `domains` and `shares` of where a share was attached.

        That is the libvirt of the origin, and the credentials of this run where they are good for
        its project, else those of its cloud. What is not known is taken from this run's settings.

        `shares` raises `ConfigError` when no credentials for the project are to be had, and
        `Unavailable` when Keystone cannot be asked whose credentials they are.
        """
