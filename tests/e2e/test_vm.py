"""sharectl on a host with a stock kernel: NFS and CephFS mounted by the kernel, in the lab VM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.cloud.cloud import Cloud
from tests.lab.vm.channel import Channel
from tests.lab.vm.machine import PROJECT
from tests.lab.vm.nas import CLIENT, SERVER, SERVER_V6
from tests.lab.vm.virt import Virt, VmGuest

pytestmark = pytest.mark.lab

_SCRIPT = "share {0}; cat /mnt/{0}/hello; echo from the guest > /mnt/{0}/from-guest"


@dataclass(frozen=True)
class VmHost:
    """The VM as hypervisor host; sharectl has its default paths there."""

    vm: Channel
    cloud: Cloud
    virt: Virt

    def sharectl(self, *arguments: str, status: int = 0) -> Any:
        """Run sharectl; its JSON if it printed any, else what it said on stderr."""
        done = self.vm.run(
            [PROJECT / ".venv/bin/sharectl", *arguments],
            env=self.cloud.environment("demo"), timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stderr

    def mounts(self, share_id: str) -> list[str]:
        """Source, type and mount options of what is mounted for the share."""
        path = f"/run/sharectl/mnt/{share_id}"
        done = self.vm.run(["findmnt", "-n", "-o", "SOURCE,FSTYPE,OPTIONS", path], check=False)
        return done.stdout.split()

    def write(self, share_id: str, name: str, text: str) -> None:
        self.vm.run(["tee", f"/run/sharectl/mnt/{share_id}/{name}"], input=text)

    def read(self, share_id: str, name: str) -> str:
        return self.vm.run(["cat", f"/run/sharectl/mnt/{share_id}/{name}"]).stdout


@pytest.fixture
def host(clean_vm_cloud: Cloud, vm: Channel, virt: Virt) -> Iterator[VmHost]:
    """The host; mounts and records of the test are gone afterwards."""
    yield VmHost(vm, clean_vm_cloud, virt)
    clean = "umount -f -l /run/sharectl/mnt/*; rmdir /run/sharectl/mnt/*; rm -rf /var/lib/sharectl"
    vm.run(["sh", "-c", clean], check=False)


@pytest.fixture
def guest(virt: Virt) -> Iterator[VmGuest]:
    """A domain that uses the tag `docs`."""
    made = virt.define("web1", script=_SCRIPT.format("docs"))
    yield made
    made.remove()


def test_nfs_from_manila_to_a_guest_and_back(host: VmHost, guest: VmGuest) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    added = host.sharectl("add", "web1", "docs", "--tag", "docs", "-f", "json")
    assert (added["Access Type"], added["Access To"]) == ("ip", CLIENT)
    source, kind, options = host.mounts(share.id)
    assert (source, kind) == (added["Export Location"], "nfs4")
    assert {"vers=4.2", "hard", "nosuid", "nodev", "rw"} <= set(options.split(","))
    host.write(share.id, "hello", "from the host\n")

    guest.start()
    assert "from the host" in guest.wait_off()
    assert host.read(share.id, "from-guest") == "from the guest\n"

    host.sharectl("remove", "web1", "docs")
    assert host.mounts(share.id) == []
    assert host.cloud.rules(share.id) == []
    assert host.sharectl("list", "-f", "json") == []


def test_cephfs_by_the_kernel(host: VmHost, guest: VmGuest) -> None:
    share = host.cloud.create_share("docs", "CEPHFS", backend="ceph")
    added = host.sharectl("add", "web1", "docs", "--tag", "docs", "--read-only", "-f", "json")
    source, kind, options = host.mounts(share.id)
    assert (source, kind) == (added["Export Location"], "ceph")
    assert {"ro", "nosuid", "nodev", f"name={added['Access To']}"} <= set(options.split(","))
    shown = host.sharectl("show", "web1", "docs", "-f", "json")
    assert (shown["Health"], shown["Access Level"]) == ("ok", "ro")
    host.sharectl("remove", "web1", "docs")
    assert host.mounts(share.id) == []
    assert host.cloud.rules(share.id) == []


def test_nfs_over_ipv6(host: VmHost, guest: VmGuest) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    for location in host.cloud.export_locations(share.id):
        if location.path.startswith(SERVER):
            over_ipv6 = location.path.replace(SERVER, f"[{SERVER_V6}]")
            host.cloud.move_export(share.id, location.path, over_ipv6)
    added = host.sharectl("add", "web1", "docs", "--tag", "docs", "-f", "json")
    assert host.mounts(share.id)[0] == added["Export Location"]
    assert added["Export Location"].startswith(f"[{SERVER_V6}]:/")
    host.sharectl("remove", "web1", "docs")
    assert host.cloud.rules(share.id) == []
