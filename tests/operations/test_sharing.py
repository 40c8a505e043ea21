"""Several domains on one share, several shares in one domain: what is shared stays until the last.

Each test takes the mappings away in every order; the world must then be as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from sharectl.model.enums import AccessType, SharedMemory
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.app import Snapshot
from tests.operations.scenarios import World, attached, cephfs, nfs, old_manila

_DOMAINS = ("guest", "neighbour", "third")
_ORDERS = list(permutations(_DOMAINS))


def _remove_all(app: FakeApp, before: Snapshot, mappings: tuple[tuple[str, str], ...]) -> None:
    """Remove one after the other; what is still attached stays usable, then nothing is left."""
    for number, (domain, share) in enumerate(mappings):
        remove(app, RemoveRequest(domain, share))
        for still, other in mappings[number + 1 :]:
            again = add(app, AddRequest(still, other))
            assert again.actions == (), f"{other} in {still} lost something with {share}"
    assert app.snapshot() == before


@pytest.mark.parametrize("order", _ORDERS, ids="-".join)
@pytest.mark.parametrize("make", [nfs, cephfs, old_manila])
def test_share_of_three_domains(make: Callable[[], World], order: tuple[str, ...]) -> None:
    world = make()
    app = world.app
    app.domains.define("third")
    before = app.snapshot()

    for domain in _DOMAINS:
        world.asking(domain=domain).add()
    after = app.snapshot()

    assert len(after.rules) == len(before.rules) + 1
    assert len(after.mounts) == len(before.mounts) + 1
    assert len(after.mappings) == 3
    _remove_all(app, before, tuple((domain, world.share) for domain in order))


@pytest.mark.parametrize("order", list(permutations(("docs", "other"))), ids="-".join)
def test_shared_memory_goes_with_the_last_share(order: tuple[str, ...]) -> None:
    app = nfs().app
    app.domains.define("plain", shared_memory=False)
    before = app.snapshot()

    add(app, AddRequest("plain", "docs", shared_memory=SharedMemory.MEMFD))
    add(app, AddRequest("plain", "other"))

    _remove_all(app, before, tuple(("plain", share) for share in order))


def _another_process(app: FakeApp) -> FakeApp:
    """The same world, as another sharectl at the same time sees it."""
    other = copy(app)
    other.restart()
    return other


@pytest.mark.parametrize("first", ["docs", "other"])
def test_shared_memory_goes_when_both_shares_go_at_once(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = nfs().app
    app.domains.define("plain", shared_memory=False)
    before = app.snapshot()
    add(app, AddRequest("plain", "docs", shared_memory=SharedMemory.MEMFD))
    add(app, AddRequest("plain", "other"))
    second, unmount = "other" if first == "docs" else "docs", app.mounts.unmount

    def overtaken(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(app.mounts, "unmount", unmount)
        remove(_another_process(app), RemoveRequest("plain", second))
        unmount(*arguments, **options)

    monkeypatch.setattr(app.mounts, "unmount", overtaken)
    remove(app, RemoveRequest("plain", first))
    assert app.snapshot() == before


@pytest.mark.parametrize("order", list(permutations(("guest", "neighbour"))), ids="-".join)
@pytest.mark.parametrize(
    ("make", "setting", "value", "kind"),
    [
        (nfs, "nfs_access_to", "198.51.100.8", AccessType.IP),
        (cephfs, "cephfs_access_to", "another-id", AccessType.CEPHX),
    ],
)
def test_access_configured_anew_between_two_domains(
    make: Callable[[], World], setting: str, value: str, kind: AccessType, order: tuple[str, ...]
) -> None:
    """One mount serves both, so the access that it was made with has to stay for both."""
    world = make()
    app, before = world.app, world.app.snapshot()
    world.asking(domain="guest").add()
    app.reconfigure(**{setting: value})
    world.asking(domain="neighbour").add()

    remove(app, RemoveRequest(order[0], world.share))

    client = app.store.load()[0].access_to
    assert app.shares.level_for(world.share_id, kind, client) == "rw"
    _remove_all(app, before, ((order[1], world.share),))


def test_runtime_folder_configured_anew_between_two_domains() -> None:
    """Each has the share where it was mounted for it, and takes that mount along."""
    world, before = attached(nfs)
    app = world.app
    app.reconfigure(runtime_dir=Path("/run/other"))
    world.asking(domain="neighbour").add()
    world.remove()
    assert len(app.shares.all_rules) == 1
    assert [it.mount_point for it in app.mounts.list() if "/sharectl/" in it.mount_point] == []
    remove(app, RemoveRequest("neighbour", world.share))
    assert app.snapshot() == before


def test_domain_that_uses_the_mount_without_a_record_keeps_it() -> None:
    world = nfs()
    world.add()
    mapping = world.app.store.load()[0]
    world.app.domains.attach_filesystem(
        world.app.domains.find("neighbour").uuid, mapping.filesystem
    )

    world.remove()

    assert mapping.mount_point in [item.mount_point for item in world.app.mounts.list()]
    assert world.app.shares.rules(world.share_id) != ()
    assert world.app.store.load() == ()
