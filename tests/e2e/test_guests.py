"""What guests do with shares that are attached: several at once, and through upheavals."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.e2e.starts import unmount, why_refused
from tests.e2e.world import World
from tests.lab.guest import Guest
from tests.lab.libvirtd import Libvirtd
from tests.lab.processes import LabError, wait_until

pytestmark = pytest.mark.lab


def test_two_shares_in_one_guest(world: World) -> None:
    guest = world.guest("vm1", script="share docs; share more", stay=True)
    shares = {
        name: world.cloud.create_share(name, "CEPHFS", backend="ceph") for name in ("docs", "more")
    }
    for name in shares:
        world.sharectl("add", "vm1", name, "--tag", name).ok()
    guest.start()
    guest.wait_for("script ended")
    assert guest.sh("echo one > /mnt/docs/f; echo two > /mnt/more/f")[0] == 0
    read = [(world.mount_point(shares[name].id) / "f").read_text() for name in ("docs", "more")]
    assert read == ["one\n", "two\n"]
    guest.domain.destroy()
    world.sharectl("remove", "vm1", "docs").ok()
    assert [Path(point).name for point, _ in world.mounts()] == [shares["more"].id]


def test_guests_exchange_data_and_one_leaves(world: World, libvirtd: Libvirtd) -> None:
    for name in ("vm1", "vm2"):
        world.guest(name, script="share docs", stay=True)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    for guest in world.guests:
        world.sharectl("add", guest.name, "docs", "--tag", "docs").ok()
        guest.start()
    for guest in world.guests:
        guest.wait_for("script ended")
    one, two = world.guests
    assert one.sh("echo from one > /mnt/docs/f")[0] == 0
    assert two.sh("cat /mnt/docs/f")[1].endswith("from one\n")
    one.domain.destroy()
    world.sharectl("remove", "vm1", "docs").ok()
    assert two.sh("echo from two > /mnt/docs/f")[0] == 0
    assert (world.mount_point(share.id) / "f").read_text() == "from two\n"

    libvirtd.restart()
    world.reconnect()
    two = world.guests[1]
    assert two.sh("cat /mnt/docs/f")[1].endswith("from two\n")
    shown = world.sharectl("show", "vm2", "docs", "-f", "json").ok().json
    assert (shown["Status"], shown["Health"]) == ("active", "ok")
    assert world.sharectl("reconcile").ok().stdout == ""


def test_read_only_holds_against_root_in_the_guest(world: World) -> None:
    guest = world.guest("vm1", script="share docs", stay=True)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    (world.mount_point(share.id) / "f").write_text("as it was\n")
    world.sharectl("remove", "vm1", "docs").ok()
    world.sharectl("add", "vm1", "docs", "--tag", "docs", "--read-only").ok()
    guest.start()
    guest.wait_for("script ended")
    guest.sh("mount -o remount,rw /mnt/docs; mkdir /second; mount -t virtiofs docs /second")
    for place in ("/mnt/docs", "/second"):
        for write in (
            f"echo x > {place}/f", f"echo x >> {place}/f", f"mkdir {place}/d", f"rm {place}/f",
            f"mv {place}/f {place}/g", f"ln -s f {place}/l", f"ln {place}/f {place}/h",
            f"chmod 777 {place}/f", f"touch {place}/new",
        ):  # fmt: skip
            assert guest.sh(write)[0] != 0, write
    assert [path.name for path in world.mount_point(share.id).iterdir()] == ["f"]
    assert (world.mount_point(share.id) / "f").read_text() == "as it was\n"


def test_destroy_under_load_leaves_nothing(world: World) -> None:
    guest = world.guest("vm1", script="share docs", stay=True)
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    guest.start()
    guest.wait_for("script ended")
    guest.sh("while :; do dd if=/dev/zero of=/mnt/docs/big bs=64k count=64; done >/dev/null 2>&1 &")
    guest.domain.destroy()
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


@pytest.mark.parametrize(
    "memory", ["file", "numa", "small pages", "immediate memfd", "immediate file"]
)
def test_other_shared_memory_at_run_time(world: World, memory: str) -> None:
    guest = world.guest("vm1", shared_memory=memory, script="share docs; echo x > /mnt/docs/f")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    guest.start()
    guest.wait_off()
    assert (world.mount_point(share.id) / "f").read_text() == "x\n"


def test_why_a_start_was_refused_is_shown_until_one_goes_well(hooked: World) -> None:
    (guest,) = hooked.guests
    ((mount_point, _source),) = hooked.mounts()
    unmount(hooked)
    assert hooked.cloud.ceph is not None
    secrets = hooked.state / "secrets"
    (secret,) = secrets.glob("*")
    key = secret.read_bytes()
    secret.unlink()
    assert "is not on this host" in why_refused(guest)
    (mapping,) = hooked.mappings().values()
    assert mapping["last_error"].startswith("a start was refused: it is not mounted")
    secret.write_bytes(key)
    secret.chmod(0o600)
    xml = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    hooked.connection.createXML(xml.replace("<on_crash>destroy", "<on_crash>restart"))
    (mapping,) = hooked.mappings().values()
    assert mapping["last_error"] is None
    assert [point for point, _ in hooked.mounts()] == [mount_point]


def _break(guest: Guest, connection: Any) -> str:
    """Have QEMU refuse to start, which is after the hook; returns the definition as it was."""
    xml = str(guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    wrong = "<qemu:commandline><qemu:arg value='-no-such-option'/></qemu:commandline></domain>"
    namespace = "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' "
    connection.defineXML(xml.replace("<domain ", namespace, 1).replace("</domain>", wrong))
    return xml


@pytest.mark.parametrize("mounted", [True, False])
def test_a_start_that_fails_after_the_hook_takes_nothing_away(hooked: World, mounted: bool) -> None:
    (guest,) = hooked.guests
    xml = _break(guest, hooked.connection)
    before = hooked.snapshot()
    if not mounted:
        unmount(hooked)
    with pytest.raises(libvirt.libvirtError, match="no-such-option"):
        guest.start()
    assert not guest.domain.isActive()
    assert hooked.snapshot() == before
    listed = hooked.sharectl("list", "--long", "-f", "json").ok().json
    assert [(row["Status"], row["Health"]) for row in listed] == [("inactive", "ok")]
    assert listed[0]["Last Error"] is None
    assert hooked.sharectl("reconcile").ok().stdout == ""

    hooked.connection.defineXML(xml)
    guest.start()
    guest.wait_for("script ended")
    assert guest.sh("share docs; echo x > /mnt/docs/f")[0] == 0
    assert hooked.sharectl("list", "-f", "value", "-c", "Status").ok().stdout == "active\n"


@pytest.mark.parametrize("how", ["reset", "virsh", "inside"])
def test_a_reboot_keeps_the_share(world: World, how: str) -> None:
    script = "share docs; echo boot >> /mnt/docs/boots"
    guest = world.guest("vm1", script=script, stay=True, on_reboot="restart")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    guest.start()
    guest.wait_for("script ended")
    if how == "reset":
        guest.domain.reset()
    elif how == "virsh":
        subprocess.run(["virsh", "reboot", "vm1"], check=True, capture_output=True)
    else:
        with pytest.raises(LabError, match=r"did not answer|ended"):
            guest.sh("reboot -f", timeout=3)
    boots = world.mount_point(share.id) / "boots"
    wait_until(lambda: boots.read_text() == "boot\n" * 2, timeout=40, what="the second boot")
    shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok().json
    assert (shown["Status"], shown["Health"]) == ("active", "ok")
