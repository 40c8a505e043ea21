"""Operations of an administrator on a domain with a share, and what is to be seen if they work."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import libvirt

from tests.lab.fixtures_libvirt import DomainFactory
from tests.lab.guest import Guest
from tests.lab.guest.xml import filesystem_xml
from tests.lab.processes import wait_until
from tests.lab.trixie import Node

_numbers = count(1)
_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
# Storage is not copied; the disk is the same file on both hosts.
_MIGRATE = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
DISK = """\
<disk type='file'>
  <driver name='qemu' type='qcow2'/>
  <source file='{path}'/>
  <target dev='vda' bus='virtio'/>
</disk>
"""
# Empty ports, which a device needs to be added to the running domain.
PORTS = "<controller type='pci' index='0' model='pcie-root'/>" + (
    "<controller type='pci' model='pcie-root-port'/>" * 10
)
_SNAPSHOT = """\
<domainsnapshot>
  <name>{name}</name>
  {memory}
  <disks><disk name='vda' snapshot='external'><source file='{disk}'/></disk></disks>
</domainsnapshot>
"""


@dataclass
class Stand:
    """A host, and one domain on it with a share and a disk; it is made anew when it is used up."""

    connection: Any
    define: DomainFactory
    destination: Node
    folder: Path
    name: str = "vm1"
    _guests: list[Guest] = field(default_factory=list)

    @property
    def version(self) -> str:
        """Of the host's libvirt, as 9.0."""
        number = self.connection.getLibVersion()
        return f"{number // 1_000_000}.{number // 1_000 % 1_000}"

    @property
    def share(self) -> Path:
        """The folder that is shared."""
        return self.folder / "share"

    @property
    def guest(self) -> Guest:
        """The guest that `running`, `shut_off` or `saved_before_it_had_a_share` made."""
        return self._guests[-1]

    def running(self) -> Guest:
        """The guest, running with its share mounted at /mnt/one."""
        if not (self._guests and self.guest.domain.isActive()):
            self._make(filesystem_xml(self.share, "one")).start()
            self.guest.wait_for("script ended with status 0")
        return self.guest

    def shut_off(self) -> Guest:
        """The guest, defined and never started."""
        return self._make(filesystem_xml(self.share, "one"))

    def saved_before_it_had_a_share(self) -> Guest:
        """The guest with a managed-save image, made while it had no share."""
        guest = self._make("")
        guest.start()
        guest.domain.managedSave()
        guest.domain.attachDeviceFlags(filesystem_xml(self.share, "one"), _CONFIG)
        return guest

    def unharmed(self) -> None:
        """If the guest runs, it reads and writes its share, and the host sees it."""
        if self.guest.domain.isActive():
            self.reads_and_writes(self.guest)

    def reads_and_writes(self, guest: Guest, tag: str = "one") -> None:
        """The guest reads what the host wrote, and the other way round."""
        answer = self.share / f"answer{next(_numbers)}"  # new: what the guest knows it may cache
        command = f"cat /mnt/{tag}/from-host && echo there >/mnt/{tag}/{answer.name}"
        assert guest.sh(command) == (0, "hello\n")
        assert answer.read_text() == "there\n"

    def discard(self) -> None:
        """Remove the guest and what belongs to it."""
        while self._guests:
            self._guests.pop().remove()

    def _make(self, filesystem: str) -> Guest:
        self.discard()
        self.share.mkdir(exist_ok=True)
        (self.share / "from-host").write_text("hello\n")
        disk = self.folder / "disk"
        disk.write_bytes(empty_qcow2())
        devices = DISK.format(path=disk) + filesystem + PORTS
        script = "share one" if filesystem else "true"
        options = {"script": script, "stay": True, "on_reboot": "restart"}
        self._guests.append(self.define(self.name, devices=devices, **options))
        return self.guest


@dataclass(frozen=True)
class Operation:
    """`do` raises libvirt.libvirtError when libvirt refuses; `worked` fails if it did not work."""

    do: Callable[[Stand], object]
    worked: Callable[[Stand], object] = Stand.unharmed


def _suspend(stand: Stand) -> None:
    stand.running().domain.suspend()
    stand.guest.domain.resume()


def _reset(stand: Stand) -> None:
    stand.running().domain.reset(0)


def _booted_again(stand: Stand) -> None:
    def boots() -> int:
        return stand.guest.console().count("share: one is mounted")

    wait_until(lambda: boots() == 2, timeout=30, what="the second boot")
    stand.reads_and_writes(stand.guest)


def _save(stand: Stand) -> None:
    stand.running().domain.save(str(stand.folder / "saved"))


def _restored(stand: Stand) -> None:
    stand.connection.restore(str(stand.folder / "saved"))
    stand.reads_and_writes(stand.guest)


def _started_again(stand: Stand) -> None:
    stand.guest.domain.create()
    stand.reads_and_writes(stand.guest)


def _internal_snapshot(stand: Stand) -> None:
    snapshot = "<domainsnapshot><name>internal</name></domainsnapshot>"
    stand.running().domain.snapshotCreateXML(snapshot)


def _memory_snapshot(stand: Stand) -> None:
    memory = f"<memory snapshot='external' file='{stand.folder / 'memory'}'/>"
    (stand.folder / "memory").unlink(missing_ok=True)
    _external_snapshot(stand, "memory", memory, 0)


def _disk_snapshot(stand: Stand) -> None:
    _external_snapshot(stand, "disks", "", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)


def _external_snapshot(stand: Stand, name: str, memory: str, flags: int) -> None:
    disk = stand.folder / f"disk.{name}"
    disk.unlink(missing_ok=True)
    xml = _SNAPSHOT.format(name=name, memory=memory, disk=disk)
    stand.running().domain.snapshotCreateXML(xml, flags)


def _reverted(stand: Stand) -> None:
    """The guest is as it was when the snapshot was made; the files are those of now."""
    (stand.share / "later").touch()
    (snapshot,) = stand.guest.domain.listAllSnapshots()
    stand.guest.domain.revertToSnapshot(snapshot)
    stand.reads_and_writes(stand.guest)
    assert stand.guest.sh("ls /mnt/one/later")[0] == 0
    snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)


def _snapshot_without_the_share(stand: Stand) -> None:
    stand.reads_and_writes(stand.guest)
    (snapshot,) = stand.guest.domain.listAllSnapshots()
    snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)


def _dump(stand: Stand) -> None:
    stand.running().domain.coreDump(str(stand.folder / "core"), 0)


def _undefine_running(stand: Stand) -> None:
    stand.running().domain.undefine()


def _transient(stand: Stand) -> None:
    assert not stand.guest.domain.isPersistent()
    stand.reads_and_writes(stand.guest)
    stand.discard()


def _gone(stand: Stand) -> None:
    assert stand.name not in [domain.name() for domain in stand.connection.listAllDomains()]
    stand.discard()


def _migrate(stand: Stand, flags: int = 0) -> None:
    stand.running().domain.migrate3(stand.destination.connection, {}, _MIGRATE | flags)


def _moved(stand: Stand) -> None:
    assert not stand.guest.domain.isActive()
    moved = stand.destination.guest(stand.name)
    stand.reads_and_writes(moved)
    moved.remove()
    stand.discard()


def _migrate_shut_off(stand: Stand) -> None:
    flags = libvirt.VIR_MIGRATE_OFFLINE | libvirt.VIR_MIGRATE_PERSIST_DEST
    stand.shut_off().domain.migrate3(stand.destination.connection, {}, flags)


def _defined_there(stand: Stand) -> None:
    copy = stand.destination.guest(stand.name)
    assert str(stand.share) in copy.domain.XMLDesc()
    copy.remove()


def _attach(stand: Stand) -> None:
    stand.running().domain.attachDeviceFlags(filesystem_xml(stand.share, "two"), _LIVE)


def _second_one_works(stand: Stand) -> None:
    assert stand.guest.sh("share two") == (0, "share: two is mounted at /mnt/two\n")
    stand.reads_and_writes(stand.guest, "two")


def _detach(stand: Stand) -> None:
    stand.running().domain.detachDeviceFlags(filesystem_xml(stand.share, "one"), _LIVE)


def _access_is_lost(stand: Stand) -> None:
    """The device is gone though the guest has it mounted, which it does not learn in time."""
    there = "<target dir='one'/>"
    wait_until(lambda: there not in stand.guest.domain.XMLDesc(), timeout=10, what="the detach")
    status, text = stand.guest.sh("ls /mnt/one")
    assert (status, text) == (1, "ls: /mnt/one: Transport endpoint is not connected\n")
    stand.discard()


def empty_qcow2() -> bytes:
    """An image of 1 MiB without contents (QEMU, docs/interop/qcow2.txt)."""
    cluster_bits, reference_table, references, map_of_maps = 16, 1 << 16, 2 << 16, 3 << 16
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", 3, 0, 0, cluster_bits, 1 << 20, 0, 1, map_of_maps,
        reference_table, 1, 0, 0, 0, 0, 0, 4, 104,
    )  # fmt: skip
    image = bytearray(4 << cluster_bits)
    struct.pack_into(f"{len(header)}s", image, 0, header)
    struct.pack_into(">Q", image, reference_table, references)
    struct.pack_into(">4H", image, references, 1, 1, 1, 1)
    return bytes(image)


OPERATIONS = {
    "virsh suspend, virsh resume": Operation(_suspend),
    "virsh reset": Operation(_reset, _booted_again),
    "virsh save": Operation(_save, _restored),
    "virsh managedsave": Operation(
        lambda stand: stand.running().domain.managedSave(), _started_again
    ),
    "virsh snapshot-create, memory kept in the disk": Operation(_internal_snapshot, _reverted),
    "virsh snapshot-create, memory in a file": Operation(_memory_snapshot, _reverted),
    "virsh snapshot-create, disks only": Operation(_disk_snapshot, _snapshot_without_the_share),
    "virsh dump": Operation(_dump),
    "virsh migrate, live": Operation(_migrate, _moved),
    "virsh migrate, with post-copy": Operation(
        lambda stand: _migrate(stand, libvirt.VIR_MIGRATE_POSTCOPY), _moved
    ),
    "virsh attach-device, live": Operation(_attach, _second_one_works),
    "virsh detach-device, live": Operation(_detach, _access_is_lost),
    "virsh undefine, running": Operation(_undefine_running, _transient),
    "virsh migrate, shut off": Operation(_migrate_shut_off, _defined_there),
    "virsh undefine, shut off": Operation(lambda stand: stand.shut_off().domain.undefine(), _gone),
    "virsh undefine, with managed save": Operation(
        lambda stand: stand.saved_before_it_had_a_share().domain.undefine(), _gone
    ),
}
"""By the name that the manual gives them."""
