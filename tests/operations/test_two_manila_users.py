"""Another Manila user of the same project: he does not see whom our locked rules are for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Denied
from sharectl.model.enums import Health, Intent
from sharectl.model.mounts import mounted_at
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.show import show_mapping
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs

MAKES = pytest.mark.parametrize("make", [nfs, cephfs])


def _attached_by_another(make: Callable[[], World]) -> World:
    world, _before = attached(make)
    world.app.shares.log_in_as_another()
    return world


@MAKES
def test_show_knows_the_rule_by_its_id(make: Callable[[], World]) -> None:
    world = _attached_by_another(make)
    (view,) = show_mapping(world.app, "guest", world.share).views
    assert view.health is Health.OK


@MAKES
def test_add_for_another_domain_uses_the_rule(make: Callable[[], World]) -> None:
    world = _attached_by_another(make)
    world.asking(domain="neighbour").add()
    assert [item.intent for item in world.app.store.load()] == [Intent.ATTACHED] * 2
    assert len(world.app.shares.all_rules) == 1


@MAKES
def test_remove_records_the_rule_that_it_may_not_withdraw(make: Callable[[], World]) -> None:
    world, before = attached(make)
    world.app.shares.log_in_as_another()
    with pytest.raises(Denied, match="made by another Manila user") as denied:
        world.remove()
    assert "sharectl remove guest" in str(denied.value.hint)
    (left,) = world.app.store.load()
    assert left.intent is Intent.DETACHING
    assert "made by another Manila user" in str(left.last_error)

    world.app.shares.log_in_as_maker()
    world.remove()
    assert world.app.snapshot() == before


@MAKES
def test_forced_remove_names_what_it_leaves(make: Callable[[], World]) -> None:
    world = _attached_by_another(make)
    (error,) = world.remove(force=True).left
    assert "made by another Manila user" in error.message
    assert [item.intent for item in world.app.store.load()] == [Intent.DETACHING]


def test_rule_that_was_not_recorded_is_known_by_its_metadata() -> None:
    world = _attached_by_another(nfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(replace(mapping, rule_id=None, owns_rule=False))
    with pytest.raises(Denied, match="made by another Manila user"):
        world.remove()
    assert [item.intent for item in world.app.store.load()] == [Intent.DETACHING]


def test_mount_uses_the_kept_key_where_that_is_hidden() -> None:
    world = _attached_by_another(cephfs)
    umount(world.app.mounts, world.mount_point)
    assert run_reconcile(world.app).problems == ()
    assert mounted_at(world.app.mounts.list(), world.mount_point) is not None


def test_mount_needs_the_key_that_is_hidden() -> None:
    world = _attached_by_another(cephfs)
    umount(world.app.mounts, world.mount_point)
    world.app.secrets.delete(world.share_id)
    start = world.app.clock.monotonic()
    with pytest.raises(Denied, match="made by another Manila user"):
        world.asking(domain="neighbour").add()
    assert world.app.clock.monotonic() - start < 1, "no use in waiting for the key"
    assert [item.domain_name for item in world.app.store.load()] == ["guest"]


def test_adopt_does_without_the_hidden_key() -> None:
    world = _attached_by_another(cephfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    world.app.secrets.delete(mapping.share_id)

    assert adopt(world.app, AdoptRequest()).problems == ()

    (adopted,) = world.app.store.load()
    assert (adopted.rule_id, adopted.owns_rule) == (mapping.rule_id, True)
    assert any("made by another Manila user" in said for said in world.app.heard.warnings)
