"""The short list says of a domain what the long one and `show` say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.model.enums import Health
from sharectl.operations.forget import look
from sharectl.operations.list import list_mappings
from sharectl.operations.show import show_mapping
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs


@pytest.mark.parametrize("running", [False, True])
def test_path_that_leads_through_a_link(running: bool) -> None:
    world, _ = attached(nfs)
    app, share = world.app, world.share_id
    app.mounts.links["/srv/alias"] = "/run/sharectl/mnt"
    app.domains.edit(world.uuid, f'dir="{world.mount_point}"', f'dir="/srv/alias/{share}"')
    if running:
        app.domains.start(world.uuid)
    status = "active" if running else "inactive"
    for seen in (
        list_mappings(app, None),
        list_mappings(app, None, examine=True),
        show_mapping(app, "guest", share),
    ):
        assert [view.status for view in seen.views] == [status]
    assert f"filesystem {share} in domain guest" in look(app, "guest", share).left


def _retag(world: World) -> None:
    world.app.domains.edit(world.uuid, '<target dir="docs"/>', '<target dir="other"/>')


@pytest.mark.parametrize(
    "change", [_retag, lambda world: world.app.domains.make_transient(world.uuid)]
)
def test_what_to_do_is_what_reconcile_says(change: Callable[[World], None]) -> None:
    world, _ = attached(lambda: nfs().asking(tag="docs"))
    change(world)
    (view,) = list_mappings(world.app, None, examine=True).views
    (problem,) = run_reconcile(world.app).problems
    assert (view.health, view.advice) == (Health.NO_DEVICE, problem.hint)
    assert "sharectl reconcile" not in (problem.hint or "")


def test_domain_that_hangs_hides_no_other() -> None:
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    app = world.app
    app.domains.start(world.uuid)
    app.domains.hanging = {app.domains.find("neighbour").uuid}
    for examine in (False, True):
        views = list_mappings(app, None, examine=examine).views
        assert [view.status for view in views] == ["active", "unknown"]
