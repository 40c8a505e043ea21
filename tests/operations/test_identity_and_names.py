"""Whose a rule is, which share a name means, and what is put back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Interrupted, NotFound, Refused
from sharectl.model.enums import AccessType, Health, Intent, RuleState
from sharectl.model.share import Access
from sharectl.operations.list import list_mappings
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import HOST_ADDRESS, World, attached, cephfs, nfs

_OTHER_HOST = {
    "managed-by": "sharectl",
    "sharectl-host": "hyper1.example.org",
    "sharectl-host-id": "f" * 32,
}


def _rule_of_another_host(world: World, to: str) -> str:
    access = Access(AccessType.IP, to, world.request.level)
    return world.app.shares.add_rule(world.share_id, access, metadata=_OTHER_HOST).id


def test_own_rule_is_made_beside_a_net_of_another_host() -> None:
    world = nfs()
    theirs = _rule_of_another_host(world, "198.51.100.0/24")
    world.add()
    (mapping,) = world.app.store.load()
    assert mapping.owns_rule
    assert mapping.rule_id not in (None, theirs)
    world.remove()
    world.app.shares.settle()
    assert [rule.id for rule in world.app.shares.all_rules] == [theirs]


def test_rule_of_another_host_for_the_same_client_is_a_refusal_that_names_it() -> None:
    """As behind one NAT address, although the host has this one's name."""
    world = nfs()
    theirs = _rule_of_another_host(world, HOST_ADDRESS)
    before = world.app.snapshot()
    with pytest.raises(Refused, match="belongs to the sharectl of host hyper1") as caught:
        world.add()
    assert f"sharectl forget --from-host {'f' * 32} {world.share_id}" in (caught.value.hint or "")
    assert world.app.snapshot() == before
    assert [rule.id for rule in world.app.shares.all_rules] == [theirs]


def test_add_waits_for_the_old_rule_of_its_client() -> None:
    world, _ = attached(nfs)
    world.app.shares.looks = 5
    assert world.remove(timeout=0.0).waiting
    (leaving,) = world.app.shares.all_rules
    world.asking(domain="neighbour").add()
    (rule,) = world.app.shares.all_rules
    assert rule.id != leaving.id
    assert run_reconcile(world.app).problems == ()


def _renamed() -> tuple[World, str, str]:
    """Share A was `docs` when it was attached; now another share has that name."""
    world, _ = attached(nfs)
    old = world.share_id
    world.app.shares.change(old, name="docs-old")
    new = world.app.shares.create("docs", "NFS", "192.0.2.1:/exports/new").id
    return world, old, new


def test_name_that_another_share_has_now_is_that_share() -> None:
    world, old, new = _renamed()
    with pytest.raises(NotFound, match="is not attached"):
        world.remove()
    world.add()
    assert {item.share_id for item in world.app.store.load()} == {old, new}
    world.remove()
    assert {item.share_id for item in world.app.store.load()} == {old}
    world.remove(share="docs-old")
    assert world.app.store.load() == ()


def test_name_that_no_share_has_any_more_leads_to_the_one_that_had_it() -> None:
    world, _ = attached(nfs)
    old = world.share_id
    world.app.shares.change(old, name="docs-old")
    with pytest.raises(NotFound, match="it is docs-old now") as caught:
        world.remove()
    assert old in (caught.value.hint or "")
    world.app.shares.delete(old)
    world.remove()
    assert world.app.store.load() == ()


def test_reconcile_records_the_names_of_now() -> None:
    world, _, _ = _renamed()
    run_reconcile(world.app)
    assert [item.share_name for item in world.app.store.load()] == ["docs-old"]


def test_interrupt_before_the_first_step_of_remove_leaves_the_share_attached() -> None:
    world, _ = attached(nfs)
    before = world.app.snapshot()
    fault = Fault(0, When.AFTER, Kind.SIGNAL)  # right after `detaching` was written
    with pytest.raises(Interrupted):
        remove(FaultyApp(Injector(world.app, fault)), RemoveRequest("guest", "docs"))
    (mapping,) = world.app.store.load()
    assert (mapping.intent, mapping.last_error) == (Intent.ATTACHED, None)
    world.app.restart()
    assert run_reconcile(world.app).changes == ()
    assert replace(world.app.snapshot(), mappings=()) == replace(before, mappings=())


@pytest.mark.parametrize("look", range(3))
def test_interrupt_before_the_first_effect_of_remove_takes_it_back(
    look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while a rule becomes active, which is not what the remove has done."""
    world = nfs()
    with pytest.raises(Killed):  # with only the rule made, which is the first to go
        world.add(FaultyApp(Injector(world.app, Fault(2, When.AFTER, Kind.KILL))))
    world.app.restart()
    (rule,) = world.app.shares.all_rules
    rule.coming = [RuleState.APPLYING, RuleState.APPLYING, RuleState.ACTIVE]
    looks = iter(range(9))
    notes = world.app.mounts.notes

    def interrupted() -> object:
        if next(looks) == look:
            world.app.interrupts.arrive()
        return notes()

    monkeypatch.setattr(world.app.mounts, "notes", interrupted)
    with pytest.raises(Interrupted):
        remove(world.app, RemoveRequest("guest", "docs"))
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.ATTACHING


def test_volume_of_a_share_is_followed_like_its_export_location() -> None:
    world, _ = attached(cephfs)
    world.app.shares.change(world.share_id, metadata={"__mount_options": "fs=other"})
    changes = run_reconcile(world.app).changes
    assert any("follow the export location" in line for line in changes)
    (mapping,) = world.app.store.load()
    assert mapping.filesystem_name == "other"
    assert run_reconcile(world.app).changes == ()


def test_settings_made_by_hand_are_put_back_with_the_filesystem() -> None:
    world, _ = attached(nfs)
    app, uuid = world.app, world.uuid
    plain, queued = '<driver type="virtiofs"/>', '<driver type="virtiofs" queue="1024"/>'
    app.domains.edit(uuid, plain, queued)
    assert run_reconcile(app).problems == ()
    (mapping,) = app.store.load()
    app.domains.detach_filesystem(uuid, mapping.filesystem)
    assert "queue" not in app.domains.xml_of(uuid)
    assert any("add filesystem" in line for line in run_reconcile(app).changes)
    assert 'queue="1024"' in app.domains.xml_of(uuid)
    assert run_reconcile(app).changes == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<target dir="docs"/>', '<target dir="other"/>', "under tag other, and the record says"),
        ('type="virtiofs"', 'type="path"', ""),
    ],
)
def test_edited_filesystem_is_told_or_put_back_and_never_doubled(
    old: str, new: str, said: str
) -> None:
    world, _ = attached(lambda: nfs().asking(tag="docs"))
    world.app.domains.edit(world.uuid, old, new)
    result = run_reconcile(world.app)
    assert said in messages(result)
    assert bool(result.problems) is bool(said)
    assert len(world.app.domains.find("guest").filesystems) == 1
    assert run_reconcile(world.app).changes == ()


def test_folder_of_the_share_under_another_tag_is_told_and_no_second_filesystem_is_made() -> None:
    world, _ = attached(lambda: nfs().asking(tag="docs"))
    app, uuid, folder = world.app, world.uuid, world.mount_point
    app.domains.edit(uuid, '<target dir="docs"/>', '<target dir="other"/>')
    app.domains.edit(uuid, f'dir="{folder}"', f'dir="{folder}/projects"')
    edited = app.domains.xml_of(uuid)
    assert "under tag other, and the record says docs" in messages(run_reconcile(app))
    assert app.domains.xml_of(uuid) == edited


_TWIN = (
    '<filesystem type="mount" accessmode="passthrough"><driver type="virtiofs"/>'
    '<source dir="/srv"/><target dir="docs"/></filesystem></devices>'
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<target dir="docs"/>', '<target dir="docs"/><readonly/>', "docs read-only, and the rec"),
        ("</devices>", _TWIN, "another filesystem with the tag docs of share docs: /srv"),
    ],
)
def test_filesystem_that_the_guest_cannot_work_with_is_told(old: str, new: str, said: str) -> None:
    world, before = attached(lambda: nfs().asking(tag="docs"))
    attached_as = world.app.snapshot()
    world.app.domains.edit(world.uuid, old, new)
    result = run_reconcile(world.app)
    assert said in messages(result)
    assert "virsh edit" in (result.problems[0].hint or "")
    (view,) = list_mappings(world.app, None, examine=True).views
    assert (view.health, view.advice) == (Health.NO_DEVICE, result.problems[0].hint)
    world.app.domains.edit(world.uuid, new, old)
    assert run_reconcile(world.app).problems == ()
    assert world.app.snapshot() == attached_as != before


def test_filesystem_that_was_unplugged_from_a_running_guest_is_told() -> None:
    world, _ = attached(nfs)
    world.app.domains.start(world.uuid)
    world.app.domains.unplug(world.uuid, world.share_id)
    result = run_reconcile(world.app)
    assert "the running guest does not have its filesystem" in messages(result)
    again = "virsh shutdown guest, wait until it is off, then: virsh start guest"
    assert result.problems[0].hint == again
