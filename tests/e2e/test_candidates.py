"""A CephFS share with two export locations on the real Manila and Ceph; the first is dead."""

from __future__ import annotations

import pytest

from sharectl.errors import ExitCode
from tests.e2e.starts import unmount, why_refused
from tests.e2e.world import World

pytestmark = pytest.mark.lab

_AWAY = "192.0.2.99:6789"  # the sandbox has no route to it
_CLOSED = "127.0.0.1:1"  # it refuses connections, until ceph-fuse has no more time
_WRONG_KEY = "AQB5r2NnAAAAABAAq0v3v6JqkX2mDQ2nqg7+4Q=="


@pytest.mark.parametrize(("monitor", "seconds"), [(_AWAY, 40), (_CLOSED, 12)])
def test_next_location_is_mounted_and_kept(world: World, monitor: str, seconds: int) -> None:
    world.config = f"[mount]\ntimeout = {seconds}\n"
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    (location,) = world.cloud.export_locations(share.id)
    good, dead = location.path, f"{monitor}:/{location.path.partition(':/')[2]}"
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


def test_a_key_that_is_refused_is_no_monitor_that_is_away(hooked: World) -> None:
    """Both end with the same words of ceph-fuse; another location would refuse it as well."""
    (guest,) = hooked.guests
    unmount(hooked)
    (secret,) = (hooked.state / "secrets").glob("*")
    secret.write_text(_WRONG_KEY)
    text = why_refused(guest)
    assert ": its monitors refuse sharectl-" in text
    assert text.endswith("fetch the key that is valid now: sharectl reconcile")
