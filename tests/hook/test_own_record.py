"""The hook gives a domain what its own record gives it, and nothing because of anybody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.hook import before_start as hook
from sharectl.model.enums import AccessLevel, Intent
from sharectl.model.mounts import HostMount
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from tests.hook.starting import Start, refused, starting
from tests.operations.scenarios import NFS_PATH, World, attached, nfs

_COPY = "c0c0c0c0-0000-4000-8000-000000000001"


def _refused(world: World, xml: str) -> str:
    before = world.app.snapshot()
    text = refused(world.app, xml)
    assert world.app.snapshot() == before
    return text


def _shared() -> tuple[World, str]:
    """Domains guest and neighbour have one share; and the XML of guest."""
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "docs"))
    world.app.restart()
    return world, world.app.domains.xml_of(world.uuid)


def test_a_second_filesystem_of_the_domains_own_share_keeps_no_start_back() -> None:
    """It gives the guest nothing that its record does not give it; `reconcile` names it."""
    world, xml = _shared()
    tag = f'<target dir="{world.share_id}"/>'
    device = xml[xml.index("<filesystem") : xml.index("</filesystem>") + len("</filesystem>")]
    second = device.replace(tag, '<target dir="second"/>')
    assert tag in device
    hook.prepare(world.app, xml.replace(device, device + second))


def test_a_copy_of_a_domain_is_refused_while_the_original_has_the_share() -> None:
    world, xml = _shared()
    hook.prepare(world.app, xml)
    text = _refused(world, xml.replace(world.uuid, _COPY).replace(">guest<", ">the copy<"))
    assert "share docs of domain the copy: the domain has a filesystem for" in text
    command = f"sharectl add {_COPY} {world.share_id} --tag {world.share_id};"
    assert command in text
    assert f"virsh edit {_COPY}" in text


@pytest.mark.parametrize("others", [True, False])
def test_what_was_removed_does_not_come_back_with_an_old_definition(others: bool) -> None:
    """As after a revert to a snapshot: filesystem and mark are there again."""
    world, xml = _shared()
    if not others:
        replace(world, request=AddRequest("neighbour", "docs")).remove()
    world.remove()
    text = _refused(world, xml)
    assert f"sharectl add guest {world.share_id} --tag {world.share_id};" in text
    assert "sharectl adopt" not in text


def test_the_level_of_another_domain_is_not_taken() -> None:
    """Attached read-only elsewhere, while another domain here has the share read-write."""
    world, xml = _shared()
    world.remove()
    read_only = xml.replace('access_level="rw"', 'access_level="ro"')
    assert read_only != xml
    assert f"--tag {world.share_id} --read-only;" in _refused(world, read_only)


def _elsewhere(level: AccessLevel = AccessLevel.RW) -> Start:
    """A host to which the domain comes: no record, and its mark names another host."""
    start = starting(lambda: nfs().asking(level=level))
    start.unmount()
    start.forget()
    start.app.host.id = "f" * 32  # two hosts may have one name
    return start


@pytest.mark.parametrize("mounted", [True, False])
def test_a_mark_alone_is_refused_and_adopt_is_named(mounted: bool) -> None:
    start = _elsewhere()
    if mounted:
        where = f"/run/sharectl/mnt/{start.app.shares.find('docs').id}"
        start.app.mounts.mounted.append(HostMount(where, "nfs4", NFS_PATH, frozenset({"rw"})))
    before = start.app.mounts.list()
    text = start.refused()
    assert (
        "record it: sharectl adopt guest; for a domain that migrates to this host, after:" in text
    )
    assert "virsh migrate --offline --persistent" in text
    assert start.app.mounts.list() == before
    assert start.app.store.load() == ()


def test_the_record_of_another_mapping_of_the_domain_is_not_enough() -> None:
    world, _ = attached(nfs)
    world.asking(share="other").add()
    xml = world.app.domains.xml_of(world.uuid)
    other = world.app.shares.find("other").id
    with world.app.store.transaction() as store:
        for mapping in store.mappings:
            if mapping.share_id == world.share_id:
                store.delete(mapping.id)
    text = _refused(world, xml)
    assert text.startswith(f"share {world.share_id} of domain guest: ")
    assert other not in text


def test_another_domain_that_detaches_does_not_matter() -> None:
    world, xml = _shared()
    with world.app.store.transaction() as store:
        for mapping in store.mappings:
            if mapping.domain_name == "neighbour":
                store.put(replace(mapping, intent=Intent.DETACHING))
    hook.prepare(world.app, xml)


def test_the_record_of_another_domain_does_not_help_one_that_is_detached() -> None:
    world, xml = _shared()
    with world.app.store.transaction() as store:
        for mapping in store.mappings:
            if mapping.domain_uuid == world.uuid:
                store.put(replace(mapping, intent=Intent.DETACHING))
    assert "it is being detached; finish that: sharectl remove guest" in _refused(world, xml)
