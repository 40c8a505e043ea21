"""The hook, reconcile and adopt on Debian 13's libvirt, QEMU and virtiofsd."""

from __future__ import annotations

from typing import Any

import libvirt
import pytest

from tests.e2e.nodes import Host
from tests.e2e.operations import DISK, PORTS, empty_qcow2
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.fixtures_trixie import NodeFactory
from tests.lab.guest import Guest

pytestmark = pytest.mark.lab

_OFFLINE = (
    libvirt.VIR_MIGRATE_OFFLINE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
)


@pytest.fixture
def host(trixie_nodes: NodeFactory, clean_cloud: Cloud) -> Host:
    return Host(trixie_nodes(), clean_cloud)


def _attached(host: Host, cloud: Cloud, **options: Any) -> tuple[Guest, Share]:
    share = cloud.create_share("docs", "CEPHFS", backend="ceph")
    guest = host.node.define("web1", **options)
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    return guest, share


def test_hook_mounts_before_the_start_or_refuses_it(host: Host, clean_cloud: Cloud) -> None:
    _guest, share = _attached(host, clean_cloud, script="share docs; echo hello >/mnt/docs/new")
    host.install_hook()
    host.unmount(share)
    guest = host.node.guest("web1")  # by a new connection to the new daemon
    guest.domain.create()
    guest.wait_off()
    path = f"/run/sharectl/mnt/{share.id}"
    assert host.node.checked(["cat", f"{path}/new"]) == "hello\n"

    host.node.checked(["umount", path])
    host.node.checked(["mount", "-t", "tmpfs", "wrong", path])
    with pytest.raises(libvirt.libvirtError, match=r"share docs of domain web1: .* mount of wrong"):
        guest.domain.create()
    assert host.health() == "wrong-source"
    assert "is a mount of wrong (rw), not of" in host.sharectl("reconcile", status=6)
    assert host.mounted(share) == "tmpfs"
    host.node.checked(["umount", path])
    host.sharectl("reconcile")
    assert (host.mounted(share), host.health()) == ("fuse.ceph-fuse", "ok")


def test_reconcile_brings_all_back(host: Host, clean_cloud: Cloud) -> None:
    guest, share = _attached(host, clean_cloud)
    before = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    host.unmount(share)
    start, end = before.index("<filesystem"), before.index("</filesystem>") + len("</filesystem>")
    host.node.connection.defineXML(before[:start] + before[end:])
    clean_cloud.deny(share.id, clean_cloud.rules(share.id)[0].id)

    assert host.sharectl("reconcile", "--dry-run", status=5) == host.sharectl("reconcile")
    assert host.health() == "ok"
    assert host.sharectl("reconcile") == ""
    host.sharectl("remove", "web1", "docs")
    after = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    assert "urn:sharectl" not in after
    assert "<metadata" not in after
    assert clean_cloud.rules(share.id) == []


def test_a_revert_to_a_snapshot_does_not_undo_a_remove(host: Host, clean_cloud: Cloud) -> None:
    """Another domain has the share, so that it is mounted all the same."""
    disk = host.node.run_folder / "snapshot.qcow2"
    disk.write_bytes(empty_qcow2())
    devices = DISK.format(path=disk) + PORTS
    _guest, share = _attached(host, clean_cloud, script="share docs", stay=True, devices=devices)
    host.node.define("helper")
    host.sharectl("add", "helper", "docs")
    host.install_hook()
    domain = host.node.guest("web1").domain
    domain.create()
    snapshot = domain.snapshotCreateXML("<domainsnapshot><name>before</name></domainsnapshot>")
    domain.destroy()
    host.sharectl("remove", "web1", "docs")

    with pytest.raises(
        libvirt.libvirtError, match=r"share docs of domain web1: .* no record of it"
    ):
        domain.revertToSnapshot(snapshot)
    assert not domain.isActive()
    assert host.mounted(share) == "fuse.ceph-fuse"
    snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)


def test_domain_that_moves_to_another_host_takes_its_share_along(
    host: Host, trixie_nodes: NodeFactory, clean_cloud: Cloud
) -> None:
    guest, share = _attached(host, clean_cloud, script="share docs; echo hello >/mnt/docs/new")
    other = Host(trixie_nodes(), clean_cloud)
    other.install_hook()
    guest.domain.migrate3(other.node.connection, {}, _OFFLINE)
    moved = other.node.guest("web1")
    with pytest.raises(libvirt.libvirtError, match=r"no record of it; .* sharectl adopt"):
        moved.domain.create()

    assert other.sharectl("adopt") == f"web1 docs: adopted from host {host.node.name}\n"
    assert other.health() == "ok"
    assert "is gone" in host.sharectl("reconcile", status=6)
    assert "web1 docs: detached" in host.sharectl("reconcile", "--prune")

    moved.domain.create()
    moved.wait_off()
    path = f"/run/sharectl/mnt/{share.id}"
    assert other.node.checked(["cat", f"{path}/new"]) == "hello\n"
    (rule,) = clean_cloud.rules(share.id)
    assert f"-{other.node.name}-" in rule.access_to
    assert host.mounted(share) == ""


def test_running_domain_migrates_to_a_host_with_the_hook(
    host: Host, trixie_nodes: NodeFactory, clean_cloud: Cloud
) -> None:
    """As the manual says: its definition goes first, and is adopted."""
    script = "share docs; echo before >/mnt/docs/log"
    guest, share = _attached(host, clean_cloud, script=script, stay=True)
    other = Host(trixie_nodes(), clean_cloud)
    for each in (host, other):
        each.install_hook()
    guest = host.node.guest("web1")
    guest.domain.create()
    guest.wait_for("script ended")
    assert guest.sh("sleep 1000 </mnt/docs/log & cat /mnt/docs/log") == (0, "before\n")

    with pytest.raises(libvirt.libvirtError, match=r"no record of it; .*--offline --persist"):
        host.migrate("--live", other)
    assert guest.domain.isActive()
    assert other.sharectl("adopt") == "", "it is not defined there"

    host.migrate("--offline --persistent", other)
    assert guest.domain.isActive()
    assert other.sharectl("adopt") == f"web1 docs: adopted from host {host.node.name}\n"
    host.migrate("--live --persistent --undefinesource", other)

    moved = other.node.guest("web1")
    assert moved.sh("echo after >>/mnt/docs/log; cat /mnt/docs/log") == (0, "before\nafter\n")
    assert "web1 docs: detached" in host.sharectl("reconcile", "--prune")
    assert host.mounted(share) == ""
    other.sharectl("reconcile")
    assert other.sharectl("reconcile") == ""
    assert other.health() == "ok"
    assert moved.sh("echo still >>/mnt/docs/log; tail -n 1 /mnt/docs/log") == (0, "still\n")


def test_running_domain_migrates_to_a_host_where_another_domain_has_its_share(
    host: Host, trixie_nodes: NodeFactory, clean_cloud: Cloud
) -> None:
    """That the share is mounted there for another domain, and its own mark, do not let it in."""
    guest, share = _attached(host, clean_cloud, script="share docs; echo x >/mnt/docs/a", stay=True)
    other = Host(trixie_nodes(), clean_cloud)
    other.install_hook()
    other.node.define("helper")
    other.sharectl("add", "helper", "docs")
    guest.domain.create()
    guest.wait_for("script ended")

    with pytest.raises(libvirt.libvirtError, match=r"no record of it; .*--offline --persist"):
        host.migrate("--live --persistent --undefinesource", other)
    host.migrate("--offline --persistent", other)
    assert "web1 docs: adopted" in other.sharectl("adopt", "web1")
    host.migrate("--live --persistent --undefinesource", other)
    assert other.node.guest("web1").sh("cat /mnt/docs/a") == (0, "x\n")
    assert other.mounted(share) == "fuse.ceph-fuse"
