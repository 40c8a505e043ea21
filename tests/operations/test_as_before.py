"""What `add` and `remove` leave in a domain: all as before, or a word why not."""

from __future__ import annotations

from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from tests.operations.scenarios import attached, nfs, private_memory

_NIC = '<interface type="vhostuser"/>\n  </devices>'


def test_vhost_user_device_from_before_does_not_keep_the_shared_memory() -> None:
    world = private_memory()
    world.app.domains.edit(world.uuid, "</devices>", _NIC)
    before = world.app.domains.xml_of(world.uuid)
    world.add()
    world.remove()
    assert world.app.domains.xml_of(world.uuid) == before
    assert world.app.heard.warnings == []


def test_memory_that_stays_shared_is_told() -> None:
    world, _ = attached(private_memory)
    world.app.domains.edit(world.uuid, "</devices>", _NIC)
    world.remove()
    assert '<access mode="shared"/>' in world.app.domains.xml_of(world.uuid)
    assert world.app.heard.warnings == [
        "domain plain keeps the shared memory that sharectl gave it: a vhost-user device needs it"
    ]


def test_share_is_attached_beside_a_domain_that_is_named_like_its_uuid() -> None:
    """Once it was found by its name, it goes by its UUID alone."""
    world = nfs()
    world.app.domains.define(world.uuid)
    add(world.app, AddRequest("guest", "docs"))
    (mapping,) = world.app.store.load()
    assert mapping.domain_name == "guest"
