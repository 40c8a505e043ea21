"""A CephFS client that the server has cut off is not healthy, whatever statfs(2) says."""

from __future__ import annotations

import pytest

from sharectl.adapters.host_mounts import HostMounts
from sharectl.config import Config
from sharectl.model.enums import Health
from tests.e2e.world import World

pytestmark = pytest.mark.lab

_CUT_OFF = (Health.STALE, Health.NO_ACCESS)


def _probe(world: World) -> Health:
    ((point, _source),) = world.mounts()
    mounts = HostMounts(Config(runtime_dir=world.runtime, state_dir=world.state))
    return mounts.probe([[point]], 20)[point]


@pytest.mark.parametrize("empty", [True, False])
def test_rule_withdrawn_by_hand_and_granted_again(world: World, empty: bool) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    if not empty:
        (world.mount_point(share.id) / "file").write_text("text\n")
    assert _probe(world) is Health.OK
    (rule,) = world.cloud.rules(share.id)
    world.cloud.deny(share.id, rule.id)
    assert _probe(world) in _CUT_OFF
    world.cloud.allow(share.id, rule.access_to, access_type="cephx")
    assert _probe(world) in _CUT_OFF
