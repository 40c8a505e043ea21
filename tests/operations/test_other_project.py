"""The credentials of another project: Manila says of its shares that they do not exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import ConfigError
from tests.operations.scenarios import World, attached, cephfs, nfs


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_share_that_other_credentials_do_not_see_is_not_taken_for_gone(
    make: Callable[[], World],
) -> None:
    world, before = attached(make)
    well = world.app.snapshot()
    own, world.app.shares.project = world.app.shares.project, "another"
    with pytest.raises(ConfigError, match="these credentials are of project another") as caught:
        world.remove()
    assert "--os-cloud" in (caught.value.hint or "")
    assert world.app.snapshot() == well
    world.app.shares.project = own
    world.remove()
    assert world.app.snapshot() == before
