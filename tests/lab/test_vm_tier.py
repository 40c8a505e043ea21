"""The VM tier is what the tests above it take it for: real kernel mounts of Manila's shares."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab.cloud.cloud import Cloud
from tests.lab.guest.xml import filesystem_xml
from tests.lab.vm.channel import Channel, CommandFailed
from tests.lab.vm.nas import CLIENT, CLIENT_V6, Nas
from tests.lab.vm.virt import Virt

pytestmark = pytest.mark.lab


def _export(cloud: Cloud, share_id: str, *, version: int = 4) -> str:
    """The export location with an IPv4 or IPv6 address."""
    paths = [location.path for location in cloud.export_locations(share_id)]
    return next(path for path in paths if path.startswith("[") == (version == 6))


def _mount(vm: Channel, source: str, name: str, options: str = "vers=4.2") -> str:
    """Mount at /mnt/NAME; the mount point."""
    vm.run(["mkdir", "-p", f"/mnt/{name}"])
    vm.run(["mount", "-t", "nfs", "-o", options, source, f"/mnt/{name}"])
    return f"/mnt/{name}"


def test_nfs_share_can_be_mounted_with_a_rule_only(clean_vm_cloud: Cloud, vm: Channel) -> None:
    cloud = clean_vm_cloud
    share = cloud.create_share("files", backend="lvm")
    source = _export(cloud, share.id)

    with pytest.raises(CommandFailed, match="access denied by server") as refused:
        _mount(vm, source, "a")
    assert refused.value.returncode == 32

    rule = cloud.allow(share.id, CLIENT)
    folder = _mount(vm, source, "a")
    assert vm.run(["sh", "-c", f"echo hello >{folder}/f; cat {folder}/f"]).stdout == "hello\n"

    cloud.deny(share.id, rule.id)
    with pytest.raises(CommandFailed, match=r"Stale file handle|Permission denied"):
        vm.run(["sh", "-c", f"echo more >{folder}/new"])


def test_read_only_rule_holds_on_a_writable_mount(clean_vm_cloud: Cloud, vm: Channel) -> None:
    share = clean_vm_cloud.create_share("files", backend="lvm")
    clean_vm_cloud.allow(share.id, CLIENT, level="ro")
    folder = _mount(vm, _export(clean_vm_cloud, share.id), "b")
    with pytest.raises(CommandFailed, match="Read-only file system"):
        vm.run(["touch", f"{folder}/f"])


def test_versions_and_address_families(clean_vm_cloud: Cloud, vm: Channel) -> None:
    share = clean_vm_cloud.create_share("files", backend="lvm")
    for client in (CLIENT, CLIENT_V6):
        clean_vm_cloud.allow(share.id, client)
    for version, options in ((4, "vers=4.0"), (4, "vers=3"), (6, "vers=4.2"), (6, "vers=3")):
        source = _export(clean_vm_cloud, share.id, version=version)
        folder = _mount(vm, source, "c", options)
        mounted = vm.run(["findmnt", "-n", "-o", "SOURCE", folder]).stdout.strip()
        vm.run(["umount", folder])
        assert mounted == source


def test_server_can_fall_silent_and_come_back(clean_vm_cloud: Cloud, vm: Channel, nas: Nas) -> None:
    share = clean_vm_cloud.create_share("files", backend="lvm")
    clean_vm_cloud.allow(share.id, CLIENT)
    folder = _mount(vm, _export(clean_vm_cloud, share.id), "d")

    with nas.silent(), pytest.raises(subprocess.TimeoutExpired):
        vm.run(["ls", "-l", folder], timeout=5)
    vm.run(["touch", f"{folder}/f"], timeout=60)

    with nas.stopped(), pytest.raises(subprocess.TimeoutExpired):
        vm.run(["touch", f"{folder}/g"], timeout=5)
    vm.run(["touch", f"{folder}/g"], timeout=60)


def test_cephfs_share_is_mounted_by_the_kernel(clean_vm_cloud: Cloud, vm: Channel) -> None:
    share = clean_vm_cloud.create_share("objects", "CEPHFS", backend="ceph")
    rule = clean_vm_cloud.allow(share.id, "alice", access_type="cephx")
    (location,) = clean_vm_cloud.export_locations(share.id)
    vm.run(["mkdir", "-p", "/mnt/e"])

    mount = ["mount", "-t", "ceph", location.path, "/mnt/e", "-o"]
    vm.run([*mount, "name=alice,secretfile=/dev/stdin"], input=rule.access_key)

    assert vm.run(["sh", "-c", "echo hello >/mnt/e/f; cat /mnt/e/f"]).stdout == "hello\n"
    assert vm.run(["findmnt", "-n", "-o", "FSTYPE", "/mnt/e"]).stdout == "ceph\n"


def test_nested_guest_uses_an_nfs_share(clean_vm_cloud: Cloud, vm: Channel, virt: Virt) -> None:
    share = clean_vm_cloud.create_share("files", backend="lvm")
    clean_vm_cloud.allow(share.id, CLIENT)
    folder = _mount(vm, _export(clean_vm_cloud, share.id), "f")
    vm.run(["sh", "-c", f"echo hello guest >{folder}/from-host"])
    guest = virt.define(
        "nested",
        script="share data; cat /mnt/data/from-host; echo hello host >/mnt/data/from-guest",
        devices=filesystem_xml(Path(folder), "data"),
    )

    guest.start()
    console = guest.wait_off()
    guest.remove()

    assert "hello guest\n" in console
    assert vm.run(["cat", f"{folder}/from-guest"]).stdout == "hello host\n"
