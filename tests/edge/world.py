"""sharectl's own ports on what runs inside a test: libvirt's test driver and a small OpenStack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import libvirt

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.adapters.system import LocalHost
from sharectl.app import RealApp
from sharectl.cli.terminal import Terminal
from sharectl.config import Config
from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.host import check_local
from sharectl.model.marking import mark_of
from sharectl.ports.events import Events
from tests.adapters.openstack_server import SHARE_ID
from tests.model.things import HOST, MAPPING

URI = "test:///default"
DEVICE = Filesystem("docs", "/run/sharectl/mnt/s1")
_XML = """
<domain type='test'>
  <name>test</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><memory>8192</memory><os><type>hvm</type></os>
</domain>
"""
MARK = mark_of(MAPPING, HOST)


@dataclass
class EdgeWorld:
    """A host with one domain, that has one share attached."""

    app: Callable[[], RealApp]
    uuid: str
    store: Path


def _any_driver(libvirt_uri: str) -> None:
    """Instead of `check_local`: the test driver stands for QEMU."""


@contextmanager
def libvirt_of_test() -> Iterator[str]:
    """The UUID of the one domain of libvirt's test driver, which lives in this process."""
    code, connection = check_local.__code__, libvirt.open(URI)
    check_local.__code__ = _any_driver.__code__  # whoever has imported it
    try:
        domain = connection.lookupByName("test")
        if domain.isActive():
            domain.destroy()
        domain.undefine()
        yield connection.defineXML(_XML).UUIDString()
    finally:
        check_local.__code__ = code
        connection.close()


@contextmanager
def edge_world(folder: Path) -> Iterator[EdgeWorld]:
    """`folder` is for state and locks."""
    config = Config(
        libvirt_uri=URI, libvirt_timeout=5, manila_timeout=5,
        state_dir=folder / "state", runtime_dir=folder / "run",
    )  # fmt: skip
    with (
        libvirt_of_test() as uuid,
        patch.object(LocalHost, "check_root", lambda _self, _verb: None),
    ):
        mount_point = str(config.mount_base / SHARE_ID)
        mapping = replace(
            MAPPING, domain_uuid=uuid, domain_name="test", share_id=SHARE_ID,
            mount_point=mount_point, libvirt_uri=URI,
        )  # fmt: skip
        with RealApp(config, Events()).store.transaction() as transaction:
            transaction.put(mapping)
        LibvirtDomains(URI, 5).attach_filesystem(uuid, Filesystem(mapping.tag, mount_point))
        yield EdgeWorld(lambda: RealApp(config, Events(Terminal())), uuid, config.store_file)


_BEFORE = {"unmark": "mark", "detach": "attach", "disable": "enable"}


def prepare(uuid: str, name: str) -> None:
    """Make the domain what it was, and ready for that use."""
    connection = libvirt.open(URI)
    try:
        domain = connection.lookupByUUIDString(uuid)
        domain.undefine()
        connection.defineXML(_XML)
        if name in _BEFORE:
            uses(uuid)[_BEFORE[name]](LibvirtDomains(URI, 5))
    finally:
        connection.close()


def uses(uuid: str) -> dict[str, Callable[[LibvirtDomains], object]]:
    """What `Domains` is asked to do, by name."""
    return {
        "host": lambda domains: domains.host(),
        "find by id": lambda domains: domains.find("1"),
        "find": lambda domains: domains.find("test"),
        "look": lambda domains: domains.look(),
        "look_brief": lambda domains: domains.look([uuid], brief=True),
        "attach": lambda domains: domains.attach_filesystem(uuid, DEVICE),
        "mark": lambda domains: domains.mark(uuid, MARK),
        "unmark": lambda domains: domains.unmark(uuid, MARK.id),
        "detach": lambda domains: domains.detach_filesystem(uuid, DEVICE),
        "enable": lambda domains: domains.enable_shared_memory(uuid, SharedMemory.MEMFD),
        "disable": lambda domains: domains.disable_shared_memory(uuid, SharedMemory.MEMFD),
    }
