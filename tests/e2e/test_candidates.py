"""A CephFS share with two export locations on the real Manila and Ceph; the first is dead."""

from __future__ import annotations

import pytest

from sharectl.errors import ExitCode
from tests.e2e.world import World

pytestmark = pytest.mark.lab

_DEAD = "192.0.2.99:6789"  # the sandbox has no route to it


def test_next_location_is_mounted_and_kept(world: World) -> None:
    world.config = "[mount]\ntimeout = 40\n"
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    (location,) = world.cloud.export_locations(share.id)
    good, dead = location.path, f"{_DEAD}:/{location.path.partition(':/')[2]}"
    world.cloud.move_export(share.id, good, dead)
    world.cloud.database.add_export(share.id, dead, good)
    before = world.snapshot()

    refused = world.sharectl("add", "vm1", "docs", "--export-location", "nas:/other")
    assert refused.status == ExitCode.REFUSED
    assert (dead in refused.stderr, good in refused.stderr) == (True, True)
    assert world.snapshot() == before

    added = world.sharectl("add", "vm1", "docs", "-f", "json").ok()
    assert added.json["Export Location"] == good
    assert [item["export_location"] for item in world.mappings().values()] == [good]
    assert world.sharectl("reconcile").ok().stdout == ""
    other = world.sharectl("add", "vm1", "docs", "--export-location", dead)
    assert other.status == ExitCode.REFUSED
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before
