"""sharectl on a host with a stock kernel: NFS and CephFS mounted by the kernel, in the lab VM."""

from __future__ import annotations

import pytest

from tests.e2e.vm_host import VmHost
from tests.lab.vm.channel import CommandFailed
from tests.lab.vm.nas import CLIENT, CLIENT_V6, SERVER, SERVER_V6, Nas
from tests.lab.vm.virt import VmGuest

pytestmark = pytest.mark.lab

_PATIENCE_S = 45  # for a command whose own waits are 3 s each: the VM starts Python in seconds


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
    added = host.sharectl("add", "web1", "docs", "--tag", "docs", "-f", "json")
    source, kind, options = host.mounts(share.id)
    assert (source, kind) == (added["Export Location"], "ceph")
    assert {"rw", "nosuid", "nodev", f"name={added['Access To']}"} <= set(options.split(","))
    host.write(share.id, "hello", "from the host\n")

    guest.start()
    assert "from the host" in guest.wait_off()
    assert host.read(share.id, "from-guest") == "from the guest\n"

    host.sharectl("remove", "web1", "docs")
    host.sharectl("add", "web1", "docs", "--tag", "docs", "--read-only")
    assert "ro" in host.mounts(share.id)[2].split(",")
    with pytest.raises(CommandFailed, match=r"Read-only file system|Permission denied"):
        host.write(share.id, "hello", "no\n")
    host.sharectl("remove", "web1", "docs")
    assert host.mounts(share.id) == []
    assert host.cloud.rules(share.id) == []


def test_export_location_moves_and_the_host_reboots(host: VmHost, guest: VmGuest) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    for location in host.cloud.export_locations(share.id):
        if location.path.startswith(SERVER):
            old, new = location.path, location.path.replace(SERVER, f"[{SERVER_V6}]")
            host.cloud.move_export(share.id, old, new)
    assert host.mounts(share.id)[0] == old

    host.sharectl("reconcile")
    assert host.mounts(share.id)[0] == new
    assert [rule.access_to for rule in host.cloud.rules(share.id)] == [CLIENT_V6]
    host.reboot()
    assert host.mounts(share.id) == []
    host.sharectl("reconcile")
    assert host.mounts(share.id)[0] == new

    host.sharectl("remove", "web1", "docs")
    assert host.cloud.rules(share.id) == []


def test_nfs_version_3(host: VmHost, guest: VmGuest) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    host.vm.run(["tee", "/run/v3.toml"], input='[nfs]\nversion = "3"\n')
    host.sharectl("--config", "/run/v3.toml", "add", "web1", "docs", "--tag", "docs")
    _source, kind, options = host.mounts(share.id)
    assert kind == "nfs"
    assert {"vers=3", "nolock", "hard"} <= set(options.split(","))
    host.sharectl("remove", "web1", "docs")
    assert host.mounts(share.id) == []


def test_nothing_hangs_on_a_dead_nfs_server(host: VmHost, guest: VmGuest, nas: Nas) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    host.cloud.create_share("more", backend="lvm")
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    host.write(share.id, "hello", "from the host\n")
    xml = host.vm.run(["virsh", "dumpxml", "web1"]).stdout
    host.vm.run(["tee", "/run/short.toml"], input="[mount]\ntimeout = 10\n")

    with nas.silent():
        (listed,), seconds = host.timed("list", "-f", "json", "--long")
        assert (listed["Health"], seconds < _PATIENCE_S) == ("unreachable", True)
        said, seconds = host.timed("reconcile", status=69)
        assert (f"file server {SERVER} does not answer" in said, seconds < _PATIENCE_S) == (
            True, True,
        )  # fmt: skip
        said, seconds = host.timed("hook", "run", "web1", "prepare", "begin", "-",
                                   status=1, input=xml)  # fmt: skip
        assert (f"file server {SERVER} does not answer" in said, seconds < _PATIENCE_S) == (
            True, True,
        )  # fmt: skip
        short = ("--config", "/run/short.toml")
        said, seconds = host.timed(*short, "add", "web1", "more", status=69)
        assert (SERVER in said, seconds < 2 * _PATIENCE_S) == (True, True)
        host.sharectl("remove", "web1", "docs", "--force")

    assert host.mounts(share.id) == []
    assert host.sharectl("list", "-f", "json") == []
    assert [rule for item in host.cloud.shares() for rule in host.cloud.rules(item.id)] == []


@pytest.mark.parametrize("protocol", ["NFS", "CEPHFS"])
def test_bind_mount_of_a_folder_over_the_share_is_told(
    host: VmHost, guest: VmGuest, protocol: str
) -> None:
    share = host.cloud.create_share(
        "docs", protocol, backend="lvm" if protocol == "NFS" else "ceph"
    )
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    path = f"/run/sharectl/mnt/{share.id}"
    host.vm.run(["mkdir", f"{path}/sub"])
    assert host.root(share.id) == ["/"]
    host.vm.run(["mount", "--bind", f"{path}/sub", path])

    (listed,) = host.sharectl("list", "-f", "json", "--long")
    assert listed["Health"] == "wrong-source"
    said = host.sharectl("reconcile", status=6)
    assert f"umount {path}" in said
    assert len(host.root(share.id)) == 2
    host.vm.run(["umount", path])
    host.sharectl("reconcile")
    (listed,) = host.sharectl("list", "-f", "json", "--long")
    assert listed["Health"] == "ok"
    host.sharectl("remove", "web1", "docs")
