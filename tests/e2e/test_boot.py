"""A host that boots: systemd mounts the shares before libvirt starts the domains that have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.vm_host import SCRIPT, VmHost
from tests.lab import processes
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.cloud.places import ADDRESS
from tests.lab.vm import host
from tests.lab.vm.virt import Virt, VmGuest

pytestmark = pytest.mark.lab

_FOLDER = Path("/run/lab-host")
_MOUNTS, _RECONCILE = "sharectl-mounts.service", "sharectl-reconcile.service"
_TIMER = "sharectl-reconcile.timer"
_CONFIG = """\
[manila]
cloud = "demo"
[mount]
timeout = {timeout}
[cephfs]
client = "{client}"
"""
_TIMEOUT_S = 180


@dataclass(frozen=True)
class _Stand:
    """A host with systemd, on which the domain web1 is to start at boot and has the share docs."""

    machine: host.Host
    cloud: Cloud
    share: Share

    @property
    def host(self) -> VmHost:
        """The host since its last boot."""
        return VmHost(self.machine.vm, self.cloud, Virt(self.machine.vm))

    @property
    def guest(self) -> VmGuest:
        return VmGuest("web1", self.host.virt)

    def configure(self, client: str, *, timeout: int = 30) -> None:
        """Let CephFS be mounted by `client` from now on."""
        text = _CONFIG.format(client=client, timeout=timeout)
        self.machine.vm.run(["tee", "/etc/sharectl/config.toml"], input=text)

    def unit(self, name: str) -> dict[str, str]:
        """All that systemd knows of a unit."""
        shown = self.machine.vm.run(["systemctl", "show", name]).stdout
        return dict(line.split("=", 1) for line in shown.splitlines())

    def journal(self, name: str) -> str:
        """What the unit has said since the boot."""
        return self.machine.vm.run(["journalctl", "-b", "-o", "cat", "-u", name]).stdout

    def reconcile(self) -> None:
        """What the timer does; if it was just at it while the server was dead, once more."""
        start = ["systemctl", "start", _RECONCILE]
        processes.wait_until(
            lambda: self.machine.vm.run(start, check=False, timeout=_TIMEOUT_S).returncode == 0,
            timeout=_TIMEOUT_S, what=_RECONCILE,
        )  # fmt: skip

    def wait_for_journal(self, name: str, text: str) -> None:
        processes.wait_until(lambda: text in self.journal(name), timeout=_TIMEOUT_S,
                             what=f"{text!r} of {name}", interval=0.5)  # fmt: skip

    def wait_for_guest(self, text: str) -> None:
        processes.wait_until(lambda: text in self.guest.console(), timeout=_TIMEOUT_S,
                             what=f"{text!r} of the guest", interval=0.5)  # fmt: skip


@pytest.fixture(scope="module")
def installed(cloud: Cloud) -> Iterator[_Stand]:
    """The share is attached, `hook install` has run; and the host was never booted since."""
    with host.host(_FOLDER) as machine:
        vm = machine.vm
        vm.run(["mkdir", "/etc/openstack"])
        vm.run(["tee", "/etc/openstack/clouds.yaml"], input=cloud.clouds_yaml.read_text())
        stand = _Stand(machine, cloud, cloud.create_share("docs", "CEPHFS", backend="ceph"))
        stand.configure("kernel")
        stand.host.virt.define("web1", script=SCRIPT.format("docs"), stay=True)
        vm.run(["virsh", "autostart", "web1"])
        stand.host.sharectl("add", "web1", "docs", "--tag", "docs")
        stand.host.write(stand.share.id, "hello", "from the host\n")
        stand.host.sharectl("hook", "install", "--no-probe")
        yield stand
    cloud.purge()


def _microseconds(unit: dict[str, str], event: str) -> int:
    return int(unit[f"{event}TimestampMonotonic"])


def test_shares_are_mounted_before_domains_start(installed: _Stand) -> None:
    stand = installed
    stand.machine.cut_power()
    stand.machine.boot()

    mounts, libvirt = stand.unit(_MOUNTS), stand.unit("libvirtd.service")
    network, guests = stand.unit("lab-network.service"), stand.unit("libvirt-guests.service")
    assert (mounts["Result"], mounts["ExecMainStatus"]) == ("success", "0")
    assert mounts["ActiveState"] == "active"
    assert _microseconds(network, "ActiveEnter") <= _microseconds(mounts, "ExecMainStart")
    assert _microseconds(mounts, "ExecMainExit") <= _microseconds(libvirt, "ExecMainStart")
    assert _microseconds(mounts, "ExecMainExit") <= _microseconds(guests, "ExecMainStart")
    (location,) = stand.cloud.export_locations(stand.share.id)
    assert stand.host.mounts(stand.share.id)[:2] == [location.path, "ceph"]
    stand.wait_for_guest("guest: script ended")
    assert "from the host" in stand.guest.console()
    assert stand.host.read(stand.share.id, "from-guest") == "from the guest\n"


def test_file_server_is_dead_at_boot(installed: _Stand) -> None:
    """libvirt starts all the same, the domain does not; what the timer runs mends it."""
    stand = installed
    stand.configure("kernel", timeout=5)
    console = stand.machine.shut_down()
    guests, unmounting = "Stopped libvirt-guests", "Unmounting run-sharectl-mn"
    assert 0 < console.find(guests) < console.find(unmounting)
    assert stand.cloud.ceph is not None
    with stand.cloud.ceph.frozen():
        stand.machine.boot()
        assert stand.unit(_MOUNTS)["Result"] == "exit-code"
        reason = f"sharectl: share docs of domain web1: file server {ADDRESS} did not answer"
        assert stand.journal(_MOUNTS).count(reason) == 1
        assert stand.unit("libvirtd.service")["ActiveState"] == "active"
        stand.wait_for_journal("libvirtd.service", "Failed to autostart VM 'web1'")
        assert reason in stand.journal("libvirtd.service")
        assert stand.host.virt.virsh("domstate", "web1").strip() == "shut off"
        assert stand.host.mounts(stand.share.id) == []

    assert stand.unit(_TIMER)["ActiveState"] == "active"
    stand.configure("fuse")  # which must outlive the unit that starts it
    stand.reconcile()
    assert stand.unit(_RECONCILE)["Result"] == "success"
    assert stand.host.mounts(stand.share.id)[1] == "fuse.ceph-fuse"
    stand.guest.start()
    stand.wait_for_guest("guest: script ended")
    assert "from the host" in stand.guest.console()
