"""The credentials of another project: Manila says of its shares that they do not exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import ConfigError
from sharectl.model.enums import Health
from sharectl.operations.listing import list_mappings
from tests.operations.reconciling import messages, run_reconcile
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


def test_reconcile_leaves_it_alone_and_says_why() -> None:
    world, _ = attached(nfs)
    well = world.app.snapshot()
    world.app.shares.project = "another"
    result = run_reconcile(world.app)
    assert result.changes == ()
    assert "share docs: it was attached as project" in messages(result)
    assert world.app.snapshot() == well
    (view,) = list_mappings(world.app, None, examine=True).views
    assert view.health is Health.UNKNOWN
