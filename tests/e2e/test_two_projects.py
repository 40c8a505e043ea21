"""Shares of two projects on one host, and a share that its project throws away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.app import RealApp
from sharectl.config import Config
from sharectl.errors import ConfigError
from sharectl.ports.events import Events
from tests.e2e.world import World
from tests.lab.cloud.places import DEMO, OTHER

pytestmark = [
    pytest.mark.lab,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
]


def test_each_share_is_seen_with_credentials_of_its_project(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.guest("vm1")
    world.guest("vm2")
    docs = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    data = world.cloud.create_share("data", "CEPHFS", backend="ceph", account=OTHER)
    world.sharectl("add", "vm1", "docs").ok()
    world.sharectl("add", "vm2", "data", cloud="other").ok()

    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(world.cloud.clouds_yaml))
    records = {item.share_id: item for item in JsonStore(world.store).load()}
    assert {item.cloud for item in records.values()} == {"demo", "other"}
    for cloud in ("demo", "other", "mate", "admin"):
        app = RealApp(Config(manila_cloud=cloud), Events())
        for share in (docs, data):
            (rule,) = app.at(records[share.id]).shares.rules(share.id)
            assert rule.id == records[share.id].rule_id
    app = RealApp(Config(manila_cloud="demo"), Events())
    for item in (
        replace(records[data.id], cloud="gone"),
        replace(records[data.id], cloud=""),
        replace(records[data.id], cloud="demo"),
    ):
        with pytest.raises(ConfigError):
            _ = app.at(item).shares


def test_one_run_sees_to_the_shares_of_both_projects(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    docs = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    data = world.cloud.create_share("data", "CEPHFS", backend="ceph", account=OTHER)
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    world.sharectl("add", "vm2", "data", cloud="other").ok()
    attached = world.snapshot()
    listed = world.sharectl("list", "--long", "-f", "json").ok()
    assert ({item["Health"] for item in listed.json}, listed.stderr) == ({"ok"}, "")
    for share in (docs, data):
        world.unmount(str(world.mount_point(share.id)))
        (rule,) = world.cloud.rules(share.id)
        world.cloud.deny(share.id, rule.id)
    world.sharectl("reconcile").ok()
    assert world.snapshot().mounts == attached.mounts
    world.sharectl("remove", "vm2", data.id).ok()
    world.sharectl("remove", "vm1", "docs", cloud="other").ok()
    assert world.snapshot() == before


def test_an_attached_share_in_the_recycle_bin_is_named_and_kept(world: World) -> None:
    """It can get there where access rules are not locked, as on older servers."""
    older = "demo-2.80"
    world.guest("vm1")
    world.guest("vm2")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    empty = world.snapshot()
    world.sharectl("add", "vm1", "docs", cloud=older).ok()
    before = world.cloud.rules(share.id)
    demo = world.cloud.as_account(DEMO)
    demo.action(share.id, "soft_delete")
    restore = f"openstack share restore {share.id}"
    for verb in (("add", "vm2", share.id), ("add", "vm2", "docs"), ("remove", "vm1", "docs")):
        refused = world.sharectl(*verb, cloud=older)
        assert refused.status == 4, refused
        assert "is in the recycle bin and will be purged on 20" in refused.stderr
        assert restore in refused.stderr
    (listed,) = world.sharectl("list", "--long", "-f", "json", cloud=older).ok().json
    assert listed["Health"] != "ok"
    named = world.sharectl("reconcile", cloud=older)
    assert (named.status, restore in named.stderr) == (6, True), named
    assert world.cloud.rules(share.id) == before
    demo.action(share.id, "restore")
    world.sharectl("reconcile", cloud=older).ok()
    world.sharectl("add", "vm2", "docs", cloud=older).ok()
    world.sharectl("remove", "vm2", "docs", cloud=older).ok()
    assert world.snapshot() == empty


def test_a_share_in_the_recycle_bin_is_refused_before_anything_is_done(world: World) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    demo = world.cloud.as_account(DEMO)
    demo.action(share.id, "soft_delete")
    before = world.snapshot()
    for verb in (("add",), ("add", "--dry-run")):
        for ident in ("docs", share.id):
            refused = world.sharectl(*verb, "vm1", ident)
            assert (refused.status, refused.stdout) == (4, "")
            assert f"share {share.id} is in the recycle bin and will be purged on 20" in (
                refused.stderr
            )
            assert f"hint: take it out: openstack share restore {share.id}" in refused.stderr
    assert "docs" not in world.sharectl("shares").ok().stdout
    assert world.snapshot() == before
    demo.action(share.id, "restore")
    world.sharectl("add", "vm1", "docs").ok()


def test_a_share_that_is_offered_to_another_project_is_refused(world: World) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    demo = world.cloud.as_account(DEMO)
    transfer = demo.post("/share-transfers", {"transfer": {"share_id": share.id, "name": "t"}})
    before = world.snapshot()
    refused = world.sharectl("add", "vm1", "docs")
    assert refused.status == 4
    assert "is offered to another project (status awaiting_transfer)" in refused.stderr
    assert "hint: take the offer back: openstack share transfer list" in refused.stderr
    assert world.snapshot() == before
    demo.delete(f"/share-transfers/{transfer['transfer']['id']}")
    world.sharectl("add", "vm1", "docs").ok()
