"""remove --force: what cannot be done is said, stays recorded, and is done later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import ConfigError, Denied, MountFailed, Refused, SharectlError, Unavailable
from sharectl.model.enums import Intent
from tests.operations.scenarios import HOST_ADDRESS, World, attached, cephfs, nfs


@pytest.mark.parametrize("make", [nfs, cephfs])
@pytest.mark.parametrize("error", [Unavailable, Denied, ConfigError])
def test_force_without_manila_says_what_is_left_and_is_finished_later(
    make: Callable[[], World], error: type[SharectlError], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, before = attached(make)
    share_id = world.share_id

    def fail(*arguments: object) -> None:
        raise error("Manila is out of reach")

    with monkeypatch.context() as patch:
        for call in ("rules", "revoke", "find", "project_id"):
            patch.setattr(world.app.shares, call, fail)
        with pytest.raises(error, match="which share is named") as caught:
            world.remove(force=True)
        assert f"sharectl remove --force guest {share_id}" in str(caught.value.hint)
        with pytest.raises(error):
            world.remove(share=share_id)
        assert len(world.app.mounts.list()) == len(before.mounts) + 1
        result = world.remove(force=True, share=share_id)

    (left,) = result.left
    (rule,) = world.app.shares.all_rules
    assert (
        left.message
        == f"access rule for {rule.access.type} {rule.access.to}: Manila is out of reach"
    )
    now = world.app.snapshot()
    assert (now.domains, now.mounts) == (before.domains, before.mounts)
    assert [m.intent for m in now.mappings] == [Intent.DETACHING]
    assert len(now.rules) == len(before.rules) + 1

    world.remove()
    assert world.app.snapshot() == before


@pytest.mark.parametrize("trouble", ["dead", "busy"])
def test_force_takes_the_mount_of_a_dead_server_away(trouble: str) -> None:
    world, before = attached(nfs)
    setattr(world.app.mounts, trouble, {"192.0.2.1", world.mount_point})
    with pytest.raises(MountFailed):
        world.remove()
    assert world.remove(force=True).left == ()
    assert world.app.snapshot() == before


def test_force_goes_on_after_a_step_that_fails() -> None:
    world, before = attached(nfs)
    world.app.shares.not_denied = {HOST_ADDRESS}
    result = world.remove(force=True)
    assert ["could not withdraw" in error.message for error in result.left] == [True]
    now = world.app.snapshot()
    assert (now.domains, now.mounts) == (before.domains, before.mounts)
    assert "could not withdraw" in (now.mappings[0].last_error or "")


def test_force_does_not_detach_from_a_running_domain() -> None:
    world, _ = attached(nfs)
    world.app.domains.start(world.uuid)
    with pytest.raises(Refused, match="is running"):
        world.remove(force=True)
