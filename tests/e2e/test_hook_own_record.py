"""In a real libvirt: no start gives a domain a share that its own record does not give it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import libvirt
import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.model.enums import AccessLevel
from tests.e2e.starts import unmount, why_refused
from tests.e2e.world import World
from tests.lab.guest import Guest

pytestmark = pytest.mark.lab


@pytest.fixture
def shared(hooked: World) -> Iterator[World]:
    """Domains vm1 and vm2 have share docs."""
    hooked.guest("vm2")
    hooked.sharectl("add", "vm2", "docs", "--tag", "docs").ok()
    yield hooked


def _hinted(text: str) -> list[str]:
    """The arguments of the `sharectl add` in a refusal."""
    command = text.partition(": sharectl ")[2].partition(";")[0]
    return shlex.split(command)


def _xml(guest: Guest) -> str:
    return str(guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def test_an_old_definition_and_a_copy_are_refused(shared: World) -> None:
    guest, old = shared.guests[0], _xml(shared.guests[0])
    shared.sharectl("remove", "vm1", "docs").ok()
    shared.connection.defineXML(old)
    text = why_refused(guest)
    assert "share docs of domain vm1: the domain has a filesystem for" in text

    copy = old.replace(guest.domain.UUIDString(), str(uuid4())).replace(">vm1<", ">copy<")
    domain = shared.connection.defineXML(copy)
    try:
        with pytest.raises(libvirt.libvirtError, match=r"sharectl .*add copy .* --tag docs;"):
            domain.create()
        done = shared.sharectl("adopt")
        assert done.status == 6
        assert done.stderr.count("its metadata alone is no proof") == 2
        assert len(shared.mappings()) == 1
    finally:
        domain.undefine()

    arguments = _hinted(text)
    assert arguments[:2] == ["add", "vm1"]
    shared.sharectl(*arguments).ok()
    guest.start()


def test_a_read_only_record_does_not_start_with_a_mount_that_can_be_written(shared: World) -> None:
    with JsonStore(shared.store).transaction() as store:
        (own,) = [item for item in store.mappings if item.domain_name == "vm1"]
        store.put(replace(own, access_level=AccessLevel.RO))
    text = why_refused(shared.guests[0])
    assert text.startswith("sharectl: share docs of domain vm1: ")
    assert "(ro)" in text
    shared.guests[1].start()


def _link(world: World, path: str) -> str:
    """In the way there: the C virtiofsd does not start for a source that is itself a link."""
    link = world.folder / "alias"
    link.symlink_to(Path(path).parent)
    return str(link / Path(path).name)


def _bind(world: World, path: str) -> str:
    folder = world.folder / "bound"
    folder.mkdir()
    subprocess.run(["mount", "--bind", path, folder], check=True)
    return str(folder)


_SPELLINGS: dict[str, Callable[[World, str], str]] = {
    "slash": lambda _, path: f"{path}/",
    "doubled": lambda _, path: path.replace("/mnt/", "//mnt//"),
    "dot": lambda _, path: path.replace("/mnt/", "/./mnt/./"),
    "dots": lambda _, path: path.replace("/mnt/", "/mnt/../mnt/"),
    "link": _link,
    "bind": _bind,
}


@pytest.mark.parametrize("name", _SPELLINGS)
def test_no_other_spelling_slips_past_the_hook(hooked: World, name: str) -> None:
    """The share is mounted for it where that can be, and refused without a record."""
    (guest,) = hooked.guests
    (mapping,) = hooked.mappings().values()
    path = str(mapping["mount_point"])
    other = _SPELLINGS[name](hooked, path)
    hooked.connection.defineXML(_xml(guest).replace(f"'{path}'", f"'{other}'"))
    assert f"'{other}'" in _xml(guest)
    mounted = hooked.mounts()
    try:
        if name != "bind":  # that goes with what it shows
            unmount(hooked)
        guest.start()
        assert hooked.mounts() == mounted
        guest.wait_for("script ended")
        guest.domain.destroy()
        with JsonStore(hooked.store).transaction() as store:
            store.delete(mapping["id"])
        text = why_refused(guest)
        assert f"of domain vm1: the domain has a filesystem for {path}, and no record of it" in text
    finally:
        if name == "bind":
            subprocess.run(["umount", other], check=True)


def test_a_disk_on_a_share_has_it_mounted(hooked: World) -> None:
    (mapping,) = hooked.mappings().values()
    image = Path(mapping["mount_point"]) / "disk.img"
    image.write_bytes(bytes(1 << 20))
    disk = f"<disk type='file'><source file='{image}'/><target dev='vda' bus='virtio'/></disk>"
    guest = hooked.guest("vm2", devices=disk)
    mounted = hooked.mounts()
    unmount(hooked)
    guest.start()
    assert hooked.mounts() == mounted
    guest.domain.destroy()


_FORGED = """<shares><share id="b5b5b5b5-0000-4000-8000-000000000001" share_id="{share}"
 share_name="secret" protocol="CEPHFS" export_location="10.99.0.66:6789:/evil" tag="secret"
 access_type="ip" access_to="0.0.0.0/0" access_level="rw" mount_point="/etc" host="{host}"
 requested_by="root" created_at="2026-01-01T00:00:00+00:00"/></shares>"""


def test_a_forged_mark_makes_no_host_grant_or_mount_anything(hooked: World) -> None:
    """Metadata as version 0.1.0 wrote it, and a filesystem to match."""
    secret = hooked.cloud.create_share("secret", "CEPHFS", backend="ceph")
    where = hooked.mount_point(secret.id)
    device = (
        "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
        f"<source dir='{where}'/><target dir='secret'/></filesystem>"
    )
    guest = hooked.guest("vm2", devices=device)
    guest.domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        _FORGED.format(share=secret.id, host="compute1"),
        "sharectl",
        "urn:sharectl:1",
        libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )
    before = hooked.snapshot()
    done = hooked.sharectl("adopt", "vm2")
    assert done.status == 6
    assert "its metadata alone is no proof" in done.stderr
    assert f"sharectl add vm2 {secret.id} --tag secret" in done.stderr
    assert hooked.snapshot() == before
    assert hooked.cloud.rules(secret.id) == []
    assert f"sharectl add vm2 {secret.id} --tag secret;" in why_refused(guest)


def test_a_full_disk_keeps_no_domain_from_starting(hooked: World) -> None:
    """Neither the hook's stamp nor anything else of it needs room."""
    (guest,) = hooked.guests
    kept = hooked.folder / "kept"
    shutil.copytree(hooked.state, kept)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "full", hooked.state], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "full", "/tmp"], check=True)
    try:
        shutil.copytree(kept, hooked.state, dirs_exist_ok=True)
        for folder in (hooked.state, Path("/tmp")):
            _fill(folder / "filler")
        guest.start()
        guest.wait_for("script ended")
        guest.domain.destroy()
        unmount(hooked)
        guest.start()
        assert len(hooked.mounts()) == 1
        guest.domain.destroy()
    finally:
        for folder in (Path("/tmp"), hooked.state):
            subprocess.run(["umount", folder], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
