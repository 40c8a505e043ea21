"""Two Manila users of one project on one host: nothing of the one is lost by the other."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.lab

_MADE_BY_ANOTHER = "was made by another Manila user"


def test_the_other_user_sees_adds_and_removes(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    alone = world.snapshot()

    shown = world.sharectl("show", "vm1", "docs", "-f", "json", cloud="mate").ok()
    assert (shown.json["Health"], shown.stderr) == ("ok", "")
    assert "******" not in shown.stdout
    world.sharectl("add", "vm2", "docs", cloud="mate").ok()
    world.sharectl("remove", "vm2", "docs", cloud="mate").ok()
    assert world.snapshot() == alone

    for _again in range(2):
        refused = world.sharectl("remove", "vm1", "docs", cloud="mate")
        assert refused.status == 77
        assert _MADE_BY_ANOTHER in refused.stderr
        assert "sharectl: hint: use the credentials that made the rule" in refused.stderr
        assert f"sharectl remove vm1 {share.id}" in refused.stderr
    left = world.snapshot()
    assert (left.mounts, left.domains) == ((), before.domains)
    assert list(left.mappings.values()) == [(share.id, "detaching")]
    (rule,) = world.cloud.rules(share.id)
    last_error = world.sharectl("show", "vm1", "docs", "-f", "json").ok().json["Last Error"]
    assert rule.id in last_error
    assert _MADE_BY_ANOTHER in last_error

    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_the_other_user_mounts_with_the_key_on_the_host_and_not_without(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    subprocess.run(["umount", world.mount_point(share.id)], check=True)
    world.sharectl("reconcile", cloud="mate").ok()
    subprocess.run(["umount", world.mount_point(share.id)], check=True)
    (world.state / f"secrets/{share.id}.key").unlink()
    before = world.snapshot()

    start = time.monotonic()
    refused = world.sharectl("add", "vm2", "docs", "--timeout", "50", cloud="mate")
    assert time.monotonic() - start < 40, "there is nothing to wait for"

    assert refused.status == 77
    assert "Manila hides its cephx key" in refused.stderr
    assert world.snapshot() == before
