"""A host that was installed again, with another machine ID: its old rules are another host's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharectl.adapters.system import LocalHost
from tests.e2e.starts import unmount
from tests.e2e.world import World

pytestmark = pytest.mark.lab

_MACHINE_ID = Path("/etc/machine-id")  # the sandbox's own


@pytest.fixture
def attached(world: World) -> Iterator[World]:
    """Domain vm1 has share docs; the machine ID comes back afterwards."""
    before = _MACHINE_ID.read_text()
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    yield world
    _MACHINE_ID.write_text(before)


def _install_again(world: World) -> str:
    """The host loses what it knew; its domains are there again. Returns the host ID that it had."""
    had = LocalHost().id
    unmount(world)
    shutil.rmtree(world.state)
    _MACHINE_ID.write_text("0123456789abcdef0123456789abcdef\n")
    assert LocalHost().id != had
    return had


def test_its_domains_are_adopted_and_its_old_rule_is_taken_away(attached: World) -> None:
    attached.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    (share,) = attached.cloud.shares()
    (old,) = attached.cloud.rules(share.id)
    had = _install_again(attached)

    told = attached.sharectl("adopt").ok().stdout
    assert told == f"vm1 docs: adopted from host {LocalHost().name}\n"
    assert attached.sharectl("list", "--long", "-f", "value", "-c", "Health").ok().stdout == "ok\n"
    assert {rule.id for rule in attached.cloud.rules(share.id)} > {old.id}
    hosts = attached.sharectl("shares", "--long", "-f", "value", "-c", "Hosts").ok().stdout
    assert f"(host ID {had})" in hosts
    assert f"(host ID {LocalHost().id})" in hosts

    assert (
        "withdrew access rule" in attached.sharectl("forget", "--from-host", had, "-y").ok().stdout
    )
    (new,) = attached.cloud.rules(share.id)
    assert new.id != old.id
    again = attached.sharectl("forget", "--from-host", had, "-y")
    assert again.status == 3
    assert attached.sharectl("reconcile").ok().stdout == ""
    attached.sharectl("remove", "vm1", "docs").ok()
    assert (attached.cloud.rules(share.id), attached.cloud.locks()) == ([], [])


def test_what_another_manila_user_made_is_told_with_whom_to_ask(attached: World) -> None:
    attached.sharectl("add", "vm1", "docs", cloud="mate").ok()
    (share,) = attached.cloud.shares()
    (old,) = attached.cloud.rules(share.id)
    had = _install_again(attached)

    refused = attached.sharectl("forget", "--from-host", had, "-y")
    assert refused.status == 6
    assert "was made by another Manila user" in refused.stderr
    command = f"openstack share access delete --unrestrict {share.id} {old.id}"
    assert f"or an admin of OpenStack, to run: {command}" in refused.stderr
    assert [rule.id for rule in attached.cloud.rules(share.id)] == [old.id]

    attached.sharectl("forget", "--from-host", had, "docs", "-y", cloud="mate").ok()
    assert (attached.cloud.rules(share.id), attached.cloud.locks()) == ([], [])
