"""The credentials of another project: Manila says of its shares that they do not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import ConfigError
from sharectl.model.enums import Health
from sharectl.operations.list import list_mappings
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


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_rule_of_a_share_that_was_transferred_is_named(make: Callable[[], World]) -> None:
    """Manila says the same of a share that was deleted, and of one that another project has now."""
    world, _ = attached(make)
    app, share_id = world.app, world.share_id
    (mapping,), (rule,) = app.store.load(), app.shares.all_rules
    app.shares.project = "former"
    with app.store.transaction() as store:
        store.put(replace(mapping, project_id="former"))
    world.remove(share=share_id)
    assert app.store.load() == ()
    (warning,) = app.heard.warnings
    assert f"share {share_id} is not in project former any more" in warning
    assert f"openstack share access delete --unrestrict {share_id} {rule.id}" in warning
